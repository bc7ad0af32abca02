package bos_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

func TestAddCountsEveryMark(t *testing.T) {
	all := bos.MarkSuccessful | bos.MarkFailed | bos.MarkConfiguring | bos.MarkPoweringOff | bos.MarkPoweringOn | bos.MarkActive
	tests := []struct {
		name string
		k    bos.Contribution
		want bos.Tally // of session s
	}{
		{"of no session", bos.Contribution{}, bos.Tally{}},
		{"of another", bos.Contribution{Session: "other", Staged: "other", Marks: all}, bos.Tally{}},
		{"no marks", bos.Contribution{Session: "s"}, bos.Tally{Managed: 1}},
		{"successful", bos.Contribution{Session: "s", Marks: bos.MarkSuccessful}, bos.Tally{Managed: 1, Successful: 1}},
		{"failed", bos.Contribution{Session: "s", Marks: bos.MarkFailed}, bos.Tally{Managed: 1, Failed: 1}},
		{"configuring", bos.Contribution{Session: "s", Marks: bos.MarkConfiguring}, bos.Tally{Managed: 1, Configuring: 1}},
		{"powering off", bos.Contribution{Session: "s", Marks: bos.MarkPoweringOff}, bos.Tally{Managed: 1, PoweringOff: 1}},
		{"powering on", bos.Contribution{Session: "s", Marks: bos.MarkPoweringOn}, bos.Tally{Managed: 1, PoweringOn: 1}},
		{"active", bos.Contribution{Session: "s", Marks: bos.MarkActive}, bos.Tally{Managed: 1, Active: 1}},
		{"staged, whatever it does elsewhere", bos.Contribution{Session: "other", Staged: "s", Marks: all}, bos.Tally{Managed: 1, Staged: 1, Active: 1}},
		{"both count", bos.Contribution{Session: "s", Staged: "s", Marks: bos.MarkActive | bos.MarkFailed},
			bos.Tally{Managed: 2, Staged: 1, Failed: 1, Active: 2, Both: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var tally bos.Tally
			tally.Add(test.k, "s", 1)
			if tally != test.want {
				t.Errorf("got %+v, want %+v", tally, test.want)
			}
			tally.Add(test.k, "s", -1)
			if tally != (bos.Tally{}) {
				t.Errorf("taken away again, %+v is left", tally)
			}
		})
	}
}

