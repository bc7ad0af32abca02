package bos

// BatchResult tells what became of the components of one call.
type BatchResult struct {
	Applied int
	Refused []Refusal // ascending by Index
}

// Refusal is one item of a batch that was not applied, and why.
type Refusal struct {
	Index int
	Err   *Error
}
