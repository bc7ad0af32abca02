package cache

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// modelFailure is one failure of a component, and the templates of the sessions that it counted in, by tenant.
type modelFailure struct {
	id, error string
	at        time.Time
	first     bool // in its session
	templates map[string]string
}

// fail notes a failure of a component in the session that it is in.
func (m *model) fail(id string, c bos.Component) {
	f := modelFailure{id: id, error: c.Error, at: m.clock.Now().Truncate(time.Second), templates: map[string]string{}}
	stay := m.stays[id][len(m.stays[id])-1]
	f.first, stay.failed = !stay.failed, true
	for _, key := range modelScopes() {
		if s := m.sessions[key]; s != nil && key.Name == c.Session && (key.Tenant == "" || m.owners[id][key.Tenant]) {
			f.templates[key.Tenant] = s.TemplateName
		}
	}
	m.failures = append(m.failures, f)
}

// troubles adds up the failures of a query.
func (m *model) troubles(q bos.TroubleQuery) []string {
	sums := map[string]*bos.Trouble{}
	for _, f := range m.failures {
		counts := slices.Contains(slices.Collect(maps.Values(f.templates)), q.Template)
		if q.Tenant != nil {
			template, in := f.templates[*q.Tenant]
			counts = in && (q.Template == "" || q.Template == template)
		}
		if !counts && (q.Tenant != nil || q.Template != "") {
			continue
		}
		t := sums[f.id]
		if t == nil {
			t = &bos.Trouble{ID: f.id}
			sums[f.id] = t
		}
		t.Failures++
		if f.first {
			t.Sessions++
		}
		t.LastError, t.LastFailure = bos.Shortened(f.error), f.at
	}
	return spelledTroubles(slices.SortedFunc(maps.Values(sums), func(a, b *bos.Trouble) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.ID, b.ID))
	}))
}

func spelledTroubles(all []*bos.Trouble) (texts []string) {
	for _, t := range all {
		texts = append(texts, fmt.Sprint(t.ID, " ", t.Failures, " ", max(t.Sessions, 1), " ", t.LastFailure.Unix(), t.LastError))
	}
	return texts
}

// checkTroubles compares who failed, in all sessions, and in those of tenants and templates.
func (x *machine) checkTroubles(rt *rapid.T) {
	for _, q := range []bos.TroubleQuery{{}, {Template: "compute"}, {Tenant: new("blue")}, {Tenant: new("green"), Template: "compute"}, {Tenant: new("red")}} {
		found, err := x.store.TroubledComponents(x.ctx, q, bos.MaxPage)
		if err != nil {
			rt.Fatal(err)
		}
		if got, want := spelledTroubles(found), x.model.troubles(q); !slices.Equal(got, want) {
			rt.Fatalf("%+v failed\n%q\nwant\n%q", q, got, want)
		}
	}
}
