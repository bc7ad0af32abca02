package cache

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// Invariant 5: a status read does not grow with the system, and is lazy.

// trips counts round trips and commands of a store.
type trips struct {
	trips    int
	commands []string
	words    int // of all commands: keys, members and values
}

func (t *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (t *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		t.trips++
		t.add(cmd)
		return next(ctx, cmd)
	}
}

func (t *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		t.trips++
		for _, cmd := range cmds {
			t.add(cmd)
		}
		return next(ctx, cmds)
	}
}

func (t *trips) add(cmd redis.Cmder) {
	t.commands = append(t.commands, cmd.Name())
	t.words += len(cmd.Args())
}

// count returns what do needs, once the scripts are known to Redis.
func (s *suite) count(do func() error) trips {
	s.Helper()
	s.must(do())
	counted := &trips{}
	s.store.db.Client.AddHook(counted)
	s.must(do())
	got := *counted
	return got
}

func TestStatusReadIsConstant(t *testing.T) {
	conform(t, func(s *suite) {
		read := func(session string, want bos.Want) func() error {
			return func() error {
				_, err := s.store.ReadSessions(s.ctx, []bos.SessionRead{{SessionKey: name(session), Want: want}})
				return err
			}
		}
		s.create("a")
		s.put(failing("x1", "a", "broken"))
		small := s.count(read("a", everything))
		var batch []bos.ComponentPatch
		for i := range 3000 {
			batch = append(batch, failing(fmt.Sprintf("x%d", i), "a", "broken"))
		}
		s.put(batch...)
		large := s.count(read("a", everything))
		if small.trips != 1 || large.trips != 1 || !slices.Equal(small.commands, large.commands) {
			s.Errorf("1 component takes %+v, 3,000 take %+v", small, large)
		}
		s.state("a", bos.StateComplete)
		if frozen := s.count(read("a", everything)); frozen.trips != 1 {
			s.Errorf("a frozen status takes %+v", frozen)
		}
		for _, c := range []struct {
			want     bos.Want
			commands []string
		}{
			{bos.Want{}, []string{"hmget"}},
			{bos.Want{Status: true}, []string{"hmget"}},
			{bos.Want{Status: true, Epoch: true}, []string{"hget", "hmget"}},
			{bos.Want{Status: true, GroupCount: true}, []string{"hmget", "zcard", "zcard"}},
			{bos.Want{Status: true, Groups: 5, GroupCount: true}, []string{"evalsha_ro"}},
			{bos.Want{Details: true}, []string{"hmget", "hmget"}},
		} {
			if got := s.count(read("a", c.want)); got.trips != 1 || !slices.Equal(got.commands, c.commands) {
				s.Errorf("%+v takes %+v, want %v in one round trip", c.want, got, c.commands)
			}
		}
	})
}

func TestListOfSessionsIsTwoRoundTrips(t *testing.T) {
	conform(t, func(s *suite) {
		for i := range 30 {
			s.create(fmt.Sprintf("a%02d", i))
		}
		got := s.count(func() error {
			_, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, bos.Page{First: 20}, everything, true)
			return err
		})
		if got.trips != 2 {
			s.Errorf("a page of sessions with all of their status takes %d round trips: %v", got.trips, got.commands)
		}
	})
}

// TestAWalkReadsNoRecordsOfOthers lists sessions of one tenant, and of one name, among others: as many records are
// read with 30 of them as with none.
func TestAWalkReadsNoRecordsOfOthers(t *testing.T) {
	conform(t, func(s *suite) {
		s.createAs(bos.NewSession{SessionKey: bos.SessionKey{Tenant: "blue", Name: "one"}})
		filters := []bos.SessionFilter{{Tenant: new("blue")}, {Name: new("one")}}
		reads := func() (all []string) {
			for _, f := range filters {
				got := s.count(func() error {
					list, err := s.store.ListSessions(s.ctx, f, bos.Page{First: 20}, everything, false)
					if err == nil && len(list.Items) != 1 {
						err = fmt.Errorf("%d sessions pass", len(list.Items))
					}
					return err
				})
				all = append(all, strings.Join(got.commands, " "))
			}
			return all
		}
		alone := reads()
		for i := range 30 {
			s.create(fmt.Sprint("a", i))
			s.state(fmt.Sprint("a", i), bos.StateComplete)
		}
		s.equal(reads(), alone, "the commands that Redis is asked")
	})
}

// Paging and filters.

