package bos

// Notice says that what is in a scope has changed. It carries no state. It is here because the store notifies the hub, and neither
// imports the other.
type Notice struct {
	Scope    SessionKey
	Revision int64 // that the scope is at
	Record   bool  // its session was created, changed or removed, and not only what it counts
}

// ChangesRead asks for what has changed in a session's components after a revision. It and
// [Changes] are here because the hub asks the store for them, and neither imports the other.
type ChangesRead struct {
	SessionKey
	After              int64
	Incarnation, Epoch string // that After belongs to; empty on the first read
}

// Changes are what has changed in a session's components.
type Changes struct {
	Incarnation, Epoch string
	Source             Source
	Revision           int64 // where the session is now
	State              State
	Unfinished         bool     // it was deleted before it was complete
	Changed, Removed   []string // ids, ascending; an id is where the last thing that happened to it puts it
	Missed             bool     // some changes may be missed, and none are listed: read the components again
}
