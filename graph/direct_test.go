package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/loaders"
)

// counted is a store whose reads are counted, and fail or panic.
type counted struct {
	shownStore
	reads *int
	err   error
	panic bool
}

func (s counted) ReadSessions(ctx context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	*s.reads++
	switch {
	case s.panic:
		panic("a fault")
	case s.err != nil:
		return nil, s.err
	}
	return s.shownStore.ReadSessions(ctx, reads)
}

// SessionStarted has seen none.
func (counted) SessionStarted(context.Context, bos.SessionKey, bos.Time) (string, error) {
	return "", nil
}

// TestADirectAnswerNeedsOneRead shows which queries are answered without an execution, and that one that is
// executed after all is not read again, whatever the reason.
func TestADirectAnswerNeedsOneRead(t *testing.T) {
	whole := &bos.Session{SessionKey: bos.SessionKey{Name: "a"}, StartTime: "2026-11-22T09:00:00", Status: &bos.Status{Revision: 7}}
	unstarted, started, long := *whole, *whole, *whole
	started.Status = &bos.Status{Session: &started}
	unstarted.Status = &bos.Status{}
	long.TemplateName = strings.Repeat("long", 30)
	const status = `{ session(name: "a") { status { revision } } }`
	many := "{ session(name: \"a\") {"
	for i := range 40 {
		many += fmt.Sprintf(" t%d: templateName", i)
	}
	many += " } }"
	for name, test := range map[string]struct {
		query  string
		store  counted
		direct string // empty where it is executed
		want   string // the beginning of what the execution says
		reads  int
	}{
		"a status":              {query: status, direct: `{"data":{"session":{"status":{"revision":7}}}}`, reads: 1},
		"aliases and fragments": {query: `{ it: session(name: "a") { ...on Session { n: name } } }`, direct: `{"data":{"it":{"n":"a"}}}`, reads: 1},
		"no such session":       {query: status, store: counted{shownStore: shownStore{sessions: []*bos.Session{nil}}}, direct: `{"data":{"session":null}}`, reads: 1},
		"an error":              {query: status, store: counted{err: errors.New("away")}, want: `{"session":null}` + "\n" + `{"message":"away","path":["session"]`, reads: 1},
		"a value that is missing": {
			query: `{ session(name: "a") { status { timing { startTime } } } }`, store: counted{shownStore: shownStore{sessions: []*bos.Session{&unstarted}}},
			want: `{"session":null}` + "\n" + `{"message":"cannot return null for non-null field SessionTiming.startTime`, reads: 1,
		},
		"a long answer": {query: many, store: counted{shownStore: shownStore{sessions: []*bos.Session{&long}}}, reads: 1},
		"a panic":       {query: status, store: counted{panic: true}, want: `{"session":null}` + "\n" + `{"message":"panic: a fault","path":["session"]`, reads: 2},
		"an incarnation": {
			query: `{ session(name: "a", startedAt: "2026-11-22T09:00:00Z") { name } }`, want: `{"session":null}`,
		},
		"two sessions":  {query: `{ session(name: "a") { name } b: session(name: "b") { name } }`, reads: 1},
		"another field": {query: `{ __typename session(name: "a") { name } }`, reads: 1},
		"errors":        {query: `{ session(name: "a") { status { errorSummary { message } } } }`, reads: 1},
		"an estimate": {
			query: `{ session(name: "a") { status { estimatedEndTime } } }`, store: counted{shownStore: shownStore{sessions: []*bos.Session{&started}}}, reads: 1,
		},
		"a list":     {query: `{ sessions(first: 1) { nodes { name } } }`},
		"a mutation": {query: `mutation { deleteComponents(input: { ids: [] }) { userErrors { message } } }`},
	} {
		t.Run(name, func(t *testing.T) {
			store, reads := test.store, 0
			if store.reads = &reads; store.sessions == nil {
				store.sessions = []*bos.Session{whole}
			}
			schema := graph.NewSchema(&graph.Resolver{Store: store})
			exec := executor.New(schema)
			exec.Use(graph.Plans{})
			exec.SetRecoverFunc(func(_ context.Context, panicked any) error { return fmt.Errorf("panic: %v", panicked) })
			exec.AroundResponses(loaders.Install(store))
			ctx := graphql.StartOperationTrace(t.Context())
			op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: test.query})
			if errs != nil {
				t.Fatal(errs)
			}
			if direct := schema.Direct(op); direct != nil {
				var answer graph.Parts
				if answer, ctx = direct.Answer(ctx); string(answer.Bytes()) != test.direct {
					t.Fatalf("answered %s, want %s", answer, test.direct)
				}
			} else if test.direct != "" {
				t.Fatal("only an execution answers it")
			}
			if test.direct == "" && !strings.HasPrefix(test.query, "mutation") {
				got := strings.TrimSpace(execute(ctx, t, exec, op, 1)[0])
				if !strings.HasPrefix(got, test.want) {
					t.Errorf("executed as\n%s, want\n%s", got, test.want)
				}
			}
			if reads != test.reads {
				t.Errorf("%d reads, want %d", reads, test.reads)
			}
		})
	}
}

// TestPollingShowsEveryChange asks the same bytes again and again, which is answered directly, beside a request that the server has not
// seen: both show what is so now, through every change.
func TestPollingShowsEveryChange(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		const query = `{ session(name: "polled") { id status { status revision managedComponentsCount percentSuccessful phases { percentPoweringOn } } } }`
		unseen := 0
		same := func(after string) {
			t.Helper()
			for range 3 {
				unseen++
				polled, fresh := s.Ask(query), s.Ask(query+fmt.Sprintf(" # %d", unseen))
				if polled.Status != 200 || !bytes.Equal(polled.Body, fresh.Body) {
					t.Fatalf("after %s it is polled as\n%d %s\nand first asked as\n%s", after, polled.Status, polled.Body, fresh.Body)
				}
			}
		}
		same("nothing")
		s.Session("polled")
		same("its creation")
		s.Put(apptest.Powering("x1000c0s0b0n0", "polled"), apptest.Powering("x1000c0s0b0n1", "polled"))
		same("components")
		s.Update("polled", "status", "RUNNING")
		same("its beginning")
		s.Put(apptest.Finished("x1000c0s0b0n0"))
		same("a component's end")
		s.Update("polled", "status", "COMPLETE")
		same("its end")
		s.Must(`mutation { deleteSession(input: { name: "polled" }) { userErrors { message } } }`)
		same("its deletion")
	})
}