func TestSessionsArePagedNewestFirst(t *testing.T) {
	conform(t, func(s *suite) {
		var newestFirst []string
		for i := range 25 { // five start in one second
			n := bos.NewSession{SessionKey: name(fmt.Sprintf("a%02d", i)), StartTime: bos.Time(fmt.Sprintf("2026-11-22T09:%02d:00", i/5))}
			if i%2 == 0 {
				n.Tenant = "blue"
			}
			newestFirst = append(newestFirst, schema.SessionPosition(s.createAs(n)))
		}
		slices.Sort(newestFirst)
		slices.Reverse(newestFirst)
		var got []string
		page := bos.Page{First: 4}
		for {
			list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, page, bos.Want{}, true)
			s.must(err)
			if *list.Total != 25 {
				s.Fatalf("%d sessions in all", *list.Total)
			}
			got = append(got, list.Positions...)
			if !list.More {
				break
			}
			page.After = list.Positions[len(list.Positions)-1]
		}
		s.equal(got, newestFirst, "all pages")

		s.state("a23", bos.StateRunning) // has no component: completes
		_, err := s.store.UpdateSession(s.ctx, name("a21"), bos.SessionUpdate{State: new(bos.StateComplete), EndTime: new(bos.Time("2026-11-23T09:00:00"))})
		s.must(err)
		_, err = s.store.UpdateSession(s.ctx, name("a19"), bos.SessionUpdate{Error: new("no such template")})
		s.must(err)
		failed := func(id, session string) bos.ComponentPatch {
			c := component(id, session)
			c.Status.StatusOverride = new("failed")
			return c
		}
		s.put(failed("x1", "a17"), failed("x2", "a15"))
		_, err = s.store.UpdateSession(s.ctx, name("a15"), bos.SessionUpdate{State: new(bos.StateComplete), EndTime: new(bos.Time("2030-11-23T09:00:00"))})
		s.must(err)
		s.put(component("x2", "a13")) // a newer session takes it over: a15 had failed components at its end
		for what, c := range map[string]struct {
			filter bos.SessionFilter
			want   int
		}{
			"name":         {bos.SessionFilter{Name: new("a03")}, 1},
			"tenant":       {bos.SessionFilter{Tenant: new("blue")}, 13},
			"none":         {bos.SessionFilter{Tenant: new("")}, 12},
			"state":        {bos.SessionFilter{Status: new(bos.StateComplete)}, 3},
			"template":     {bos.SessionFilter{TemplateName: new("other")}, 0},
			"after":        {bos.SessionFilter{StartedAfter: new(bos.Time("2026-11-22T09:03:00Z"))}, 5},
			"before":       {bos.SessionFilter{StartedBefore: new(bos.Time("2026-11-22T09:01:00Z"))}, 5},
			"ended after":  {bos.SessionFilter{EndedAfter: new(bos.Time("2026-11-22T09:00:00"))}, 3},
			"ended before": {bos.SessionFilter{EndedBefore: new(bos.Time("2026-11-23T09:00:00.5Z"))}, 1},
			"ended between": {bos.SessionFilter{EndedAfter: new(bos.Time("2026-11-23T08:59:59")),
				EndedBefore: new(bos.Time("2026-11-23T09:00:00"))}, 0},
			"with failures":    {bos.SessionFilter{WithFailures: new(true)}, 3},
			"without failures": {bos.SessionFilter{WithFailures: new(false)}, 22},
			"failed, ended":    {bos.SessionFilter{WithFailures: new(true), Status: new(bos.StateComplete)}, 1},
			"both": {bos.SessionFilter{Operation: new(bos.OperationBoot), Tenant: new("blue"),
				StartedAfter: new(bos.Time("2026-11-22T09:00:59.5")), StartedBefore: new(bos.Time("2026-11-22T09:02:00"))}, 2},
		} {
			list, err := s.store.ListSessions(s.ctx, c.filter, bos.Page{First: 100}, bos.Want{}, true)
			s.must(err)
			if len(list.Items) != c.want || list.More || list.Total != nil {
				s.Errorf("%s: %d sessions, more %v, total %v; want %d", what, len(list.Items), list.More, list.Total, c.want)
			}
		}
	})
}

