package webhooks

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// quiet is a store in which nothing happens: one delivery waits, and events were dropped long ago.
type quiet struct {
	fakeStore
	mu    sync.Mutex
	reads int // of a queue from its beginning
}

func (q *quiet) NoteTarget(ctx context.Context, target, note string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.fakeStore.NoteTarget(ctx, target, note)
}

func (q *quiet) Targets(ctx context.Context) (map[string]string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.fakeStore.Targets(ctx)
}

func (q *quiet) ForgetTarget(ctx context.Context, target string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.fakeStore.ForgetTarget(ctx, target)
}

func (q *quiet) Queued(_ context.Context, _, after string, _ int) ([]bos.Delivery, error) {
	if after != "" {
		return nil, nil
	}
	q.reads++
	now := time.Now()
	return []bos.Delivery{{Position: fmt.Sprintf("%d-0", now.UnixMilli()), Attempts: 1, Next: now.Add(100 * time.Hour)}}, nil
}

func (q *quiet) Distribute(context.Context, int, func(*bos.Event) []string) (int, error) {
	return 0, nil
}
func (q *quiet) Unnoted(context.Context) (int64, error) { return 5, nil }

func (q *quiet) QueueLengths(context.Context, []string) (outbox int, queued, dead []int, err error) {
	return 0, []int{1}, []int{0}, nil
}

// TestNothingBeginsAgainWithTheHours sends for two days: requests under way and what is known of a target stay, targets are noted
// and forgotten all the same, and what was dropped once is reported once.
func TestNothingBeginsAgainWithTheHours(t *testing.T) {
	config := written(t, target(`, "giveUpAfter": "150h"`))
	synctest.Test(t, func(t *testing.T) {
		c, err := Read(config)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		s := &Sender{o: Options{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}}
		s.config.Store(c)
		left := fmt.Sprintf(`{"seen": %q}`, time.Now().Format(time.RFC3339))
		store := &quiet{fakeStore: fakeStore{notes: map[string]string{"left": left}}}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.work(ctx, store); close(done) }()
		time.Sleep(48*time.Hour + time.Minute)
		synctest.Wait()
		store.mu.Lock()
		var ops State
		if err := json.Unmarshal([]byte(store.notes["ops"]), &ops); err != nil || time.Since(ops.Seen) > seenEvery {
			t.Errorf("the target was last seen %v ago (%v)", time.Since(ops.Seen), err)
		}
		if store.notes["left"] != "" {
			t.Errorf("a target that was removed two days ago is %s", store.notes["left"])
		}
		store.mu.Unlock()
		stop()
		<-done
		if store.reads != 1 {
			t.Errorf("its queue was read from the beginning %d times", store.reads)
		}
		if n := strings.Count(log.String(), "webhook events dropped"); n != 1 {
			t.Errorf("what was dropped once is reported %d times", n)
		}
	})
}

// failing is a store that can't give sessions for a while.
type failing struct {
	fakeStore
	left int // how many reads fail
}

func (f *failing) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	if f.left == 0 {
		return f.fakeStore.ReadSessions(ctx, reads)
	}
	f.left--
	return nil, bos.Errorf(bos.Unavailable, "Redis cannot be reached")
}

// TestATargetIsNotToBlameForRedis makes a body while Redis does not answer: the delivery waits for Redis, and then is sent.
func TestATargetIsNotToBlameForRedis(t *testing.T) {
	config := written(t, target(""))
	synctest.Test(t, func(t *testing.T) {
		c, err := Read(config)
		if err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		store := &failing{left: 3}
		s := &Sender{o: Options{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}}
		one := &courier{s: s, config: c, target: c.Targets[0], store: store}
		d := &delivery{Delivery: bos.Delivery{Event: *example(bos.EventCompleted)}}
		if r := one.attempt(t.Context(), d); store.left != 0 || !strings.Contains(r.reason, "refused") {
			t.Errorf("with %d failures of Redis left the target is said to fail: %s", store.left, r.reason)
		}
		if n := strings.Count(log.String(), "sending webhooks is interrupted"); n != 1 {
			t.Errorf("it is reported %d times: %s", n, &log)
		}
	})
}

// TestAFileThatAConfigurationNamesIsTakenUpWhenItIsThere names a secret before there is one.
func TestAFileThatAConfigurationNamesIsTakenUpWhenItIsThere(t *testing.T) {
	config := written(t, target(""))
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(filepath.Dir(config), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s, err := New(Options{File: config, Note: func(bool, []int) {}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.reread(ctx, make(chan struct{}, 1)); close(done) }()
		time.Sleep(3 * beat)
		write("webhooks.json", strings.Replace(target(""), `"secret"`, `"new"`, 1))
		time.Sleep(3 * beat)
		write("new", secret)
		time.Sleep(3 * beat)
		stop()
		<-done
		unusable, again := strings.Index(log.String(), "unusable"), strings.Index(log.String(), "configuration read again")
		if unusable < 0 || again < unusable {
			t.Errorf("the log has %q", log.String())
		}
	})
}
