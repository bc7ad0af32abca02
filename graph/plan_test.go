package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
	"github.com/bosgraph/bosgraph/internal/live"
	"github.com/bosgraph/bosgraph/loaders"
)

// shownStore answers every read with the same sessions.
type shownStore struct {
	graph.Store
	sessions []*bos.Session
	exact    bool // leaves out what a read is to be without
}

func (s shownStore) ReadSessions(_ context.Context, reads []bos.SessionRead) ([]*bos.Session, error) {
	found := make([]*bos.Session, len(reads))
	for i := range reads {
		found[i] = s.sessions[0]
		if s.exact {
			found[i] = without(found[i], reads[i].Without)
		}
	}
	return found, nil
}

// without is a session in which what a read is to be without is wrong, so that an answer made of it is wrong, too.
func without(of *bos.Session, parts bos.Parts) *bos.Session {
	s, st := *of, *of.Status
	if s.Status = &st; st.Session != nil {
		st.Session = &s
	}
	const wrong = 987_654_321
	left := func(part bos.Parts) bool { return parts&part != 0 }
	if left(bos.PartRecord) {
		s.Operation, s.TemplateName, s.Source, s.Version, s.StartTime, s.EndTime = "wrong", "wrong", "wrong", "wrong", "wrong", "wrong"
		s.Stage, s.IncludeDisabled, st.Timing = !s.Stage, !s.IncludeDisabled, bos.Timing{StartTime: "wrong", EndTime: "wrong", Duration: wrong}
	}
	if left(bos.PartRevision) {
		st.Revision = wrong
	}
	return &s
}

func (s shownStore) ListSessions(context.Context, bos.SessionFilter, bos.Page, bos.Want, bool) (*bos.List[*bos.Session], error) {
	return &bos.List[*bos.Session]{Items: s.sessions, Positions: make([]string, len(s.sessions))}, nil
}

// shownLive shows the first of them, its status, and a component.
type shownLive struct {
	graph.Live
	shownStore
}

func (l shownLive) WatchStatus(context.Context, bos.SessionKey, bos.Want) live.Watch[*bos.Status] {
	return shownWatch[*bos.Status]{value: l.sessions[0].Status}
}

func (l shownLive) WatchSessions(context.Context, bos.SessionFilter, bos.Want) (live.Watch[*live.SessionsUpdate], error) {
	return shownWatch[*live.SessionsUpdate]{value: &live.SessionsUpdate{Session: l.sessions[0]}}, nil
}

func (l shownLive) WatchComponents(context.Context, bos.SessionKey, bool, graph.Pace) live.Watch[*live.ComponentsUpdate] {
	return shownWatch[*live.ComponentsUpdate]{value: &live.ComponentsUpdate{Components: []*bos.Component{{ID: "x1"}}}}
}

type shownWatch[T any] struct {
	live.Watch[T]
	value T
}

func (w shownWatch[T]) Next() (live.Update[T], bool, error) {
	return live.Update[T]{Value: w.value}, true, nil
}

// shownSync is a sync in that state.
type shownSync bos.SyncState

func (s shownSync) State() bos.SyncState { return bos.SyncState(s) }