// TestSessionsOfOneStartAreListedByCreation creates them one after the other within a second, in which they get the same start.
func TestSessionsOfOneStartAreListedByCreation(t *testing.T) {
	conform(t, func(s *suite) {
		time0 := s.clocked()
		var want, got []string
		for i := range 9 {
			made := s.create(fmt.Sprint("a", i))
			want = append([]string{made.Name}, want...)
			time0.pass(time.Millisecond)
		}
		list, err := s.store.ListSessions(s.ctx, bos.SessionFilter{}, bos.Page{First: 10}, bos.Want{}, false)
		s.must(err)
		for _, one := range list.Items {
			got = append(got, one.Name)
		}
		s.equal(got, want, "newest first")
	})
}

// TestStartsAreComparedToTheLastDigit: the positions of a list know microseconds.
func TestStartsAreComparedToTheLastDigit(t *testing.T) {
	conform(t, func(s *suite) {
		early, late := bos.Time("2026-11-22T09:00:00.1234561Z"), bos.Time("2026-11-22T09:00:00.1234569Z")
		one := s.createAs(bos.NewSession{SessionKey: name("early"), StartTime: early})
		s.createAs(bos.NewSession{SessionKey: name("late"), StartTime: late})
		for _, c := range []struct {
			after, before bos.Time
			want          []string
		}{
			{"2026-11-22T09:00:00.1234563Z", "", []string{"late"}},
			{"", "2026-11-22T09:00:00.1234565Z", []string{"early"}},
			{early, late, []string{}},
			{"2026-11-22T09:00:00.123456Z", "2026-11-22T09:00:00.123457Z", []string{"early", "late"}},
			{"9999-12-31T23:59:59.999999999Z", "", []string{}},
		} {
			var f bos.SessionFilter
			if c.after != "" {
				f.StartedAfter = &c.after
			}
			if c.before != "" {
				f.StartedBefore = &c.before
			}
			names := []string{}
			for page, more := (bos.Page{First: 1}), true; more; { // one at a time: none may be lost between two pages
				list, err := s.store.ListSessions(s.ctx, f, page, bos.Want{}, false)
				s.must(err)
				for i, one := range list.Items {
					names, page.After = append(names, one.Name), list.Positions[i]
				}
				more = list.More
			}
			slices.Sort(names)
			s.equal(names, c.want, fmt.Sprintf("started after %q and before %q", c.after, c.before))
		}
		for start, want := range map[bos.Time]string{early: one.Incarnation, late: ""} {
			found, err := s.store.SessionStarted(s.ctx, name("early"), start)
			s.must(err)
			if found != want {
				s.Errorf("started at %s: %q, want %q", start, found, want)
			}
		}
	})
}

