package cache

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// waitingFor writes down what a session waits for, with all components, page by page.
func (s *suite) waitingFor(key bos.SessionKey, now time.Time) string {
	s.Helper()
	of := s.read(key)
	groups, err := s.store.Waiting(s.ctx, of)
	s.must(err)
	var text []string
	for _, g := range groups {
		var ids []string
		page := bos.Page{First: 2}
		for more := true; more; {
			list, err := s.store.ListWaiting(s.ctx, &g, page, false)
			s.must(err)
			for _, c := range list.Items {
				ids = append(ids, c.ID)
			}
			if more = list.More; more {
				page.After = list.Positions[len(list.Positions)-1]
			}
		}
		since := "unknown"
		if !g.Since.IsZero() {
			since = now.Sub(g.Since).String()
		}
		if len(ids) != g.Count {
			s.Errorf("%s counts %d and lists %q", g.Reason, g.Count, ids)
		}
		text = append(text, fmt.Sprintf("%s since %s: %s", g.Reason, since, strings.Join(ids, " ")))
	}
	return strings.Join(text, "; ")
}

// TestEveryActiveComponentIsWaitedForOnce takes components through what a session can wait for.
func TestEveryActiveComponentIsWaitedForOnce(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		status := func(id, phase, override string) bos.ComponentPatch {
			return bos.ComponentPatch{ID: id, Status: &bos.StatusPatch{Phase: &phase, StatusOverride: &override}}
		}
		called := func(id, phase, action string) bos.ComponentPatch {
			p := status(id, phase, "")
			p.LastAction = &bos.LastActionPatch{Action: &action}
			return p
		}
		attempts := func(p bos.ComponentPatch, n int) bos.ComponentPatch {
			p.EventStats = &bos.EventStatsPatch{PowerOnAttempts: &n}
			return p
		}
		for _, id := range []string{"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8"} {
			s.put(component(id, "a"))
		}
		s.create("a")
		s.state("a", bos.StateRunning)
		clock.pass(time.Minute)
		s.patch(called("x1", "powering_on", bos.ActionPoweringOn), status("x2", "", "on_hold"), status("x3", "configuring", ""),
			attempts(called("x4", "powering_on", bos.ActionPoweringOn), 2), attempts(status("x5", "powering_on", ""), 3),
			status("x6", "", ""), called("x7", "powering_off", bos.ActionPoweringOffGracefully))
		now := clock.pass(4 * time.Minute)
		s.put(bos.ComponentPatch{ID: "y1", StagedState: &bos.StagedStatePatch{Session: new("a")}},
			bos.ComponentPatch{ID: "y2", Session: new("a"), Enabled: new(false), StagedState: &bos.StagedStatePatch{Session: new("a")}})
		s.equal([]string{s.waitingFor(name("a"), now)}, []string{"POWER_ON since 5m0s: x8 x1; ON_HOLD since 4m0s: x2; NOT_STARTED since 4m0s: x6; " +
			"POWER_OFF since 4m0s: x7; CONFIGURING since 4m0s: x3; RETRYING since 4m0s: x4; RETRIES_EXHAUSTED since 5m0s: x5; " +
			"STAGED since unknown: y1; APPLIED_BUT_STAGED since 0s: y2"}, "waited for")
		if st := s.status("a"); st.Tally.Active != 10 {
			s.Errorf("%d are active", st.Tally.Active)
		}

		// Time alone makes them late: nothing is written.
		now = clock.pass(17 * time.Minute)
		got := s.waitingFor(name("a"), now)
		for _, want := range []string{"POWER_ON_OVERDUE since 21m0s: x1", "POWER_ON since 22m0s: x8", "POWER_OFF_OVERDUE since 21m0s: x7"} {
			if !strings.Contains(got, want) {
				s.Errorf("later, %q is not in %s", want, got)
			}
		}

		// A patch of the phase alone does not read the attempts.
		s.patch(status("x4", "powering_off", ""), status("x5", "configuring", ""))
		s.patch(status("x4", "powering_on", ""), status("x5", "powering_on", ""))
		if got := s.waitingFor(name("a"), now); !strings.Contains(got, "RETRYING since 0s: x4; RETRIES_EXHAUSTED since 0s: x5") {
			s.Errorf("attempts are lost: %s", got)
		}
		s.equal(s.recounted(false), []string{}, "found by a recount")
	})
}

