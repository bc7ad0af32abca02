package bos

// Parts are what a read of a session can leave out, because nobody looks at it. Left out,
// their fields of [Session] and [Status] are empty or 0.
//
// A session has its key, incarnation, state, and whether and why it is history in any read; a status the
// counters, BOS's own numbers, and whether it is frozen.
type Parts uint8

// The parts.
const (
	PartRecord   Parts = 1 << iota // the rest of the record: operation, template, flags, source, version, start and end; and the timing
	PartRevision                   // the revision of the status

	AllParts Parts = 1<<iota - 1
)
