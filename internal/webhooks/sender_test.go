package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// fakeStore has sessions that run, and remembers what is noted.
type fakeStore struct {
	Store
	running []*bos.Session
	noted   []string
	notes   map[string]string
}

func (f *fakeStore) Targets(context.Context) (map[string]string, error) {
	return maps.Clone(f.notes), nil
}

func (f *fakeStore) NoteTarget(_ context.Context, target, note string) error {
	f.notes[target] = note
	return nil
}

func (f *fakeStore) ForgetTarget(_ context.Context, target string) error {
	delete(f.notes, target)
	return nil
}

func (f *fakeStore) ListSessions(context.Context, bos.SessionFilter, bos.Page, bos.Want, bool) (*bos.List[*bos.Session], error) {
	return &bos.List[*bos.Session]{Items: f.running, Positions: make([]string, len(f.running))}, nil
}

func (f *fakeStore) ReadSessions(_ context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	for i, r := range reads {
		for _, s := range f.running {
			if s.Incarnation == r.Incarnation {
				found[i] = s
			}
		}
	}
	return found, nil
}

func (f *fakeStore) NoteStalled(_ context.Context, s *bos.Session, reason string, once bool) error {
	f.noted = append(f.noted, fmt.Sprintf("%s %v: %s", s.Name, once, reason))
	return nil
}

func (f *fakeStore) NoteSync(_ context.Context, reason string) error {
	f.noted = append(f.noted, reason)
	return nil
}

func TestATargetIsForgottenADayAfterItWasConfiguredLast(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	c, err := Read(written(t, target("")))
	if err != nil {
		t.Fatal(err)
	}
	disabled := fmt.Sprintf(`{"config": %q, "seen": "2026-11-20T09:00:00Z", "disabled": "2026-11-20T08:00:00Z"}`, c.Targets[0].digest)
	store := &fakeStore{notes: map[string]string{"ops": disabled, "lately": `{"seen": "2026-11-21T10:00:00Z"}`, "before": `{"seen": "2026-11-21T08:00:00Z"}`}}
	s := &Sender{o: Options{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}}
	couriers, err := s.couriers(t.Context(), c, store)
	if err != nil || len(couriers) != 1 || !couriers[0].disabled.Load() {
		t.Errorf("one that was disabled, with the same configuration: %+v, %v", couriers, err)
	}
	if store.notes["before"] != "" || store.notes["lately"] == "" || !strings.Contains(store.notes["ops"], "2026-11-22T09") {
		t.Errorf("what is known of targets then: %q", store.notes)
	}
	if !strings.Contains(store.notes["lately"], `"removed":"2026-11-22T09`) || strings.Contains(store.notes["ops"], "removed") {
		t.Errorf("what is noted of targets that are not configured, and that are: %q", store.notes)
	}
	now = now.Add(time.Minute)
	store.notes["ops"] = store.notes["lately"]
	c.Targets[0].digest = "another"
	if couriers, err = s.couriers(t.Context(), c, store); err != nil || couriers[0].disabled.Load() {
		t.Errorf("one that was disabled, with another configuration: %+v, %v", couriers, err)
	}
	if !strings.Contains(store.notes["lately"], `"removed":"2026-11-22T09:00`) || strings.Contains(store.notes["ops"], "removed") {
		t.Errorf("a minute later, when one is configured again: %q", store.notes)
	}
}
