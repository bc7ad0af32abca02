package bos

import "time"

// EventKind says what an event reports.
type EventKind string

// The kinds of events.
const (
	EventStarted       EventKind = "session.started"
	EventCompleted     EventKind = "session.completed" // and frozen, or deleted at its source before that
	EventFirstFailure  EventKind = "session.first_failure"
	EventFailuresAbove EventKind = "session.failures_above"
	EventStalled       EventKind = "session.stalled"
	EventSyncLost      EventKind = "sync.lost"
	EventSyncRestored  EventKind = "sync.restored"
)

// EventKinds are all of them.
var EventKinds = []EventKind{
	EventStarted, EventFirstFailure, EventFailuresAbove, EventStalled, EventCompleted, EventSyncLost, EventSyncRestored,
}

// Event is something that webhooks report. It is here because the store keeps events and the
// sender sends them, and neither imports the other.
type Event struct {
	ID      string // the same however often, and by whom, it is sent
	Kind    EventKind
	Time    time.Time
	Session *Session // as it was then, with its status and without errors; nil for what is not about a session
	Above   int      // of EventFailuresAbove: the percentage that was exceeded
	Reason  string   // of EventStalled and EventSyncLost
}

// About is what an event is about, for the order of deliveries: the session's key, empty for the sync.
func (e *Event) About() string {
	if e.Session == nil {
		return ""
	}
	return e.Session.SessionKey.String()
}

// Delivery is an event on its way to one target, or one that was given up.
type Delivery struct {
	Position string // in the queue of the target, or among what was given up; later ones are greater
	Event    Event
	Attempts int       // that have failed
	Next     time.Time // no attempt before that
	Reason   string    // of the last failure
}
