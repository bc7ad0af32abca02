package fanout

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/live"
)

// world is a Fanout over the real schema, and what is to be followed, in virtual time.
type world struct {
	*testing.T
	live    *fakeHub
	fanout  *Fanout
	exec    *executor.Executor
	encoded sync.Map // the results that anybody has got, by where they are
}

// results is how many different results were made, as far as anybody has got them.
func (w *world) results() (n int) {
	w.encoded.Range(func(any, any) bool { n++; return true })
	return n
}

// simulate runs a test in virtual time. A goroutine that is left fails it.
func simulate(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, live: &fakeHub{}}
		w.exec = executor.New(graph.NewSchema(&graph.Resolver{Live: w.live}))
		w.exec.Use(graph.Plans{})
		w.exec.SetErrorPresenter(graph.PresentError(slog.New(slog.DiscardHandler)))
		w.exec.SetRecoverFunc(graph.Recover)
		w.exec.SetQueryCache(lru.New[*ast.QueryDocument](100))
		w.fanout = New(Options{Executor: w.exec, Fresh: 100 * time.Millisecond})
		defer w.fanout.Stop()
		test(w)
	})
}

// pass lets time pass, and all that happens meanwhile.
func (w *world) pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
	synctest.Wait()
}

const plain = `subscription { sessionStatusUpdated(name: "s") { revision } }`

// join follows a subscription, as somebody without rights.
func (w *world) join(query string, variables ...map[string]any) *sink {
	w.Helper()
	return w.joinAs(auth.Access{}, query, variables...)
}

func (w *world) joinAs(p auth.Access, query string, variables ...map[string]any) *sink {
	w.Helper()
	raw := &graphql.RawParams{Query: query}
	if len(variables) > 0 {
		raw.Variables = variables[0]
	}
	op, errs := w.exec.CreateOperationContext(graphql.StartOperationTrace(w.Context()), raw)
	if errs != nil {
		w.Fatal(errs)
	}
	s := &sink{w: w}
	m, err := w.fanout.Join(op, p, "192.0.2.1", s)
	if err != nil {
		w.Fatal(err)
	}
	s.member.Store(m)
	s.Offer(nil)
	return s
}

// sink takes what its member has, unless it is stuck.
type sink struct {
	w      *world
	member atomic.Pointer[Member]

	mu       sync.Mutex
	stuck    bool
	offers   int
	messages []received
}

// received is a message and when it came.
type received struct {
	Message
	at time.Time
}

// Offer implements [Sink].
func (s *sink) Offer(*[]byte) {
	m := s.member.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offers++
	for m != nil && !s.stuck {
		message, ok := m.Next()
		if !ok {
			return
		}
		s.messages = append(s.messages, received{message, time.Now()})
		if message.Kind == Next {
			s.w.encoded.Store(unsafe.SliceData(message.Payload), nil)
		}
	}
}

// stick lets it take nothing any more, or resume.
func (s *sink) stick(stuck bool) {
	s.mu.Lock()
	s.stuck = stuck
	s.mu.Unlock()
	s.Offer(nil)
}

func (s *sink) leave() { s.member.Load().Leave() }

// take returns what has come since the last take, when everything is at rest.
func (s *sink) take() []received {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.messages
	s.messages = nil
	return taken
}

// want checks what has come since the last take.
func (s *sink) want(what string, want ...string) {
	s.w.Helper()
	var got []string
	for _, m := range s.take() {
		got = append(got, [...]string{"next ", "error ", "complete "}[m.Kind]+string(m.Payload))
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			s.w.Errorf("%s: got\n%q, want\n%q", what, got, want)
			return
		}
	}
}

// at is the message of plain that shows a revision.
func at(revision string) string {
	return `next {"data":{"sessionStatusUpdated":{"revision":` + revision + `}}}`
}

// fakeHub gives out watches that show what a test sets.
type fakeHub struct {
	graph.Live
	panics any // instead

	mu         sync.Mutex
	statuses   []*watch[*bos.Status]
	lists      []*watch[*live.SessionsUpdate]
	components []*watch[*live.ComponentsUpdate]
}