func TestComponentsArePagedByID(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		var batch []bos.ComponentPatch
		for i := range 40 {
			c := component(fmt.Sprintf("x%d", i), "a") // not in the order of their ids
			switch {
			case i%10 == 0:
				c.StagedState = &bos.StagedStatePatch{Session: new("a")} // counts twice
			case i%4 == 0:
				c.Session, c.StagedState = new("b"), &bos.StagedStatePatch{Session: new("a")}
			case i%3 == 0:
				c.Session, c.Error = new("b"), new("broken")
			case i%7 == 0: // not read while a filter looks through components
				c.Session, c.Error = new("b"), new(strings.Repeat("long ", 100))
			}
			batch = append(batch, c)
		}
		s.put(batch...)
		expect := func(pass func(i int, c bos.ComponentPatch) bool) []string {
			ids := []string{}
			for i, c := range batch {
				if pass(i, c) {
					ids = append(ids, c.ID)
				}
			}
			slices.Sort(ids)
			return ids
		}
		isStaged := func(i int) bool { return i%10 == 0 || i%4 == 0 }
		broken := func(_ int, c bos.ComponentPatch) bool { return c.Error != nil && *c.Error == "broken" }
		inA := func(_ int, c bos.ComponentPatch) bool { return *c.Session == "a" }
		for what, c := range map[string]struct {
			of     *bos.MembersOf
			filter bos.ComponentFilter
			want   []string
			total  bool
		}{
			"all":            {nil, bos.ComponentFilter{}, expect(func(int, bos.ComponentPatch) bool { return true }), true},
			"session":        {nil, bos.ComponentFilter{Session: new("a")}, expect(inA), true},
			"no session":     {nil, bos.ComponentFilter{Session: new("")}, []string{}, false},
			"staged":         {nil, bos.ComponentFilter{StagedSession: new("a")}, expect(func(i int, _ bos.ComponentPatch) bool { return isStaged(i) }), true},
			"error":          {nil, bos.ComponentFilter{Error: new("broken")}, expect(broken), true},
			"no error":       {nil, bos.ComponentFilter{Error: new("")}, expect(func(_ int, c bos.ComponentPatch) bool { return c.Error == nil }), false},
			"ids":            {nil, bos.ComponentFilter{IDs: []string{"x7", "x30", "y", "x7"}}, []string{"x30", "x7"}, true},
			"has error":      {nil, bos.ComponentFilter{HasError: new(true)}, expect(func(_ int, c bos.ComponentPatch) bool { return c.Error != nil }), false},
			"has none":       {nil, bos.ComponentFilter{HasError: new(false)}, expect(func(_ int, c bos.ComponentPatch) bool { return c.Error == nil }), false},
			"prefix":         {nil, bos.ComponentFilter{IDPrefix: new("x3")}, expect(func(_ int, c bos.ComponentPatch) bool { return strings.HasPrefix(c.ID, "x3") }), true},
			"no prefix":      {nil, bos.ComponentFilter{IDPrefix: new("")}, expect(func(int, bos.ComponentPatch) bool { return true }), true},
			"prefix of none": {nil, bos.ComponentFilter{IDPrefix: new("x40")}, []string{}, true},
			"prefix in a session": {nil, bos.ComponentFilter{IDPrefix: new("x1"), Session: new("a")},
				expect(func(i int, c bos.ComponentPatch) bool { return strings.HasPrefix(c.ID, "x1") && inA(i, c) }), true},
			"prefix and error": {nil, bos.ComponentFilter{IDPrefix: new("x3"), Error: new("broken")},
				expect(func(i int, c bos.ComponentPatch) bool { return strings.HasPrefix(c.ID, "x3") && broken(i, c) }), true},
			"prefix, has error": {nil, bos.ComponentFilter{IDPrefix: new("x3"), HasError: new(true)},
				expect(func(_ int, c bos.ComponentPatch) bool { return strings.HasPrefix(c.ID, "x3") && c.Error != nil }), false},
			"prefix and ids": {nil, bos.ComponentFilter{IDPrefix: new("x3"), IDs: []string{"x1", "x3", "x33"}}, []string{"x3", "x33"}, true},
			"of a, prefix": {&bos.MembersOf{Session: s.read(name("a"))}, bos.ComponentFilter{IDPrefix: new("x1")},
				expect(func(i int, c bos.ComponentPatch) bool {
					return strings.HasPrefix(c.ID, "x1") && (*c.Session == "a" || isStaged(i))
				}), false},
			"ids in a": {nil, bos.ComponentFilter{IDs: []string{"x3", "x1"}, Session: new("a")}, []string{"x1"}, true},
			"phase":    {nil, bos.ComponentFilter{Phase: new(bos.PhaseConfiguring)}, []string{}, false},
			"status":   {nil, bos.ComponentFilter{Status: new(bos.StatusPowerOnPending), Session: new("a")}, expect(inA), false},
			"enabled":  {nil, bos.ComponentFilter{Enabled: new(false)}, []string{}, false},
			"of a": {&bos.MembersOf{Session: s.read(name("a"))}, bos.ComponentFilter{},
				expect(func(i int, c bos.ComponentPatch) bool { return *c.Session == "a" || isStaged(i) }), true},
			"of a, with session b": {&bos.MembersOf{Session: s.read(name("a"))}, bos.ComponentFilter{Session: new("b")},
				expect(func(i int, c bos.ComponentPatch) bool { return *c.Session == "b" && isStaged(i) }), false},
			"of a, by ids": {&bos.MembersOf{Session: s.read(name("a"))}, bos.ComponentFilter{IDs: []string{"x9", "x8", "y", "x1", "x30", "x3", "x2", "x1"}},
				expect(func(i int, _ bos.ComponentPatch) bool { return slices.Contains([]int{1, 2, 8, 30}, i) }), true},
			"of a, by ids, with session b": {&bos.MembersOf{Session: s.read(name("a"))},
				bos.ComponentFilter{IDs: []string{"x9", "x8", "x4", "x1"}, Session: new("b")},
				expect(func(i int, _ bos.ComponentPatch) bool { return i == 4 || i == 8 }), true},
			"of the group in b, by ids": {&bos.MembersOf{Session: &bos.Session{SessionKey: name("b")}, Group: bos.DigestOf("broken")},
				bos.ComponentFilter{IDs: []string{"x9", "x8", "x3"}}, []string{"x3", "x9"}, true},
			"of the group in b": {&bos.MembersOf{Session: &bos.Session{SessionKey: name("b")}, Group: bos.DigestOf("broken")},
				bos.ComponentFilter{}, expect(broken), true},
		} {
			got := []string{}
			page := bos.Page{First: 3}
			for {
				list, err := s.store.ListComponents(s.ctx, c.of, c.filter, page, true, true)
				s.must(err)
				if c.total != (list.Total != nil) || c.total && *list.Total != len(c.want) {
					s.Errorf("%s: total %v, want %d", what, list.Total, len(c.want))
				}
				got = append(got, s.ids(list, nil)...)
				if !list.More {
					break
				}
				page.After = list.Positions[len(list.Positions)-1]
			}
			s.equal(got, c.want, what)
		}
	})
}