func TestAComponentCountsInEveryTenantThatOwnsIt(t *testing.T) {
	tests := []struct {
		name   string
		k      bos.Contribution
		owners []string
		want   []bos.SessionKey
	}{
		{"nothing", bos.Contribution{}, []string{"blue"}, nil},
		{"no owner", bos.Contribution{Session: "s"}, nil, []bos.SessionKey{{"", "s"}}},
		{"two owners", bos.Contribution{Session: "s"}, []string{"blue", "red"}, []bos.SessionKey{{"", "s"}, {"blue", "s"}, {"red", "s"}}},
		{"staged elsewhere", bos.Contribution{Session: "s", Staged: "later"}, []string{"blue"},
			[]bos.SessionKey{{"", "s"}, {"", "later"}, {"blue", "s"}, {"blue", "later"}}},
		{"staged only", bos.Contribution{Staged: "later"}, nil, []bos.SessionKey{{"", "later"}}},
		{"both in one, once", bos.Contribution{Session: "s", Staged: "s"}, []string{"blue"}, []bos.SessionKey{{"", "s"}, {"blue", "s"}}},
	}
	for _, test := range tests {
		var got []bos.SessionKey
		test.k.Scopes(test.owners, func(scope bos.SessionKey) { got = append(got, scope) })
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

// world keeps tallies and error groups as the store does: what a component was
// counted as is kept, taken away when it changes, and the new added.
type world struct {
	records []bos.Component
	owners  [][]string // of each record
	counted []bos.Contribution
	tallies map[bos.SessionKey]bos.Tally
	groups  map[bos.SessionKey]map[string][]string // ids by group key
}

func (w *world) count(i, n int) {
	k, id := w.counted[i], w.records[i].ID
	k.Scopes(w.owners[i], func(scope bos.SessionKey) {
		tally := w.tallies[scope]
		tally.Add(k, scope.Name, n)
		w.tallies[scope] = tally
		if k.Session != scope.Name || k.Group == "" {
			return
		}
		if w.groups[scope] == nil {
			w.groups[scope] = map[string][]string{}
		}
		ids := slices.DeleteFunc(w.groups[scope][k.Group], func(other string) bool { return other == id })
		if n > 0 {
			ids = append(ids, id)
		}
		w.groups[scope][k.Group] = ids
	})
}

// set changes a record and its owners.
func (w *world) set(i int, c bos.Component, owners []string) {
	w.count(i, -1)
	w.records[i], w.owners[i], w.counted[i] = c, owners, c.Contribution()
	w.count(i, 1)
}

// statuses counts the statuses of a session's components one by one.
func (w *world) statuses(scope bos.SessionKey) (counts []bos.StatusCount) {
	for _, status := range bos.AllStatuses {
		n := 0
		for i, c := range w.records {
			owned := scope.Tenant == "" || slices.Contains(w.owners[i], scope.Tenant)
			if c.Session == scope.Name && owned && c.Status().Kind() == status {
				n++
			}
		}
		if n > 0 {
			counts = append(counts, bos.StatusCount{Status: status, Count: n})
		}
	}
	return counts
}

// check compares everything with a count of all records.
func (w *world) check(t *testing.T, sessions, tenants []string) {
	t.Helper()
	for _, tenant := range append([]string{""}, tenants...) {
		for _, name := range sessions {
			scope := bos.SessionKey{Tenant: tenant, Name: name}
			tally, groups := bos.Summarize(scope, w.records, func(id string) bool {
				i := slices.IndexFunc(w.records, func(c bos.Component) bool { return c.ID == id })
				return slices.Contains(w.owners[i], tenant)
			})
			if got := w.tallies[scope]; got != tally {
				t.Fatalf("%s: kept %+v, counted %+v", scope, got, tally)
			}
			if got, want := tally.StatusCounts(), w.statuses(scope); !slices.Equal(got, want) {
				t.Fatalf("%s: by status %v, want %v", scope, got, want)
			}
			counts, stored := map[string]int{}, map[string]int{}
			for _, g := range groups {
				counts[bos.GroupKey(g.Message)] = g.Count
				ids := slices.Sorted(slices.Values(w.groups[scope][bos.GroupKey(g.Message)]))
				if !slices.Equal(g.First, ids[:min(len(ids), bos.ListLength+1)]) {
					t.Fatalf("%s, %q: kept %v, counted %v", scope, g.Message, ids, g.First)
				}
			}
			for key, ids := range w.groups[scope] {
				if len(ids) > 0 {
					stored[key] = len(ids)
				}
			}
			if !maps.Equal(counts, stored) {
				t.Fatalf("%s: kept errors %v, counted %v", scope, stored, counts)
			}
		}
	}
}

func TestIncrementalTallyEqualsRecount(t *testing.T) {
	sessions, tenants := []string{"boot-1", "boot-2", "later"}, []string{"blue", "red"}
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 0))
			const n = 40
			w := &world{
				records: make([]bos.Component, n), owners: make([][]string, n), counted: make([]bos.Contribution, n),
				tallies: map[bos.SessionKey]bos.Tally{}, groups: map[bos.SessionKey]map[string][]string{},
			}
			for i := range w.records {
				w.records[i].ID = fmt.Sprintf("x%d", i)
				w.set(i, randomComponent(r, w.records[i].ID, sessions), randomOwners(r, tenants))
			}
			w.check(t, sessions, tenants)
			for range 30 {
				for range r.IntN(10) {
					i := r.IntN(n)
					w.set(i, randomComponent(r, w.records[i].ID, sessions), randomOwners(r, tenants))
				}
				w.check(t, sessions, tenants)
			}
			for i := range w.records {
				w.set(i, bos.Component{ID: w.records[i].ID}, nil)
			}
			for scope, tally := range w.tallies {
				if tally != (bos.Tally{}) {
					t.Errorf("%s: with nothing in it, %+v is left", scope, tally)
				}
			}
		})
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func randomComponent(r *rand.Rand, id string, sessions []string) bos.Component {
	names := append([]string{""}, sessions...)
	c := bos.Component{
		ID: id, Enabled: pick(r, true, false), Session: pick(r, names...),
		Error: pick(r, "", "", " ", "no boot", "no power"),
		StatusRecord: bos.StatusRecord{
			Phase:    pick[bos.Phase](r, "", "powering_on", "powering_off", "configuring", "dancing"),
			Override: pick(r, "", "", "", "failed", "on_hold", "stable", "resting"),
		},
	}
	if pick(r, true, false) {
		c.StagedState = &bos.StagedState{Session: pick(r, names...)}
	}
	if pick(r, true, false) {
		c.LastAction = &bos.LastAction{Action: pick(r, "powering_on", "powering_off_gracefully", "powering_off_forcefully", "session_setup"), Failed: pick(r, true, false)}
	}
	return c
}

func randomOwners(r *rand.Rand, tenants []string) []string {
	return slices.DeleteFunc(slices.Clone(tenants), func(string) bool { return pick(r, true, false) })
}