func (l *fakeHub) WatchStatus(context.Context, bos.SessionKey, bos.Want) live.Watch[*bos.Status] {
	if l.panics != nil {
		panic(l.panics)
	}
	return give(l, &l.statuses, true)
}

func (l *fakeHub) WatchSessions(context.Context, bos.SessionFilter, bos.Want) (live.Watch[*live.SessionsUpdate], error) {
	return give(l, &l.lists, false), nil
}

func (l *fakeHub) WatchComponents(context.Context, bos.SessionKey, bool, graph.Pace) live.Watch[*live.ComponentsUpdate] {
	return give(l, &l.components, true)
}

func give[T any](l *fakeHub, to *[]*watch[T], firsts bool) *watch[T] {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &watch[T]{firsts: firsts, updates: make(chan live.Update[T], 1), errs: make(chan error, 1), closed: make(chan struct{})}
	*to = append(*to, w)
	return w
}

// errPanic lets a watch panic.
var errPanic = errors.New("panic")

// watch shows what the test sets. Its first Fresh asks for read 1, the next for 2.
type watch[T any] struct {
	firsts  bool
	updates chan live.Update[T]
	errs    chan error
	closed  chan struct{}
	wake    atomic.Pointer[func()]
	fresh   atomic.Uint64
	ended   atomic.Bool
}

func (w *watch[T]) Next() (update live.Update[T], ok bool, err error) {
	select {
	case err = <-w.errs:
		if errors.Is(err, errPanic) {
			panic("boom")
		}
		return update, false, err
	case update = <-w.updates:
		return update, true, nil
	default:
		return update, false, nil
	}
}

func (w *watch[T]) Wake(wake func()) {
	w.wake.Store(&wake)
	wake()
}

// show shows an update, fail ends with an error.
func (w *watch[T]) show(update live.Update[T]) {
	w.updates <- update
	w.awake()
}

func (w *watch[T]) fail(err error) {
	w.errs <- err
	w.awake()
}

func (w *watch[T]) awake() {
	if wake := w.wake.Load(); wake != nil {
		(*wake)()
	}
}

func (w *watch[T]) Fresh() uint64 {
	if !w.firsts {
		return 0
	}
	return w.fresh.Add(1)
}

func (w *watch[T]) Ended() bool { return w.ended.Load() }

func (w *watch[T]) Close() { close(w.closed) }

// only is the only watch there is that has not been closed.
func only[T any](w *world, watches *[]*watch[T]) *watch[T] {
	w.Helper()
	synctest.Wait()
	w.live.mu.Lock()
	defer w.live.mu.Unlock()
	open := slices.DeleteFunc(slices.Clone(*watches), func(watch *watch[T]) bool {
		select {
		case <-watch.closed:
			return true
		default:
			return false
		}
	})
	if len(open) != 1 {
		w.Fatalf("%d watches", len(open))
	}
	return open[0]
}

// show lets the only status watch show a revision, as of its newest read.
func (w *world) show(revision int64, change ...func(*live.Metadata)) {
	w.Helper()
	of := only(w, &w.live.statuses)
	s := live.Metadata{Read: of.fresh.Load(), Revision: revision, Epoch: "e", Whole: true}
	for _, c := range change {
		c(&s)
	}
	state := bos.StateRunning
	if s.Last {
		state = bos.StateComplete
	}
	session := &bos.Session{SessionKey: bos.SessionKey{Name: "s"}, State: state}
	of.show(live.Update[*bos.Status]{Value: &bos.Status{Session: session, Revision: s.Revision, Epoch: s.Epoch, Stale: s.Stale}, Metadata: s})
	synctest.Wait()
}

func last(s *live.Metadata)  { s.Last = true }
func again(s *live.Metadata) { s.Again = true }
func stale(s *live.Metadata) { s.Stale = true }