// TestAFilterByALongErrorReadsNoOther looks for the last of components whose errors hold far more bytes than an answer.
func TestAFilterByALongErrorReadsNoOther(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		var batch []bos.ComponentPatch
		for i := range 40 {
			batch = append(batch, failing(fmt.Sprintf("x%02d", i), "a", fmt.Sprintf("%02d ", i)+strings.Repeat("long ", 2000)))
		}
		s.put(batch...)
		for what, f := range map[string]bos.ComponentFilter{"in a session": {}, "of many": {Enabled: new(true)}, "by ids": {IDs: []string{"x01", "x39"}}} {
			f.Error = batch[39].Error
			ctx, effort := (&cost.Limits{Response: 50_000}).WithEffort(s.ctx)
			list, err := s.store.ListComponents(ctx, &bos.MembersOf{Session: s.read(name("a"))}, f, bos.Page{First: 3}, false, false)
			effort.Done()
			s.equal(s.ids(list, err), []string{"x39"}, what)
			if list.More || list.Items[0].Error != *f.Error {
				s.Errorf("%s: more %v, and an error of %d bytes", what, list.More, len(list.Items[0].Error))
			}
		}
	})
}

func TestRecordsComeBackWhole(t *testing.T) {
	conform(t, func(s *suite) {
		whole := component("x1", "a")
		whole.RetryPolicy = new(3)
		whole.Status.StatusOverride = new("on_hold")
		art := &bos.BootArtifactsPatch{Kernel: new("k"), Initrd: new("i"), KernelParameters: new("p \"quoted\" \u2028")}
		at := bos.Time("2026-11-22T09:00:00.5+00:00")
		whole.DesiredState = &bos.DesiredStatePatch{BootArtifacts: art, Configuration: new("c"), BssToken: new("t"), LastUpdated: &at}
		whole.ActualState = &bos.ActualStatePatch{BootArtifacts: art}
		whole.StagedState = &bos.StagedStatePatch{Session: new("b"), Configuration: new("c2")}
		whole.LastAction = &bos.LastActionPatch{Action: new("powering_on"), Failed: new(true), LastUpdated: &at}
		whole.EventStats = &bos.EventStatsPatch{PowerOnAttempts: new(2)}
		bare := bos.ComponentPatch{ID: "x2"}
		s.put(whole, bare)
		want := whole.NewComponent()
		check := func(what string) {
			s.Helper()
			found, err := s.store.ReadComponents(s.ctx, []string{"x1", "x2", "x3"}, true)
			s.must(err)
			if fmt.Sprint(deref(*found[0])) != fmt.Sprint(deref(want)) {
				s.Errorf("%s: got %v, want %v", what, deref(*found[0]), deref(want))
			}
			if found[1].StatusSince = (time.Time{}); *found[1] != bare.NewComponent() || found[2] != nil {
				s.Errorf("%s: an empty record is %+v, one that is not there %+v", what, found[1], found[2])
			}
		}
		check("put")
		s.patch(bos.ComponentPatch{ID: "x1", Error: new("e")}) // leaves the rest alone
		want.Error = "e"
		check("patched")
		s.patch(bos.ComponentPatch{ID: "x1", LastAction: &bos.LastActionPatch{Failed: new(false)}})
		want.LastAction = &bos.LastAction{Action: "powering_on", LastUpdated: at}
		check("patched in a detail")
	})
}

// deref lists a component with its optional parts as values.
func deref(c bos.Component) []any {
	return []any{c.ID, c.Enabled, c.Error, c.Session, *c.RetryPolicy, c.StatusRecord, *c.DesiredState, *c.ActualState,
		*c.StagedState, *c.LastAction, *c.EventStats}
}