// answered is what a schema answers: the data, and the errors in an order of their own, as
// fields may be resolved at the same time.
func answered(t testingT, schema graphql.ExecutableSchema, store loaders.Source, query string, variables map[string]any, times int) []string {
	t.Helper()
	exec := executor.New(schema)
	exec.Use(graph.Plans{})
	exec.SetRecoverFunc(func(_ context.Context, panicked any) error { return fmt.Errorf("panic: %v", panicked) })
	exec.AroundResponses(loaders.Install(store))
	ctx := graphql.StartOperationTrace(context.Background())
	op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	if errs != nil {
		t.Fatalf("%s\n%v\n%v", query, variables, errs)
	}
	all := execute(ctx, t, exec, op, times)
	if planned, ok := schema.(graph.Schema); ok {
		if direct := planned.Direct(op); direct != nil {
			answer, execution := direct.Answer(ctx)
			if got := string(answer.Bytes()); answer != nil && got != `{"data":`+strings.TrimSuffix(all[0], "\n")+"}" {
				t.Fatalf("%s\n%v\nis answered directly\n%s\nand executed as\n%s", query, variables, got, all[0])
			}
			if answer == nil {
				all = execute(execution, t, exec, op, times)
			}
		}
	}
	if op.Operation.Operation != ast.Query {
		return all
	}
	// Requests that are the same are executed as one operation, by several at a time.
	var others [3][]string
	var together sync.WaitGroup
	for i := range others {
		together.Go(func() { others[i] = execute(ctx, t, exec, op, times) })
	}
	together.Wait()
	for _, other := range others {
		if !slices.Equal(other, all) {
			t.Fatalf("%s\n%v\nis answered\n%s\nand beside others\n%s", query, variables, all, other)
		}
	}
	return all
}

// execute returns so many responses of an operation.
func execute(ctx context.Context, t testingT, exec *executor.Executor, op *graphql.OperationContext, times int) (all []string) {
	t.Helper()
	ctx, driver := graph.WithDriver(ctx, true)
	next, ctx := exec.DispatchOperation(ctx, op)
	for range times {
		var written []byte
		if d := driver(); d != nil {
			turn, _, _ := d.Next()
			written = turn.Write(ctx, nil)
			turn.Accept()
		}
		response := next(ctx)
		if written != nil && (len(response.Errors) > 0 || string(written) != `{"data":`+string(response.Data)+"}") {
			t.Fatalf("it is written without an execution as\n%s\nand with it as\n%s\n%v", written, response.Data, response.Errors)
		}
		var texts []string
		for _, err := range response.Errors {
			text, _ := json.Marshal(err)
			texts = append(texts, string(text))
		}
		slices.Sort(texts)
		all = append(all, string(response.Data)+"\n"+strings.Join(texts, "\n"))
	}
	return all
}

type testingT interface {
	Helper()
	Fatalf(format string, args ...any)
}

// TestAResponseOfAPlanNeedsNoExecution shows that what a plan has all of is written without
// gqlgen, and the rest is not. That it is the same is shown by [TestPlansAnswerAsGqlgenDoes].
func TestAResponseOfAPlanNeedsNoExecution(t *testing.T) {
	status := &bos.Status{Session: &bos.Session{SessionKey: bos.SessionKey{Name: "a"}}, Revision: 7}
	store := shownStore{sessions: []*bos.Session{{Status: status}}}
	exec := executor.New(graph.NewSchema(&graph.Resolver{Store: store, Live: shownLive{shownStore: store}}))
	exec.Use(graph.Plans{})
	for selected, want := range map[string]string{
		"it: revision":                      `{"data":{"s":{"it":7}}}`,
		"revision errorSummary { message }": "",
	} {
		ctx := graphql.StartOperationTrace(context.Background())
		op, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: `subscription { s: sessionStatusUpdated(name: "a") { ` + selected + ` } }`})
		if errs != nil {
			t.Fatal(errs)
		}
		ctx, driver := graph.WithDriver(ctx, true)
		exec.DispatchOperation(ctx, op)
		turn, _, _ := driver().Next()
		if got := string(turn.Write(ctx, nil)); got != want {
			t.Errorf("%s: %s, want %s", selected, got, want)
		}
	}
}

