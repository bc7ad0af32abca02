package loaders_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/loaders"
)

// source has sessions and components of every name but "none", and notes what is
// read of it.
type source struct {
	err error

	mu    sync.Mutex
	calls [][]string // of each call what was asked for
}

func (s *source) note(keys []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, slices.Sorted(slices.Values(keys)))
	return s.err
}

func (s *source) ReadSessions(_ context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	var keys []string
	var found []*bos.Session
	for _, r := range reads {
		keys = append(keys, fmt.Sprintf("%s %v", r.Name, r.Status))
		found = append(found, nil)
		if r.Name != "none" {
			found[len(found)-1] = &bos.Session{SessionKey: r.SessionKey}
		}
	}
	if err := s.note(keys); err != nil {
		return nil, err
	}
	return found, nil
}

func (s *source) ReadComponents(_ context.Context, ids []string, detailed bool) ([]*bos.Component, error) {
	var keys []string
	var found []*bos.Component
	for _, id := range ids {
		keys = append(keys, fmt.Sprintf("%s %v", id, detailed))
		found = append(found, nil)
		if id != "none" {
			found[len(found)-1] = &bos.Component{ID: id}
		}
	}
	if err := s.note(keys); err != nil {
		return nil, err
	}
	return found, nil
}

func (s *source) ReadTemplates(_ context.Context, templates []bos.TemplateKey) ([]*bos.SessionTemplate, error) {
	var keys []string
	var found []*bos.SessionTemplate
	for _, key := range templates {
		keys = append(keys, key.String())
		found = append(found, nil)
		if key.Name != "none" {
			found[len(found)-1] = &bos.SessionTemplate{Name: key.Name}
		}
	}
	if err := s.note(keys); err != nil {
		return nil, err
	}
	return found, nil
}

func template(name string) load {
	return func(ctx context.Context, l *loaders.Loaders) (string, error) {
		t, err := l.Template(ctx, bos.TemplateKey{Name: name})
		if t == nil {
			return "", err
		}
		return t.Name, err
	}
}

// load is what one resolver asks for; it returns the name of what it got.
type load func(ctx context.Context, l *loaders.Loaders) (string, error)

func session(name string, want bos.Want) load {
	return func(ctx context.Context, l *loaders.Loaders) (string, error) {
		s, err := l.Session(ctx, bos.SessionRead{SessionKey: bos.SessionKey{Name: name}, Want: want})
		if s == nil {
			return "", err
		}
		return s.Name, err
	}
}

func component(id string, detailed bool) load {
	return func(ctx context.Context, l *loaders.Loaders) (string, error) {
		c, err := l.Component(ctx, id, detailed)
		if c == nil {
			return "", err
		}
		return c.ID, err
	}
}

func many(n int, one func(name string) load) []load {
	all := make([]load, n)
	for i := range all {
		all[i] = one(fmt.Sprintf("n%04d", i))
	}
	return all
}

// TestLoadsOfOneMomentAreOneRead shows which loads of one moment become how many reads.
func TestLoadsOfOneMomentAreOneRead(t *testing.T) {
	plain, status := bos.Want{}, bos.Want{Status: true}
	tests := []struct {
		name  string
		loads []load
		calls []int // how many keys each read has, ascending
	}{
		{"one", []load{session("a", plain)}, []int{1}},
		{"sessions", many(20, func(n string) load { return session(n, status) }), []int{20}},
		{"components", many(20, func(n string) load { return component(n, false) }), []int{20}},
		{"templates", many(20, template), []int{20}},
		{"the same one", []load{session("a", plain), session("a", plain), component("x", true), component("x", true)}, []int{1, 1}},
		{"the same one with more of it", []load{session("a", plain), session("a", status)}, []int{2}},
		{"components short and whole", []load{component("x", false), component("y", true), component("z", false)}, []int{1, 2}},
		{"more than the root fields", many(25, func(n string) load { return component(n, false) }), []int{5, 20}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{}
				l := loaders.New(s, 20, 20)
				each(test.loads, func(_ int, one load) {
					if name, err := one(t.Context(), l); name == "" || err != nil {
						t.Errorf("got %q, %v", name, err)
					}
				})
				var calls []int
				for _, keys := range s.calls {
					calls = append(calls, len(keys))
				}
				slices.Sort(calls)
				if !slices.Equal(calls, test.calls) {
					t.Errorf("reads of %v keys, want %v", calls, test.calls)
				}
			})
		})
	}
}

