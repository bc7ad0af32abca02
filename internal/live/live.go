// Package live has what the hub and its readers agree on: the hub shows updates, the
// resolvers follow them, and the fan-out decides by their metadata which of them a
// subscriber still needs. It is a package of its own because the hub must not import the
// resolvers, nor they the hub.
package live

import "github.com/bosgraph/bosgraph/bos"

// Watch follows something that changes, for one who takes its time: what comes in
// between two calls of Next is merged.
type Watch[T any] interface {
	// Next returns what is newer than the last; ok is false if there is nothing yet. Its error ends
	// the watch.
	Next() (update Update[T], ok bool, err error)
	// Wake says what to call each time that Next has something again, and calls it at once if it
	// has. wake must neither wait nor call the watch. A goroutine that waits for each watch would
	// be most of its memory.
	Wake(wake func())
	// Fresh asks for an update from a read that begins from now on, and returns the
	// number of that read; 0 if this watch shows only what comes.
	Fresh() (read uint64)
	// Ended says whether Next has, or will have, an error. One who asks for something fresh afterwards does not get it.
	Ended() bool
	Close()
}

// Update is what a watch shows.
type Update[T any] struct {
	Value T
	Metadata
}

// Metadata says how an update relates to those before.
type Metadata struct {
	Read     uint64 // the number of the read that it is from
	Revision int64
	Epoch    string
	Stale    bool
	Whole    bool   // it stands alone; otherwise it is a change, of no use without those before
	Again    bool   // whole, and nothing has changed since the update before
	Key      string // of a change: it replaces those before of the same key; empty for none
	Last     bool   // nothing comes after it
	Empty    bool   // there is no value, it only says that it is the last
}

// SessionsUpdate is a session of a list that has appeared or changed; without the
// session, one that was removed.
type SessionsUpdate struct {
	Session   *bos.Session
	DeletedID *string
}

// ComponentsUpdate is what has happened to a session's components.
type ComponentsUpdate struct {
	Revision   int64
	Components []*bos.Component
	Removed    []string
	Resync     bool // some changes were missed
}