// TestPlansAnswerAsGqlgenDoes lets random selections of random sessions be answered by plans, of what
// the selection has asked the store for, and by the generated code alone, of whole sessions.
func TestPlansAnswerAsGqlgenDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store := shownStore{sessions: rapid.SliceOfN(rapid.Custom(aSession), 1, 3).Draw(rt, "sessions")}
		resolver := &graph.Resolver{Store: store, Live: shownLive{shownStore: store}}
		if rapid.Bool().Draw(rt, "followed") {
			resolver.Sync = shownSync{LastSweep: time.Now().Add(-time.Minute), Every: time.Hour, Doubt: rapid.Bool().Draw(rt, "doubt")}
		}
		generated := graph.NewExecutableSchema(graph.Config{Resolvers: resolver})
		g := &selecting{t: rt, schema: generated.Schema()}
		query, times := g.document(), 1
		if strings.HasPrefix(query, "subscription") {
			times = 2
		}
		exact, reading := store, *resolver
		exact.exact = true
		reading.Store = exact
		planned := graph.NewSchema(&reading)
		for range 2 { // the second time by the plans of the first
			variables := map[string]any{"yes": true, "no": false, "some": rapid.Bool().Draw(rt, "some")}
			want, got := answered(rt, generated, store, query, variables, times), answered(rt, planned, exact, query, variables, times)
			if strings.HasPrefix(query, "subscription") { // gqlgen leaves the root field out of paths, and in where it is null
				for i := range want {
					want[i] = strings.Replace(want[i], `{"sessionStatusUpdated":null}`, "null", 1)
					want[i] = strings.ReplaceAll(want[i], `"path":[`, `"path":["sessionStatusUpdated",`)
				}
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("%s\n%v\nplans:  %s\ngqlgen: %s", query, variables, got, want)
			}
		}
	})
}

// TestEachFieldHasWhatItNeeds selects each field of a session and of its status by itself: it is the same
// whatever else a read leaves out.
func TestEachFieldHasWhatItNeeds(t *testing.T) {
	s := &bos.Session{
		Incarnation: "1", SessionKey: bos.SessionKey{Tenant: "blue", Name: "a"}, Operation: bos.OperationBoot, TemplateName: "compute", Source: bos.SourceBOS,
		State: bos.StateRunning, StartTime: "2026-11-22T09:00:00", EndTime: "2026-11-22T10:00:00", Details: &bos.SessionDetails{},
	}
	s.Status = &bos.Status{
		Session: s, Revision: 7, AsOf: time.Unix(1, 0), Timing: bos.Timing{StartTime: s.StartTime, EndTime: s.EndTime, Duration: time.Hour},
		Tally: bos.Tally{Managed: 100, Staged: 1, Successful: 2, Failed: 3, Configuring: 4, PoweringOff: 5, PoweringOn: 6, Active: 7},
	}
	store := shownStore{sessions: []*bos.Session{s}}
	resolver := &graph.Resolver{Store: store, Sync: shownSync{LastSweep: time.Unix(2, 0), Every: time.Hour}}
	exact, reading := store, *resolver
	exact.exact = true
	reading.Store = exact
	whole, planned := graph.NewExecutableSchema(graph.Config{Resolvers: resolver}), graph.NewSchema(&reading)
	var try func(of, before, after string)
	try = func(of, before, after string) {
		for _, f := range whole.Schema().Types[of].Fields {
			inner := whole.Schema().Types[f.Type.Name()]
			switch {
			case strings.HasPrefix(f.Name, "__"), slices.Contains(readElsewhere, f.Name), f.Name == "session":
			case inner.IsCompositeType() && !slices.Contains([]string{"SessionStatus", "SessionPhases", "SessionCounts", "SessionTiming"}, inner.Name):
			case inner.IsCompositeType():
				try(inner.Name, before+f.Name+" { ", " }"+after)
			default:
				query := before + f.Name + after
				if want, got := answered(t, whole, store, query, nil, 1), answered(t, planned, exact, query, nil, 1); !slices.Equal(got, want) {
					t.Errorf("%s: %s, want %s", query, got, want)
				}
			}
		}
	}
	try("Session", `{ session(name: "a") { `, " } }")
	try("SessionStatus", `{ session(name: "a") { status { session { `+"status { ", " } } } } }")
	try("Session", `{ session(name: "a") { status { session { `, " } } } }")
}

// selecting writes random documents.
type selecting struct {
	t         *rapid.T
	schema    *ast.Schema
	fragments []string
}