// TestBOSsOptionsDecideWhatIsOverdue follows a BOS that waits for longer.
func TestBOSsOptionsDecideWhatIsOverdue(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		action := bos.ActionPoweringOn
		c := component("x1", "a")
		c.LastAction = &bos.LastActionPatch{Action: &action}
		s.put(c)
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning)))
		now := clock.pass(time.Hour)
		s.equal([]string{s.waitingFor(name("a"), now)}, []string{"POWER_ON_OVERDUE since 1h0m0s: x1"}, "with its defaults")
		s.must(s.store.KeepOptions(s.ctx, []byte(`{"max_boot_wait_time": 7200}`)))
		s.equal([]string{s.waitingFor(name("a"), now)}, []string{"POWER_ON since 1h0m0s: x1"}, "with two hours")
	})
}

// TestAPageOfThoseThatWaitFollowsOneThatIsGone turns pages while the last component of each comes to wait for something else, of more that
// began to wait in one second than a page has.
func TestAPageOfThoseThatWaitFollowsOneThatIsGone(t *testing.T) {
	conform(t, func(s *suite) {
		s.clocked()
		s.create("a")
		var all []bos.ComponentPatch
		for i := range 40 {
			all = append(all, component(fmt.Sprintf("x%02d", i), "a"))
		}
		s.put(all...)
		s.state("a", bos.StateRunning)
		groups, err := s.store.Waiting(s.ctx, s.read(name("a")))
		s.must(err)
		var ids []string
		for page := (bos.Page{First: 3}); ; {
			list, err := s.store.ListWaiting(s.ctx, &groups[0], page, false)
			s.must(err)
			for _, c := range list.Items {
				ids = append(ids, c.ID)
			}
			if !list.More {
				break
			}
			page.After = list.Positions[len(list.Positions)-1]
			s.patch(bos.ComponentPatch{ID: ids[len(ids)-1], Status: &bos.StatusPatch{Phase: new("configuring")}})
		}
		if len(ids) != len(all) || ids[0] != "x00" || ids[39] != "x39" {
			s.Errorf("%d components are listed: %s", len(ids), strings.Join(ids, " "))
		}
	})
}