// each runs all loads at once, and lets the timers of batches that went early run
// out, as synctest wants it.
func each(loads []load, do func(int, load)) {
	var all sync.WaitGroup
	for i, one := range loads {
		all.Go(func() { do(i, one) })
	}
	all.Wait()
	time.Sleep(time.Second) // of the bubble's time
}

// TestEveryLoadGetsItsOwnAnswer shows that an answer goes to whom it belongs, nil among others.
func TestEveryLoadGetsItsOwnAnswer(t *testing.T) {
	names := []string{"a", "none", "b", "none", "c"}
	for what, one := range map[string]func(string) load{
		"sessions":   func(n string) load { return session(n, bos.Want{}) },
		"components": func(n string) load { return component(n, true) },
		"templates":  template,
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var loads []load
				for _, n := range names {
					loads = append(loads, one(n))
				}
				l := loaders.New(&source{}, 3, 3)
				each(loads, func(i int, one load) {
					want := names[i]
					if want == "none" {
						want = ""
					}
					if got, err := one(t.Context(), l); got != want || err != nil {
						t.Errorf("load %d got %q, %v; want %q", i, got, err, want)
					}
				})
			})
		})
	}
}

// TestAnErrorOfAReadIsThatOfEveryLoad shows that an error of a read is that of every load in it.
func TestAnErrorOfAReadIsThatOfEveryLoad(t *testing.T) {
	away := bos.Errorf(bos.Unavailable, "away")
	for _, n := range []int{1, 2, 20} {
		for what, one := range map[string]func(string) load{
			"sessions":         func(n string) load { return session(n, bos.Want{}) },
			"components":       func(n string) load { return component(n, false) },
			"whole components": func(n string) load { return component(n, true) },
			"templates":        template,
		} {
			t.Run(fmt.Sprint(n, " ", what), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := loaders.New(&source{err: away}, 7, 7)
					each(many(n, one), func(_ int, one load) {
						if got, err := one(t.Context(), l); got != "" || !errors.Is(err, away) {
							t.Errorf("got %q, %v; want the error of the read", got, err)
						}
					})
				})
			})
		}
	}
}

// TestACompleteBatchDoesNotWait shows that a batch waits for nothing once all have come that are
// expected, and for a moment only while one is missing.
func TestACompleteBatchDoesNotWait(t *testing.T) {
	tests := []struct {
		name                 string
		sessions, components int
		loads                []load
		waits                bool
	}{
		{"the only session", 1, 0, []load{session("a", bos.Want{})}, false},
		{"the only component", 0, 1, []load{component("x", true)}, false},
		{"all sessions", 20, 0, many(20, func(n string) load { return session(n, bos.Want{}) }), false},
		{"all components", 0, 20, many(20, func(n string) load { return component(n, false) }), false},
		{"one not expected", 0, 0, []load{session("a", bos.Want{})}, false},
		{"one missing", 21, 0, many(20, func(n string) load { return session(n, bos.Want{}) }), true},
		{"the same one twice", 2, 0, []load{session("a", bos.Want{}), session("a", bos.Want{})}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{}
				l := loaders.New(s, test.sessions, test.components)
				start := time.Now()
				each(test.loads, func(_ int, one load) {
					if name, err := one(t.Context(), l); name == "" || err != nil {
						t.Errorf("got %q, %v", name, err)
					}
					if waited := time.Since(start); (waited > 0) != test.waits || waited > 10*time.Millisecond {
						t.Errorf("it waited %v", waited)
					}
				})
				if len(s.calls) != 1 {
					t.Errorf("%d reads", len(s.calls))
				}
			})
		})
	}
}