func (g *selecting) chance(percent int) bool {
	return rapid.IntRange(1, 100).Draw(g.t, "chance") <= percent
}

func (g *selecting) document() string {
	status := func() string { return g.selection("SessionStatus", 3) }
	session := func() string { return g.selection("Session", 3) }
	var root string
	kind := "query"
	switch rapid.SampledFrom([]string{"session", "two", "list", "node", "subscription"}).Draw(g.t, "root") {
	case "session":
		root = `session(name: "a") ` + session()
	case "two":
		root = `one: session(name: "a") ` + session() + ` two: session(name: "b") ` + session() + ` one: session(name: "a") ` + session()
	case "list":
		root = `sessions(first: 3) { edges { node ` + session() + ` } }`
	case "node":
		id := (&bos.Session{SessionKey: bos.SessionKey{Name: "a"}, Incarnation: "1"}).ID()
		root = `node(id: "` + id + `") { id ... on Session ` + session() + ` }`
	default:
		kind, root = "subscription", `sessionStatusUpdated(name: "a") `+status()
	}
	body := "{ " + root + " } " + strings.Join(g.fragments, " ")
	declared := "" // those that are used: others are not valid
	for _, name := range []string{"yes", "no", "some"} {
		if strings.Contains(body, "$"+name+")") {
			declared += "$" + name + ": Boolean! "
		}
	}
	if declared != "" {
		declared = "(" + declared + ")"
	}
	return kind + " " + declared + body
}

// readElsewhere are the fields that take a store of more than sessions.
var readElsewhere = []string{"template", "components", "componentsAsOf", "stragglers", "previous"}

// selection is a random selection of a type, at least one field.
func (g *selecting) selection(of string, deep int) string {
	definition := g.schema.Types[of]
	var parts []string
	for len(parts) == 0 || g.chance(75) && len(parts) < 12 {
		switch n := rapid.IntRange(0, 19).Draw(g.t, "part"); {
		case n == 19 && deep > 0:
			parts = append(parts, "... "+g.directive()+g.selection(of, deep-1))
		case n == 18 && deep > 0:
			parts = append(parts, "... on "+of+" "+g.directive()+g.selection(of, deep-1))
		case n == 17 && deep > 0:
			name := fmt.Sprint("f", len(g.fragments))
			g.fragments = append(g.fragments, "")
			g.fragments[len(g.fragments)-1] = "fragment " + name + " on " + of + " " + g.selection(of, deep-1)
			parts = append(parts, "..."+name+" "+g.directive())
		case n == 16 && of == "Session":
			parts = append(parts, "... on Node "+g.directive()+"{ id }")
		case n == 15:
			parts = append(parts, rapid.SampledFrom([]string{"__typename ", "kind: __typename "}).Draw(g.t, "typename")+g.directive())
		default:
			parts = append(parts, g.field(definition, deep))
		}
	}
	return "{ " + strings.Join(parts, " ") + " }"
}

// field is a random field. Its alias follows from its arguments, so that fields of one alias are
// the same.
func (g *selecting) field(of *ast.Definition, deep int) string {
	f := rapid.SampledFrom(of.Fields).Draw(g.t, "field")
	inner := g.schema.Types[f.Type.Name()].IsCompositeType()
	switch {
	case strings.HasPrefix(f.Name, "__"), slices.Contains(readElsewhere, f.Name):
		return "__typename"
	case inner && deep <= 0:
		return "__typename"
	}
	text := f.Name + " "
	if g.chance(30) {
		text = rapid.SampledFrom([]string{"a_", "b_"}).Draw(g.t, "alias") + f.Name + ": " + text
	}
	if len(f.Arguments) > 0 && g.chance(60) {
		n := rapid.SampledFrom([]int{1, 2, 3, 1000, 0}).Draw(g.t, "n")
		text = fmt.Sprintf("%s_%d: %s(%s: %d) ", f.Name, n, f.Name, f.Arguments[0].Name, n)
	}
	text += g.directive()
	if inner {
		text += g.selection(f.Type.Name(), deep-1)
	}
	return text
}

