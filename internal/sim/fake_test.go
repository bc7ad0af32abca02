package sim

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// fake is a producer in memory that keeps the contract: states go forward only,
// and a running session completes in the write that leaves it without active
// component. It counts by bos.Summarize, from all records, after every write.
type fake struct {
	t          *testing.T
	components map[string]bos.Component
	sessions   map[bos.SessionKey]*bos.Session
	seen       map[bos.SessionKey]*seen
	owned      map[string]map[string]bool
	created    []bos.SessionKey
	deleted    []bos.SessionKey
	templates  map[string]string // of all sessions by name
	texts      map[string]int    // error texts by how often they were written
	attempts   int               // the most to power on
	fails      func(call string) error
	after      func() // called after every write
}

// seen is what was seen of a session's status while it existed.
type seen struct {
	most, last                      int // managed components
	staged, poweringOn, poweringOff bool
	configuring, failed             bool
	progress                        map[float64]bool
	final                           bos.Tally
}

func newFake(t *testing.T) *fake {
	return &fake{
		t: t, components: map[string]bos.Component{}, sessions: map[bos.SessionKey]*bos.Session{},
		seen: map[bos.SessionKey]*seen{}, owned: map[string]map[string]bool{}, texts: map[string]int{},
		templates: map[string]string{},
		fails:     func(string) error { return nil }, after: func() {},
	}
}

func (f *fake) CreateSession(_ context.Context, n bos.NewSession) (*bos.Session, error) {
	if err := f.fails("CreateSession"); err != nil {
		return nil, err
	}
	if f.sessions[n.SessionKey] != nil {
		return nil, bos.Errorf(bos.Conflict, "session %q exists", n.Name)
	}
	s, err := n.Create(fmt.Sprint(len(f.created)), time.Now())
	if err != nil {
		return nil, err
	}
	f.sessions[n.SessionKey] = s
	f.seen[n.SessionKey] = &seen{progress: map[float64]bool{}}
	f.created = append(f.created, n.SessionKey)
	f.templates[n.Name] = n.TemplateName
	f.written()
	return s, nil
}

func (f *fake) UpdateSession(_ context.Context, key bos.SessionKey, u bos.SessionUpdate) (*bos.Session, error) {
	if err := f.fails("UpdateSession"); err != nil {
		return nil, err
	}
	s := f.sessions[key]
	if s == nil {
		return nil, bos.Errorf(bos.NotFound, "no session %q", key.Name)
	}
	next, err := s.Update(u)
	if err != nil {
		return nil, err
	}
	f.sessions[key] = next
	f.written()
	return next, nil
}

func (f *fake) DeleteSession(_ context.Context, key bos.SessionKey) (string, error) {
	if f.sessions[key] == nil {
		return "", bos.Errorf(bos.NotFound, "no session %q", key.Name)
	}
	delete(f.sessions, key)
	f.deleted = append(f.deleted, key)
	return key.Name, nil
}

func (f *fake) PutComponents(_ context.Context, whole []bos.ComponentPatch) (bos.BatchResult, error) {
	for _, c := range whole {
		delete(f.components, c.ID)
	}
	return f.write(whole)
}

func (f *fake) PatchComponents(_ context.Context, patches []bos.ComponentPatch) (bos.BatchResult, error) {
	if err := f.fails("PatchComponents"); err != nil {
		return bos.BatchResult{}, err
	}
	for _, p := range patches {
		if _, ok := f.components[p.ID]; !ok {
			f.t.Errorf("a patch for %q, which is not there", p.ID)
		}
	}
	return f.write(patches)
}

func (f *fake) write(patches []bos.ComponentPatch) (bos.BatchResult, error) {
	if len(patches) == 0 || len(patches) > batch {
		f.t.Errorf("a batch of %d", len(patches))
	}
	named := map[string]bool{}
	for _, p := range patches {
		if named[p.ID] {
			f.t.Errorf("%s is twice in a batch", p.ID)
		}
		named[p.ID] = true
		c := p.Apply(f.components[p.ID])
		if err := c.Check(); err != nil {
			f.t.Error(err)
		}
		if c.Error != "" && (c.Status() == bos.StatusStable || c.Status() == bos.StatusConfiguring) {
			f.t.Errorf("%s is %s, with the error %q", c.ID, c.Status(), c.Error)
		}
		if c.Enabled && c.Session == "" {
			f.t.Errorf("%s is enabled without a session", c.ID)
		}
		f.attempts = max(f.attempts, c.EventStats.PowerOnAttempts)
		f.components[p.ID] = c
		if p.Error != nil && *p.Error != "" {
			f.texts[*p.Error]++
		}
	}
	f.written()
	return bos.BatchResult{Applied: len(patches)}, nil
}