// TestEveryResponseReadsForItself shows that every response reads for itself, and reads once, whatever
// operation it is of.
func TestEveryResponseReadsForItself(t *testing.T) {
	s := &source{}
	respond := loaders.Install(s)
	for response, document := range []string{
		`{ session(name: "a") { name } }`,
		`{ ...F } fragment F on Query { a: session(name: "a") { name } b: session(name: "a") { name } }`,
		`mutation { updateSession { name } }`,
		"", // refused before there was an operation
		`query ($w: Boolean!) { session(name: "a") @include(if: $w) { name } }`, // refused, as there is no such variable
	} {
		op := &graphql.OperationContext{}
		if document != "" {
			var err error
			if op.Doc, err = parser.ParseQuery(&ast.Source{Input: document}); err != nil {
				t.Fatal(err)
			}
			op.Operation = op.Doc.Operations[0]
		}
		ctx := graphql.WithResponseContext(graphql.WithOperationContext(t.Context(), op), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
		if document == "" || len(op.Operation.VariableDefinitions) > 0 {
			graphql.AddErrorf(ctx, "refused")
		}
		respond(ctx, func(ctx context.Context) *graphql.Response {
			for range 2 {
				if got, err := session("a", bos.Want{})(ctx, loaders.For(ctx)); got != "a" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			}
			return nil
		})
		if len(s.calls) != response+1 {
			t.Errorf("%d reads after %d responses", len(s.calls), response+1)
		}
	}
}

// TestTemplatesOfAList shows that what was read for a list at once is not read again, and
// that a failure is left to who asks next.
func TestTemplatesOfAList(t *testing.T) {
	away := bos.Errorf(bos.Unavailable, "away")
	s := &source{err: away}
	l := loaders.New(s, 1, 1)
	keys := []bos.TemplateKey{{Name: "a"}, {Name: "none"}}
	if err := l.Templates(t.Context(), keys); !errors.Is(err, away) {
		t.Errorf("got %v, want the error of the read", err)
	}
	s.err = nil
	for _, keys := range [][]bos.TemplateKey{keys, nil} {
		if err := l.Templates(t.Context(), keys); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"a": "a", "none": ""} {
		if got, err := template(name)(t.Context(), l); got != want || err != nil {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if len(s.calls) != 2 {
		t.Errorf("%d reads, want 2: %v", len(s.calls), s.calls)
	}
}

// TestALoneLoadIsReadByItsCaller shows that a load that no other is expected with costs no
// goroutine, and is read once for all who ask for it meanwhile.
func TestALoneLoadIsReadByItsCaller(t *testing.T) {
	s := &source{}
	var stack string
	l := loaders.New(watched{s, func() { stack = string(debug.Stack()) }}, 1, 1)
	for what, one := range map[string]load{"session": session("a", bos.Want{}), "component": component("x", true), "template": template("t")} {
		stack = ""
		if _, err := one(t.Context(), l); err != nil {
			t.Error(err)
		}
		if !strings.Contains(stack, t.Name()) {
			t.Errorf("the %s was read by another goroutine:\n%s", what, stack)
		}
	}
	reads, begun, going := 0, make(chan struct{}), make(chan struct{})
	l = loaders.New(watched{s, func() { reads++; close(begun); <-going }}, 1, 1)
	var all sync.WaitGroup
	ask := func() {
		if got, err := session("a", bos.Want{})(t.Context(), l); got != "a" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	all.Go(ask)
	<-begun
	all.Go(ask)
	all.Go(ask)
	close(going)
	if all.Wait(); reads != 1 {
		t.Errorf("%d reads", reads)
	}
}

// watched is a source that reports each read as it begins.
type watched struct {
	loaders.Source
	begins func()
}

func (w watched) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	w.begins()
	return w.Source.ReadSessions(ctx, reads)
}

func (w watched) ReadComponents(ctx context.Context, ids []string, detailed bool) ([]*bos.Component, error) {
	w.begins()
	return w.Source.ReadComponents(ctx, ids, detailed)
}

func (w watched) ReadTemplates(ctx context.Context, keys []bos.TemplateKey) ([]*bos.SessionTemplate, error) {
	w.begins()
	return w.Source.ReadTemplates(ctx, keys)
}

// TestPatternsAreMadeOnce has many fields of a response ask for the patterns of two statuses.
func TestPatternsAreMadeOnce(t *testing.T) {
	l := loaders.New(&source{}, 0, 0)
	statuses := []*bos.Status{{Errors: []bos.ErrorGroup{{Message: "a 1", Count: 1}}}, {Errors: []bos.ErrorGroup{{Message: "b 1", Count: 2}}}}
	first := map[*bos.Status]*bos.ErrorPattern{}
	for i := range 6 {
		of := statuses[i%2]
		got, err := l.Patterns(t.Context(), of)
		if err != nil || len(got) != 1 || got[0].Pattern != of.Errors[0].Message {
			t.Fatalf("%+v, %v", got, err)
		}
		if first[of] == nil {
			first[of] = &got[0]
		} else if first[of] != &got[0] {
			t.Error("the patterns of a status are made again")
		}
	}
}