func (g *selecting) directive() string {
	if !g.chance(15) {
		return ""
	}
	condition := rapid.SampledFrom([]string{"true", "false", "$yes", "$no", "$some"}).Draw(g.t, "condition")
	return rapid.SampledFrom([]string{"@skip", "@include"}).Draw(g.t, "directive") + "(if: " + condition + ") "
}

// aSession is a session with a status, now and then with what does not fit the schema.
func aSession(t *rapid.T) *bos.Session {
	word := rapid.SampledFrom([]string{"", "a", "\"quoted\\\n\x01", "ünïcode\u2028", "\xff", strings.Repeat("long", 70), strings.Repeat("longer", 300)})
	at := rapid.SampledFrom([]bos.Time{"2026-11-22T09:00:00", "2026-11-22T09:00:00.123Z", "2026-11-22T09:00:00", "", "yesterday"})
	count := rapid.IntRange(0, 20_000)
	percent := rapid.SampledFrom([]float64{0, 0.01, 33.33, 100, 1e-7, 1e21})
	s := &bos.Session{
		Incarnation: "1", SessionKey: bos.SessionKey{Tenant: word.Draw(t, "tenant"), Name: word.Draw(t, "name")},
		Operation: bos.OperationReboot, TemplateName: word.Draw(t, "template"), Stage: rapid.Bool().Draw(t, "stage"),
		Source:    rapid.SampledFrom([]bos.Source{bos.SourceBOS, bos.SourceProducer}).Draw(t, "source"),
		State:     rapid.SampledFrom([]bos.State{bos.StatePending, bos.StateRunning, bos.StateComplete}).Draw(t, "state"),
		StartTime: at.Draw(t, "start"), EndTime: at.Draw(t, "end"), Deleted: rapid.Bool().Draw(t, "deleted"),
		Removal: rapid.SampledFrom([]bos.Removal{"", bos.RemovalReopened}).Draw(t, "removal"),
		Details: &bos.SessionDetails{Limit: word.Draw(t, "limit"), Error: word.Draw(t, "error"), InitialComponents: word.Draw(t, "initial")},
	}
	tally := func() bos.Tally {
		return bos.Tally{Managed: count.Draw(t, "managed"), Staged: count.Draw(t, "staged"), Successful: count.Draw(t, "successful"), Active: count.Draw(t, "active")}
	}
	st := &bos.Status{
		Session: s, Revision: int64(count.Draw(t, "revision")), Epoch: word.Draw(t, "epoch"), Tally: tally(),
		Timing: bos.Timing{StartTime: s.StartTime, EndTime: s.EndTime, Duration: time.Duration(count.Draw(t, "ms")) * 12_345 * time.Millisecond},
		AsOf:   time.Unix(int64(count.Draw(t, "as of")), 5), FromSnapshot: rapid.Bool().Draw(t, "frozen"), Stale: rapid.Bool().Draw(t, "stale"),
		GroupCount: 3,
	}
	if rapid.Bool().Draw(t, "saved") {
		st.Saved = &bos.SavedStatus{Managed: 3, Staged: percent.Draw(t, "p"), Phases: bos.Phases{PercentComplete: percent.Draw(t, "q")}}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "groups") {
		st.Errors = append(st.Errors, bos.ErrorGroup{Digest: bos.DigestOf(fmt.Sprint(i)), Message: word.Draw(t, "message"), Count: 1 + i, First: []string{"x1", "x2"}[:1+i%2]})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "points") {
		st.Progress = append(st.Progress, bos.Point{Time: time.Unix(int64(i), 0), Tally: tally()})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "cabinets") {
		st.ByCabinet = append(st.ByCabinet, bos.CabinetCounts{Cabinet: fmt.Sprint("x", i), Counts: tally()})
	}
	if s.Status = st; rapid.IntRange(0, 19).Draw(t, "broken") == 19 {
		st.Session = nil // some resolvers panic
	}
	return s
}
