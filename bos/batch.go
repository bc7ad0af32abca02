package bos

// BatchResult says what became of the components of one call. It is here because the store
// makes it for the resolvers and the BOS sync, which must not import the store.
type BatchResult struct {
	Applied int
	Refused []Refusal // ascending by Index
}

// Refusal is one item of a batch that was not applied, and why.
type Refusal struct {
	Index int
	Err   *Error
}
