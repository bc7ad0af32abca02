package cache

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// modelStay is a component's time in a session as the calls have made it: the phases with their moments,
// where the store has sums.
type modelStay struct {
	name    string
	joined  time.Time
	left    time.Time
	outcome bos.ComponentOutcome
	error   string
	moves   []modelMove
	in      []string // "tenant start" of the sessions of the name when it was left
	failed  bool     // at any time
}

type modelMove struct {
	to bos.Phase
	at time.Time
}

// follow notes who has come to another session, or to another phase, since before.
func (m *model) follow(before map[string]bos.Component) {
	now := m.clock.Now().Truncate(time.Second)
	ids := maps.Clone(before)
	maps.Copy(ids, m.components)
	for id := range ids {
		old, was := before[id]
		c, is := m.components[id]
		stays := m.stays[id]
		if was && old.Session != "" && (!is || c.Session != old.Session) {
			last := stays[len(stays)-1]
			last.left, last.outcome, last.error, last.in = now, old.Outcome(), old.Error, m.existing(id, old.Session)
			if last.outcome == bos.StayActive {
				last.outcome = bos.StayRemoved
				if c.Session != "" {
					last.outcome = bos.StayTakenOver
				}
			}
		}
		switch {
		case !is || c.Session == "":
		case !was || c.Session != old.Session:
			m.stays[id] = append(stays, &modelStay{name: c.Session, joined: now, moves: []modelMove{{c.Phase.Kind(), now}}})
		case c.Phase.Kind() != old.Phase.Kind():
			last := stays[len(stays)-1]
			last.moves = append(last.moves, modelMove{c.Phase.Kind(), now})
		}
		if is && c.Session != "" && c.Status() == bos.StatusFailed && !(was && old.Session == c.Session && old.Status() == bos.StatusFailed) {
			m.fail(id, c)
		}
	}
}

// existing are the sessions of a name that a component counts in.
func (m *model) existing(id, name string) (all []string) {
	for _, key := range modelScopes() {
		if s := m.sessions[key]; s != nil && key.Name == name && (key.Tenant == "" || m.owners[id][key.Tenant]) {
			all = append(all, key.Tenant+" "+string(s.StartTime))
		}
	}
	return all
}

// remains says whether one of the sessions of existing has not been removed since.
func (m *model) remains(name, one string) bool {
	is := func(s *modelSession) bool { return s.Name == name && s.Tenant+" "+string(s.StartTime) == one }
	return slices.ContainsFunc(m.history, is) || slices.ContainsFunc(slices.Collect(maps.Values(m.sessions)), is)
}

// shows spells out the stays of a component, newest first, each with its sessions.
func (m *model) shows(id string) (all []string) {
	for _, s := range slices.Backward(m.stays[id]) {
		end, c := s.left, m.components[id]
		outcome, text, in := s.outcome, s.error, s.in
		if end.IsZero() {
			end, outcome, text, in = m.clock.Now().Truncate(time.Second), c.Outcome(), c.Error, m.existing(id, s.name)
		}
		spent := map[bos.Phase]float64{}
		for i, move := range s.moves {
			until := end
			if i+1 < len(s.moves) {
				until = s.moves[i+1].at
			}
			spent[move.to] += until.Sub(move.at).Seconds()
		}
		in = slices.DeleteFunc(slices.Clone(in), func(one string) bool { return !m.remains(s.name, one) })
		maps.DeleteFunc(spent, func(_ bos.Phase, seconds float64) bool { return seconds == 0 })
		all = append(all, fmt.Sprint(s.name, s.joined.Unix(), " ", s.left.Unix(), outcome, text[:min(len(text), 50)], spent, in))
	}
	return all[:min(len(all), bos.MaxStays)]
}

// checkStays compares the sessions of each component, and what pages and tenants see of them.
func (x *machine) checkStays(rt *rapid.T) {
	for _, id := range modelIDs {
		read := func(view bos.ComponentView, page bos.Page) *bos.List[*bos.ComponentSession] {
			list, err := x.store.ComponentSessions(x.ctx, view, page, new(bos.Want{}))
			if err != nil {
				rt.Fatal(err)
			}
			return list
		}
		whole := read(bos.ComponentView{ID: id}, bos.Page{First: bos.MaxPage})
		if got, want := spelled(whole), x.model.shows(id); !slices.Equal(got, want) {
			rt.Fatalf("component %s was in\n%s\nwant\n%s", id, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, s := range whole.Items {
			x.checkSessionOf(rt, id, s)
		}
		var paged []string
		for page := (bos.Page{First: 2}); ; {
			part := read(bos.ComponentView{ID: id}, page)
			paged = append(paged, part.Positions...)
			if !part.More {
				break
			}
			page.After = part.Positions[len(part.Positions)-1]
		}
		if !slices.Equal(paged, whole.Positions) {
			rt.Fatalf("the pages of component %s are %q, the whole is %q", id, paged, whole.Positions)
		}
		for _, tenant := range modelTenants {
			var want []string
			for i, s := range whole.Items {
				if s.Tenant == tenant {
					want = append(want, whole.Positions[i])
				}
			}
			if got := read(bos.ComponentView{ID: id, Tenant: &tenant}, bos.Page{First: bos.MaxPage}).Positions; !slices.Equal(got, want) {
				rt.Fatalf("%s sees %q of component %s, want %q", tenant, got, id, want)
			}
		}
	}
}

// checkSessionOf wants a session to be there as long as the model has it.
func (x *machine) checkSessionOf(rt *rapid.T, id string, s *bos.ComponentSession) {
	if s.Session != nil && (s.Session.SessionKey != s.SessionKey) {
		rt.Fatalf("component %s was in %s, and the session is %s", id, s.SessionKey, s.Session.SessionKey)
	}
	if s.Left.IsZero() && (s.Session != nil) != (x.model.sessions[s.SessionKey] != nil) {
		rt.Fatalf("component %s is in %s, whose session is %v", id, s.SessionKey, s.Session)
	}
}

// spelled is what model.shows says of the same.
func spelled(list *bos.List[*bos.ComponentSession]) (all []string) {
	stayOf := func(i int) string { return list.Positions[i][:strings.LastIndex(list.Positions[i], " ")] }
	for i := 0; i < len(list.Items); {
		s, at, in := list.Items[i], stayOf(i), []string(nil)
		for ; i < len(list.Items) && stayOf(i) == at; i++ {
			if one := list.Items[i]; one.Session != nil {
				in = append(in, one.Tenant+" "+string(one.Session.StartTime))
			}
		}
		spent := map[bos.Phase]float64{}
		for _, p := range s.Phases {
			spent[p.Phase] = p.Seconds
		}
		all = append(all, fmt.Sprint(s.Name, s.Joined.Unix(), " ", s.Left.Unix(), s.Outcome, s.Error[:min(len(s.Error), 50)], spent, in))
	}
	return all
}
