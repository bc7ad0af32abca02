package cache

import (
	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// checkEvents wants each event once, however often its write was sent, and the end of every session
// that is frozen among them, unless BOS had completed it long before.
func (x *machine) checkEvents(rt *rapid.T) {
	messages, err := x.store.xrange(x.ctx, x.store.db.Keys.Outbox(), "-", schema.OutboxLength)
	if err != nil {
		rt.Fatal(err)
	}
	ids := map[string]bool{}
	for _, m := range messages {
		event, err := entryOf(m).event()
		if err != nil {
			rt.Fatal(err)
		}
		if ids[event.ID] {
			rt.Fatalf("the event %s was noted twice", event.ID)
		}
		ids[event.ID] = true
		if event.Kind == bos.EventCompleted && !event.Session.Status.FromSnapshot {
			rt.Fatalf("the end %s is not as it was frozen: %+v", event.ID, event.Session.Status)
		}
	}
	for _, s := range x.model.sessions {
		if started, ended := ids[s.Incarnation+".started"], ids[s.Incarnation+".completed"]; s.frozen != nil && !ended && (started || s.Source == bos.SourceProducer) ||
			s.frozen == nil && ended {
			rt.Fatalf("session %s, frozen %v, has noted a start %v and an end %v", s.SessionKey, s.frozen != nil, started, ended)
		}
	}
}
