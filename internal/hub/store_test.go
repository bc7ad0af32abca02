package hub

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// store is a namespace in memory. It notes how it is read.
type store struct {
	t *testing.T

	mu         sync.Mutex
	epoch      string
	revision   int64
	sessions   map[bos.SessionKey]*bos.Session
	revisions  map[bos.SessionKey]int64
	components map[string]*bos.Component
	log        map[bos.SessionKey][]logged
	missed     bool // the change log has been cut

	busy    bool          // somebody is reading
	latency time.Duration // of every read
	err     error         // of every read
	reads   []reading
	gate    chan chan struct{} // where readers wait, if there is one

	afterEpoch func() // happens once, after the epoch was read; nil for nothing
}

// logged is an entry of a change log.
type logged struct {
	revision int64
	id       string
	removed  bool
}

// reading is one read: what of, and when.
type reading struct {
	what  string
	names []string
	want  []bos.Want
	at    time.Time
}

func newStore(t *testing.T) *store {
	return &store{
		t: t, epoch: "one", sessions: map[bos.SessionKey]*bos.Session{}, revisions: map[bos.SessionKey]int64{},
		components: map[string]*bos.Component{}, log: map[bos.SessionKey][]logged{},
	}
}

// write changes a session, or makes it.
func (s *store) write(scope bos.SessionKey, change ...func(*bos.Session)) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	next := &bos.Session{SessionKey: scope, Incarnation: fmt.Sprint("i", s.revision), State: bos.StateRunning, StartTime: "2026-01-01T00:00:00"}
	if old := s.sessions[scope]; old != nil {
		copied := *old
		next = &copied
	}
	for _, c := range change {
		c(next)
	}
	if len(change) > 0 || next.Version == "" {
		next.Version = fmt.Sprint(s.revision) // as the store has it
	}
	s.sessions[scope], s.revisions[scope] = next, s.revision
	return s.revision
}

func (s *store) remove(scope bos.SessionKey) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision++
	delete(s.sessions, scope)
	delete(s.revisions, scope)
	return s.revision
}

// renew is what Redis does when it comes back empty.
func (s *store) renew(epoch string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch, s.revision = epoch, 0
	clear(s.sessions)
	clear(s.revisions)
	clear(s.log)
}

// place puts a component into a session, or changes it there, or takes it out.
func (s *store) place(scope bos.SessionKey, id string, removed bool) int64 {
	revision := s.write(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log[scope] = append(s.log[scope], logged{revision, id, removed})
	if removed {
		delete(s.components, id)
	} else {
		s.components[id] = &bos.Component{ID: id, Session: scope.Name}
	}
	return revision
}

func (s *store) at() (string, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch, s.revision
}

func (s *store) fail(err error) { s.set(func() { s.err = err }) }

func (s *store) delay(d time.Duration) { s.set(func() { s.latency = d }) }

func (s *store) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// block lets every read wait once it has begun, until [store.next] releases it.
func (s *store) block() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan chan struct{})
}

// next waits for a read that is blocked, and returns what releases it.
func (s *store) next() (release func()) {
	s.t.Helper()
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	select {
	case through := <-gate:
		return func() { close(through) }
	case <-time.After(time.Minute):
		s.t.Fatal("nothing is read")
		return nil
	}
}

// unblock lets later reads through again.
func (s *store) unblock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = nil
}

// taken returns the reads of a kind since the last call.
func (s *store) taken(what string) []reading {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []reading
	for _, r := range s.reads {
		if r.what == what {
			found = append(found, r)
		}
	}
	s.reads = slices.DeleteFunc(s.reads, func(r reading) bool { return r.what == what })
	return found
}

