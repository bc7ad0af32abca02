package bos

// MaxChanged is how many ids a read of changes brings at most: whoever has missed
// more is better off reading the components again.
const MaxChanged = 1000

// ChangesRead asks for what has changed in a session's components after a revision.
type ChangesRead struct {
	SessionKey
	After              int64
	Incarnation, Epoch string // that After belongs to; empty on the first read
}

// Changes are what has changed in a session's components.
type Changes struct {
	Incarnation, Epoch string
	Revision           int64 // where the session is now
	State              State
	Changed, Removed   []string // ids, ascending; an id is where the last thing that happened to it puts it
	Missed             bool     // some changes may be missed, and none are told: read the components again
}