func (f *fake) PutTenant(_ context.Context, name string, ids []string) (int, error) {
	f.owned[name] = map[string]bool{}
	for _, id := range ids {
		f.owned[name][id] = true
	}
	return len(ids), nil
}

// written completes what has to complete, and looks at every session.
func (f *fake) written() {
	all := slices.Collect(maps.Values(f.components))
	for key, s := range f.sessions {
		if s.State == bos.StateComplete {
			continue
		}
		tally, groups := bos.Summarize(key, all, func(id string) bool { return f.owned[key.Tenant][id] })
		if s.SelfCompleting() && tally.Active == 0 {
			// A run after another begins at the same time of the fake clock: what the first left has started later.
			end := max(bos.TimeOf(time.Now()), s.StartTime)
			done, err := s.Update(bos.SessionUpdate{State: new(bos.StateComplete), EndTime: &end})
			if err != nil {
				f.t.Fatal(err)
			}
			f.sessions[key] = done
			f.seen[key].final = tally
		}
		f.look(f.seen[key], &bos.Status{Session: s, Tally: tally, Errors: groups})
	}
	f.after()
}

func (f *fake) look(seen *seen, s *bos.Status) {
	phases := s.Phases()
	for _, p := range []float64{
		s.PercentSuccessful(), s.PercentFailed(), s.PercentStaged(), phases.PercentComplete,
		phases.PercentPoweringOn, phases.PercentPoweringOff, phases.PercentConfiguring,
	} {
		if math.IsNaN(p) || p < 0 || p > 100 {
			f.t.Errorf("session %s shows %v percent", s.Session.Name, p)
		}
	}
	seen.last = s.Tally.Managed
	seen.most = max(seen.most, seen.last)
	seen.staged = seen.staged || s.PercentStaged() > 0
	seen.poweringOn = seen.poweringOn || phases.PercentPoweringOn > 0
	seen.poweringOff = seen.poweringOff || phases.PercentPoweringOff > 0
	seen.configuring = seen.configuring || phases.PercentConfiguring > 0
	seen.failed = seen.failed || s.PercentFailed() > 0 && len(s.Errors) > 0
	seen.progress[phases.PercentComplete] = true
}

// ofRounds are those that belong to rounds, and not to lanes.
func (f *fake) ofRounds(keys []bos.SessionKey) []bos.SessionKey {
	return slices.DeleteFunc(slices.Clone(keys), func(k bos.SessionKey) bool { return f.templates[k.Name] == relayTemplate })
}

// find returns the first session whose record satisfies is.
func (f *fake) find(is func(*bos.Session) bool) (*bos.Session, *seen) {
	f.t.Helper()
	for _, key := range f.created {
		if s := f.sessions[key]; s != nil && is(s) {
			return s, f.seen[key]
		}
	}
	f.t.Fatal("there is no such session")
	return nil, nil
}

// simulate runs a simulator in fake time until the fake has seen n shutdowns
// complete, and so n rounds.
func (f *fake) simulate(o Options, n int) {
	synctest.Test(f.t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		shut := map[bos.SessionKey]bool{}
		f.after = func() {
			for key, s := range f.sessions {
				if s.Operation == bos.OperationShutdown && s.State == bos.StateComplete {
					shut[key] = true
				}
			}
			if len(shut) == n {
				cancel()
			}
		}
		if err := New(f, o).Run(ctx); err != nil {
			t.Error(err)
		}
		if len(shut) != n {
			t.Errorf("%d rounds were completed in a day, not %d; sessions: %s", len(shut), n, f.describe())
		}
	})
}

func (f *fake) describe() string {
	var b strings.Builder
	for key, s := range f.sessions {
		fmt.Fprintf(&b, "\n%s %s %s: %s", key, s.Operation, s.TemplateName, s.State)
	}
	return b.String()
}