// read is a read that has begun. What it finds is as of its end.
func (s *store) read(ctx context.Context, r reading, find func()) error {
	s.mu.Lock()
	if s.busy {
		s.t.Errorf("%s is read while something else is", r.what)
	}
	s.busy, r.at = true, time.Now()
	s.reads = append(s.reads, r)
	gate, latency := s.gate, s.latency
	s.mu.Unlock()
	if gate != nil {
		through := make(chan struct{})
		select {
		case gate <- through:
			<-through
		case <-ctx.Done():
		}
	}
	if latency > 0 {
		<-time.After(latency)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = false
	if s.err == nil {
		find()
	}
	return cmp.Or(s.err, ctx.Err())
}

func (s *store) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found, r := make([]*bos.Session, len(reads)), reading{what: "sessions"}
	for _, one := range reads {
		r.names, r.want = append(r.names, one.Name), append(r.want, one.Want)
	}
	err := s.read(ctx, r, func() {
		for i, one := range reads {
			stored := s.sessions[one.SessionKey]
			if stored == nil {
				continue
			}
			session := *stored
			if one.Status {
				session.Status = &bos.Status{Session: &session, Revision: s.revisions[one.SessionKey], GroupCount: one.Groups}
				if one.Epoch {
					session.Status.Epoch = s.epoch
				}
			}
			found[i] = &session
		}
	})
	return found, err
}

func (s *store) ListSessions(ctx context.Context, _ bos.SessionFilter, page bos.Page, want bos.Want, _ bool) (*bos.List[*bos.Session], error) {
	list := &bos.List[*bos.Session]{}
	err := s.read(ctx, reading{what: "list", want: []bos.Want{want}}, func() {
		for _, key := range slices.SortedFunc(maps.Keys(s.sessions), func(a, b bos.SessionKey) int { return cmp.Compare(a.Name, b.Name) }) {
			switch {
			case key.Name <= page.After:
			case len(list.Items) == page.First:
				list.More = true
				return
			default:
				list.Items, list.Positions = append(list.Items, s.sessions[key]), append(list.Positions, key.Name)
			}
		}
	})
	return list, err
}

func (s *store) ReadComponents(ctx context.Context, ids []string, _ bool) ([]*bos.Component, error) {
	found := make([]*bos.Component, len(ids))
	err := s.read(ctx, reading{what: "components", names: ids}, func() {
		for i, id := range ids {
			found[i] = s.components[id]
		}
	})
	return found, err
}

func (s *store) ReadChanges(ctx context.Context, reads []bos.ChangesRead) ([]*bos.Changes, error) {
	found := make([]*bos.Changes, len(reads))
	err := s.read(ctx, reading{what: "changes"}, func() {
		for i, one := range reads {
			found[i] = s.changes(one)
		}
	})
	return found, err
}

func (s *store) changes(r bos.ChangesRead) *bos.Changes {
	session := s.sessions[r.SessionKey]
	if session == nil {
		return nil
	}
	c := &bos.Changes{Incarnation: session.Incarnation, Epoch: s.epoch, Source: session.Source, Revision: s.revisions[r.SessionKey], State: session.State, Unfinished: session.Unfinished()}
	if c.Missed = s.missed || r.Incarnation != c.Incarnation || r.Epoch != c.Epoch; c.Missed {
		s.missed = false
		return c
	}
	last := map[string]bool{} // by id, whether it was removed
	for _, e := range s.log[r.SessionKey] {
		if e.revision > r.After {
			last[e.id] = e.removed
		}
	}
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if last[id] {
			c.Removed = append(c.Removed, id)
		} else {
			c.Changed = append(c.Changed, id)
		}
	}
	return c
}

func (s *store) Revisions(_ context.Context, scopes []bos.SessionKey) (map[bos.SessionKey]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads = append(s.reads, reading{what: "revisions"})
	found := map[bos.SessionKey]int64{}
	for _, scope := range scopes {
		if revision, ok := s.revisions[scope]; ok {
			found[scope] = revision
		}
	}
	return found, s.err
}

func (s *store) Epoch(context.Context) (string, error) {
	s.mu.Lock()
	epoch, err, then := s.epoch, s.err, s.afterEpoch
	s.afterEpoch = nil
	s.mu.Unlock()
	if then != nil {
		then()
	}
	return epoch, err
}
