package bos

// Parts are what a read of a session can leave out, because nobody looks at it. Left out,
// their fields of [Session] and [Status] are empty or 0.
//
// A session has its key, incarnation, state, and whether and why it is history in any read; a status the
// number of managed components, BOS's own numbers, and whether it is frozen.
type Parts uint8

// The parts. Counters that are shown together are one.
const (
	PartRecord   Parts = 1 << iota // the rest of the record: operation, template, flags, source, version, start and end; and the timing
	PartRevision                   // the revision of the status
	PartStaged
	PartSuccessful
	PartFailed
	PartPhases // the counters of the phases
	PartActive // active ones, and those that count twice

	AllParts Parts = 1<<iota - 1
)
