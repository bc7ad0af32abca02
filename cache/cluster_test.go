package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// rounds of the tests that break a cluster: a few, or all that are promised.
func clusterRounds(whole int) int {
	if long() {
		return whole
	}
	return 2
}

// clusterSuite is a suite on a cluster of its own, in a namespace of its first slot.
func clusterSuite(t *testing.T, replicas bool, timeout time.Duration) (*suite, *redistest.Nodes) {
	nodes := redistest.NewNodes(t, replicas, timeout)
	namespace := rand.Text()
	for redistest.Slot(namespace) != 0 {
		namespace = rand.Text()
	}
	addrs := nodes.Addrs()
	s := &suite{T: t, ctx: t.Context(), options: Options{
		URL: "redis+cluster://" + addrs[0] + "?addr=" + strings.Join(addrs[1:], "&addr="), Namespace: namespace,
	}}
	s.store = s.open(nil)
	return s, nodes
}

// clusterLoad writes and reads all the time, and remembers what was acknowledged.
type clusterLoad struct {
	*suite
	stop context.CancelFunc
	all  sync.WaitGroup

	mu       sync.Mutex
	codes    map[string]int           // answers by kind and code
	last     map[string]time.Time     // the last success by kind
	longest  map[string]time.Duration // without success, by kind
	stored   map[string]int           // by id of a component what it was acknowledged to have
	sessions map[string]bool          // that were acknowledged, and whether complete
}

// preload fills the namespace with a session of so many components.
func (s *suite) preload(components int) {
	s.Helper()
	s.create("big")
	for from := 0; from < components; from += 1000 {
		var batch []bos.ComponentPatch
		for i := from; i < min(from+1000, components); i++ {
			c := failing(fmt.Sprintf("y%05d", i), "big", strings.Repeat(fmt.Sprint("error ", i%3), 1+100*(i%2)))
			c.RetryPolicy = new(i)
			batch = append(batch, c)
		}
		s.put(batch...)
	}
	s.state("big", bos.StateRunning)
}

const (
	loadWriters = 4
	loadBatch   = 10
)

func (s *suite) clusterLoad() *clusterLoad {
	l := &clusterLoad{
		suite: s, codes: map[string]int{}, last: map[string]time.Time{}, longest: map[string]time.Duration{},
		stored: map[string]int{}, sessions: map[string]bool{},
	}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(s.ctx)
	forever := func(kind string, do func(n int) error) {
		l.last[kind] = time.Now()
		l.all.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				l.note(kind, do(n))
			}
		})
	}
	for w := range loadWriters {
		store := s.open(nil)
		forever(fmt.Sprint("write ", w), func(n int) error { return l.write(store, w, n) })
	}
	store := s.open(nil)
	forever("session", func(n int) error { return l.complete(store, fmt.Sprint("s", n)) })
	forever("status", func(int) error {
		found, err := store.ReadSessions(ctx, []bos.SessionRead{{SessionKey: name("big"), Want: everything}})
		if err == nil && (found[0] == nil || len(found[0].Status.Errors) == 0 || len(found[0].Status.Errors[0].First) == 0) {
			s.Error("the session is not there, or has no errors")
		}
		return err
	})
	forever("components", func(n int) error {
		page := bos.Page{First: 200}
		list, err := store.ListComponents(ctx, nil, bos.ComponentFilter{Session: new("big")}, page, n%2 == 0, false)
		if err == nil && len(list.Items) != page.First {
			s.Errorf("%d components, want %d", len(list.Items), page.First)
		}
		return err
	})
	return l
}

// write gives the components of one writer its next number: in their details, which are a
// key of their own, and in an error, which is in keys of its session.
func (l *clusterLoad) write(store *Store, w, n int) error {
	batch := make([]bos.ComponentPatch, loadBatch)
	for i := range batch {
		batch[i] = failing(fmt.Sprintf("x%d-%d", w, i), "big", strings.Repeat(fmt.Sprint(n%5, " "), 1+200*(n%2)))
		batch[i].RetryPolicy = &n
	}
	_, err := store.PutComponents(l.ctx, batch)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, c := range batch {
			l.stored[c.ID] = n
		}
	}
	return err
}

// complete makes a session that is complete at once.
func (l *clusterLoad) complete(store *Store, id string) error {
	_, err := store.CreateSession(l.ctx, bos.NewSession{
		SessionKey: name(id), Operation: bos.OperationBoot, TemplateName: "compute", Source: bos.SourceProducer,
	})
	if err != nil {
		return err
	}
	l.noteSession(id, false)
	_, err = store.UpdateSession(l.ctx, name(id), bos.SessionUpdate{State: new(bos.StateRunning)})
	if err == nil {
		l.noteSession(id, true)
	}
	return err
}

func (l *clusterLoad) noteSession(id string, complete bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[id] = complete
}

func (l *clusterLoad) note(kind string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	short, _, _ := strings.Cut(kind, " ")
	code := "ok"
	if err != nil {
		code = string(bos.CodeOf(err))
	}
	l.codes[short+" "+code]++
	switch code {
	case "ok":
		l.longest[short] = max(l.longest[short], time.Since(l.last[kind]))
		l.last[kind] = time.Now()
	case string(bos.Unavailable), string(bos.Conflict):
		if l.codes[short+" "+code] <= 2 {
			l.Logf("%s: %v, because of %v", kind, err, errors.Unwrap(err))
		}
	default:
		if l.ctx.Err() == nil && l.codes[short+" "+code] < 5 {
			l.Errorf("%s: %s: %v", kind, code, err)
		}
	}
}

// answered waits until every kind has had a success from now on.
func (l *clusterLoad) answered() {
	l.Helper()
	from := time.Now()
	eventually(l, "success of all", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, last := range l.last {
			if last.Before(from) {
				return false
			}
		}
		return true
	})
}

// verify ends the load and wants all that was acknowledged to be there, and everything
// else to follow from it.
func (l *clusterLoad) verify() {
	l.Helper()
	l.stop()
	l.all.Wait()
	redistest.Figure(l, "answers %v, longest without success %v", l.codes, l.longest)
	lost := 0
	for id, want := range maps.All(l.stored) {
		found, err := l.store.ReadComponents(l.ctx, []string{id}, true)
		l.must(err)
		if found[0] == nil || found[0].RetryPolicy == nil || *found[0].RetryPolicy < want {
			lost++
			l.Errorf("component %s is %+v, acknowledged was %d", id, found[0], want)
		}
	}
	for id, complete := range l.sessions {
		found := l.read(name(id))
		if found == nil || complete && found.State != bos.StateComplete {
			lost++
			l.Errorf("session %s is %+v, acknowledged was complete %v", id, found, complete)
		}
	}
	if found := l.recounted(false); len(found) > 0 {
		l.Errorf("drift %d: %.1000q", len(found), found)
	}
	l.audit()
	redistest.Figure(l, "acknowledged %d components and %d sessions, lost %d", len(l.stored), len(l.sessions), lost)
}
