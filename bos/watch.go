package bos

import "context"

// Watch follows something that changes, for one who takes its time: what comes in
// between two calls of Next is merged.
type Watch[T any] interface {
	// Next waits for what is newer than the last. Its error ends the watch.
	Next(ctx context.Context) (Sight[T], error)
	// Fresh asks for a sight from a read that begins from now on, and returns the
	// number of that read; 0 if this watch shows only what comes.
	Fresh() (read uint64)
	Close()
}

// Sight is what a watch shows.
type Sight[T any] struct {
	Value T
	Standing
}

// Standing is how a sight stands to those before.
type Standing struct {
	Read     uint64 // the number of the read that it is from
	Revision int64
	Epoch    string
	Stale    bool
	Whole    bool   // it stands alone; otherwise it is a change, of no use without those before
	Again    bool   // whole, and nothing has changed since the sight before
	Key      string // of a change: it replaces those before of the same key; empty for none
	Last     bool   // nothing comes after it
	Empty    bool   // there is no value, it only says that it is the last
}

// SessionsUpdate is a session of a list that has appeared or changed; without the
// session, one that has gone.
type SessionsUpdate struct {
	Session   *Session
	DeletedID *string
}

// ComponentsUpdate is what has happened to a session's components.
type ComponentsUpdate struct {
	Revision   int64
	Components []*Component
	Removed    []string
	Resync     bool // some changes were missed
}