// TestSessionsThatAreLookedThroughCount has a filter look through more sessions than are read at a time.
func TestSessionsThatAreLookedThroughCount(t *testing.T) {
	conform(t, func(s *suite) {
		const all = walkChunk + 3
		for i := range all {
			s.createAs(bos.NewSession{SessionKey: bos.SessionKey{Tenant: "blue", Name: fmt.Sprint("s", i)}})
		}
		long := bos.Time("2000-01-01T00:00:00")
		for what, c := range map[string]struct {
			filter bos.SessionFilter
			looks  int
		}{
			"none":            {bos.SessionFilter{}, 0},
			"by start":        {bos.SessionFilter{StartedAfter: &long}, 0},
			"before all":      {bos.SessionFilter{StartedBefore: &long, TemplateName: new("t")}, 0},
			"the newest pass": {bos.SessionFilter{Tenant: new("blue")}, walkChunk},
			"none pass":       {bos.SessionFilter{TemplateName: new("zz")}, all},
			"another tenant":  {bos.SessionFilter{Tenant: new("red")}, all},
			"by name":         {bos.SessionFilter{Name: new("s0")}, all},
			"by end":          {bos.SessionFilter{EndedAfter: &long}, all},
			"by failures":     {bos.SessionFilter{WithFailures: new(true)}, all},
		} {
			within := func(scan int) error {
				ctx, effort := (&cost.Limits{Response: 1 << 20, Scan: scan}).WithEffort(s.ctx)
				defer effort.Done()
				s.must(cost.EffortOf(ctx).Scan(ctx, 1)) // by something else
				_, err := s.store.ListSessions(ctx, c.filter, bos.Page{First: 1}, bos.Want{}, false)
				return err
			}
			if err := within(c.looks + 1); err != nil {
				s.Errorf("%s: %v", what, err)
			}
			if c.looks == 0 {
				continue
			}
			err := within(c.looks)
			s.code(err, bos.BadUserInput)
			if !strings.Contains(fmt.Sprint(err), "startedAfter") {
				s.Errorf("%s: %v says nothing of how to narrow it", what, err)
			}
		}
	})
}

// TestWhatIsNotOverIsFoundAmongTheNewest lists sessions by a state that is not the last: the walk ends with the last of those that are not
// over, however many are older.
func TestWhatIsNotOverIsFoundAmongTheNewest(t *testing.T) {
	conform(t, func(s *suite) {
		const all = walkChunk + 3
		newest, oldest := fmt.Sprint("s", all-1), "s0"
		for i := range all {
			one := s.createAs(bos.NewSession{SessionKey: name(fmt.Sprint("s", i)), StartTime: bos.TimeOf(time.Unix(int64(i), 0))})
			if one.Name != newest && one.Name != oldest {
				s.state(one.Name, bos.StateComplete)
			}
		}
		pending, running := bos.StatePending, bos.StateRunning
		listed := func(f bos.SessionFilter, looks int) (names []string) {
			s.Helper()
			ctx, effort := (&cost.Limits{Response: 1 << 20, Scan: looks}).WithEffort(s.ctx)
			defer effort.Done()
			list, err := s.store.ListSessions(ctx, f, bos.Page{First: 10}, bos.Want{}, false)
			s.must(err)
			for _, one := range list.Items {
				names = append(names, one.Name)
			}
			if list.More {
				s.Error("more are said to follow")
			}
			return names
		}
		s.equal(listed(bos.SessionFilter{Status: &pending}, all), []string{newest, oldest}, "of the oldest and the newest")
		s.put(component("x1", newest)) // or it would be complete at once
		s.state(newest, bos.StateRunning)
		s.equal(listed(bos.SessionFilter{Status: &running}, all), []string{newest}, "of which one runs")
		s.equal(listed(bos.SessionFilter{Status: &pending}, all), []string{oldest}, "and the other does not")
		s.state(oldest, bos.StateComplete)
		s.equal(listed(bos.SessionFilter{Status: &running}, walkChunk), []string{newest}, "of the newest")
		s.equal(listed(bos.SessionFilter{Status: &pending, Tenant: new("red")}, walkChunk), nil, "of none")
		s.state(newest, bos.StateComplete)
		s.equal(listed(bos.SessionFilter{Status: &running}, walkChunk), nil, "when all are complete")
	})
}