// TestACursorOfAnotherReasonIsTheStart pages all that a session waits for by one argument, as a query does, also after a limit has passed.
func TestACursorOfAnotherReasonIsTheStart(t *testing.T) {
	conform(t, func(s *suite) {
		clock := s.clocked()
		s.create("a")
		var all []bos.ComponentPatch
		add := func(letter string, n int, phase, override, action string) {
			for i := range n {
				all = append(all, bos.ComponentPatch{ID: fmt.Sprint(letter, i), Enabled: new(true), Session: new("a"),
					Status: &bos.StatusPatch{Phase: &phase, StatusOverride: &override}, LastAction: &bos.LastActionPatch{Action: &action}})
			}
			s.put(all[len(all)-n:]...)
		}
		add("p", 2, "powering_on", "", "") // power on is pending
		add("b", 3, "powering_on", "", bos.ActionPoweringOn)
		clock.pass(10 * time.Minute)
		add("d", 3, "powering_on", "", bos.ActionPoweringOn)
		add("h", 5, "powering_on", "on_hold", "")
		add("c", 4, "configuring", "", "")
		s.state("a", bos.StateRunning)
		// lists are the pages of all reasons by one argument: at most so many of each, and the end of each.
		lists := func(first int, after string) (ids map[bos.WaitingReason]string, ends map[bos.WaitingReason]string) {
			s.Helper()
			groups, err := s.store.Waiting(s.ctx, s.read(name("a")))
			s.must(err)
			clock.pass(time.Minute) // counted and listed as of one moment, whatever passes meanwhile
			ids, ends = map[bos.WaitingReason]string{}, map[bos.WaitingReason]string{}
			for _, g := range groups {
				list, err := s.store.ListWaiting(s.ctx, &g, bos.Page{First: first, After: after}, false)
				s.must(err)
				ids[g.Reason] = strings.Join(s.ids(list, nil), " ")
				if n := len(list.Positions); n > 0 {
					ends[g.Reason] = list.Positions[n-1]
				}
			}
			return ids, ends
		}
		check := func(got, want map[bos.WaitingReason]string, what string) {
			s.Helper()
			if !maps.Equal(got, want) {
				s.Errorf("%s: got %v, want %v", what, got, want)
			}
		}
		whole := map[bos.WaitingReason]string{bos.WaitingPowerOn: "p0 p1 b0 b1 b2 d0 d1 d2", bos.WaitingOnHold: "h0 h1 h2 h3 h4", bos.WaitingConfiguring: "c0 c1 c2 c3"}
		ids, ends := lists(3, "")
		check(ids, map[bos.WaitingReason]string{bos.WaitingPowerOn: "p0 p1 b0", bos.WaitingOnHold: "h0 h1 h2", bos.WaitingConfiguring: "c0 c1 c2"}, "first pages")
		for reason, rest := range map[bos.WaitingReason]string{bos.WaitingPowerOn: "b1 b2 d0 d1 d2", bos.WaitingOnHold: "h3 h4", bos.WaitingConfiguring: "c3"} {
			want := maps.Clone(whole)
			want[reason] = rest
			got, _ := lists(100, ends[reason])
			check(got, want, "after the end of "+string(reason))
		}
		clock.pass(5*time.Minute + 30*time.Second)
		ids, _ = lists(100, "")
		check(ids, whole, "while the limit passes")
		late := map[bos.WaitingReason]string{bos.WaitingPowerOn: "d0 d1 d2", bos.WaitingPowerOnOverdue: "b0 b1 b2", bos.WaitingOnHold: whole[bos.WaitingOnHold],
			bos.WaitingConfiguring: whole[bos.WaitingConfiguring]}
		got, _ := lists(100, ends[bos.WaitingPowerOn])
		check(got, late, "after the limit")
		for _, wrong := range []string{"1 2 x1", "POWER_ON 1", "POWER_ON x y"} {
			groups, err := s.store.Waiting(s.ctx, s.read(name("a")))
			s.must(err)
			_, err = s.store.ListWaiting(s.ctx, &groups[0], bos.Page{First: 1, After: wrong}, false)
			s.code(err, bos.BadUserInput)
		}
	})
}

// TestAPageOfThoseThatWaitIsNotMovedByOthers has others come and leave, and the last one of a page leave, between the reads for a page.
func TestAPageOfThoseThatWaitIsNotMovedByOthers(t *testing.T) {
	conform(t, func(s *suite) {
		s.clocked()
		s.create("a")
		writer := s.open(nil)
		ids := func(letter string, n int) (all []string) {
			for i := range n {
				all = append(all, fmt.Sprintf("%s%03d", letter, i))
			}
			return all
		}
		to := func(phase string, ids []string) {
			var all []bos.ComponentPatch
			for _, id := range ids {
				all = append(all, bos.ComponentPatch{ID: id, Enabled: new(true), Session: new("a"), Status: &bos.StatusPatch{Phase: &phase}})
			}
			s.applied(len(all))(writer.PutComponents(s.ctx, all))
		}
		others, waiting := ids("a", 30), ids("x", 60)
		to("", others) // not started, which comes before
		to("configuring", waiting)
		s.state("a", bos.StateRunning)
		groups, err := s.store.Waiting(s.ctx, s.read(name("a")))
		s.must(err)
		leave := func(ids []string) {
			var all []bos.ComponentPatch
			for _, id := range ids {
				all = append(all, done(id))
			}
			s.applied(len(all))(writer.PatchComponents(s.ctx, all))
		}
		for what, leaving := range map[string][]string{"others": others, "some before": waiting[:20], "the last": waiting[39:40]} {
			to("", others)
			to("configuring", waiting)
			page := bos.Page{First: 10}
			for i := range 4 { // then 40 of the same second are passed
				list, err := s.store.ListWaiting(s.ctx, &groups[0], page, false)
				s.equal(s.ids(list, err), waiting[i*10:i*10+10], what)
				page.After = list.Positions[9]
			}
			for n := 1; n < 4; n++ { // between which reads
				to("", others)
				to("configuring", waiting)
				s.after(n, func() { leave(leaving) })
				list, err := s.store.ListWaiting(s.ctx, &groups[0], page, false)
				s.equal(s.ids(list, err), waiting[40:50], fmt.Sprintf("%s after read %d", what, n))
				s.after(0, nil)
			}
		}
	})
}
