package cache

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// step is one call: what it does to a store, and what the model says comes of it.
type step struct {
	text   string
	do     func(context.Context, *Store) (outcome string)
	expect func(*model) (outcome string)
}

func (s step) GoString() string { return s.text } // what rapid prints of a draw

// A world so small that calls meet each other all the time.
var (
	modelIDs     = strings.Fields("x1 x10c0s0b0 x10c0s0b0n0 x10c0s0b0n00 x2 x3 x9c0s0b0n0 x9c1s7b1n0")
	modelNames   = []string{"a", "b", "c"}
	modelTenants = []string{"blue", "green"}

	// The long ones agree in all that a group is ordered by, which ends within a
	// character; a blank is an error like any other.
	longText    = "x" + strings.Repeat("ü", 200)
	modelErrors = []string{"", "", "broken", " ", longText + "1", longText + "2"}
)

func modelScopes() []bos.SessionKey {
	var all []bos.SessionKey
	for _, tenant := range append([]string{""}, modelTenants...) {
		for _, name := range modelNames {
			all = append(all, bos.SessionKey{Tenant: tenant, Name: name})
		}
	}
	return all
}

func maybe[V any](t *rapid.T, what string, values ...V) *V {
	return rapid.Ptr(rapid.SampledFrom(values), true).Draw(t, what)
}

// rarely is true one time in n.
func rarely(t *rapid.T, n int) bool { return rapid.IntRange(1, n).Draw(t, "rarely") == n }

// drawKey leaves some scopes without a session, and meets the others the more often.
var drawKey = rapid.SampledFrom([]bos.SessionKey{
	{Name: "a"}, {Name: "a"}, {Name: "b"}, {Name: "c"},
	{Tenant: "blue", Name: "a"}, {Tenant: "blue", Name: "a"}, {Tenant: "blue", Name: "b"}, {Tenant: "green", Name: "a"},
})

var drawIDs = rapid.SliceOfN(rapid.SampledFrom(modelIDs), 0, 6)

func putStep(items patches) step {
	return step{
		text:   "put" + items.GoString(),
		do:     func(ctx context.Context, s *Store) string { return batchOutcome(s.PutComponents(ctx, items)) },
		expect: func(m *model) string { return m.put(items) },
	}
}

func patchStep(items patches) step {
	return step{
		text:   "patch" + items.GoString(),
		do:     func(ctx context.Context, s *Store) string { return batchOutcome(s.PatchComponents(ctx, items)) },
		expect: func(m *model) string { return m.patch(items) },
	}
}

// steps are the calls there are, by what they are for.
var steps = map[string]func(*rapid.T) step{
	"put":   func(t *rapid.T) step { return putStep(drawPatches.Draw(t, "components")) },
	"patch": func(t *rapid.T) step { return patchStep(drawPatches.Draw(t, "patches")) },
	"takeOver": func(t *rapid.T) step {
		to := bos.ComponentPatch{Session: new(rapid.SampledFrom(modelNames).Draw(t, "session")), Enabled: new(true)}
		return patchStep(each(drawIDs.Draw(t, "ids"), to))
	},
	"stage": func(t *rapid.T) step {
		in := rapid.SampledFrom(append([]string{""}, modelNames...)).Draw(t, "session")
		return patchStep(each(drawIDs.Draw(t, "ids"), bos.ComponentPatch{StagedState: &bos.StagedStatePatch{Session: &in}}))
	},
	"finish": func(t *rapid.T) step { // what BOS ends a boot with
		p := done("")
		p.Error = maybe(t, "error", modelErrors...)
		if rapid.Bool().Draw(t, "unstage") {
			p.StagedState = &bos.StagedStatePatch{Session: new("")}
		}
		ids := drawIDs.Draw(t, "ids")
		if rapid.Bool().Draw(t, "all") {
			ids = append(ids, modelIDs...)
		}
		return patchStep(each(ids, p))
	},
	"delete": func(t *rapid.T) step {
		ids := drawIDs.Draw(t, "ids")
		return step{
			text:   fmt.Sprint("delete ", ids),
			do:     func(ctx context.Context, s *Store) string { return batchOutcome(s.DeleteComponents(ctx, ids)) },
			expect: func(m *model) string { return m.delete(ids) },
		}
	},
	"putTenant": func(t *rapid.T) step {
		ids := rapid.SliceOfN(rapid.SampledFrom(modelIDs), 0, 3).Draw(t, "ids") // few, for the next to be others
		return tenantStep(rapid.SampledFrom(modelTenants).Draw(t, "tenant"), ids)
	},
	"create": func(t *rapid.T) step {
		return createStep(bos.NewSession{
			SessionKey: drawKey.Draw(t, "key"), Operation: bos.OperationBoot, TemplateName: "compute", Limit: "x1,x2",
			Source:    rapid.SampledFrom([]bos.Source{bos.SourceProducer, bos.SourceProducer, bos.SourceBOS}).Draw(t, "source"),
			StartTime: rapid.SampledFrom([]bos.Time{"2026-01-01T09:00:00", "2026-01-01T09:00:00", "2026-01-02T09:00:00.5"}).Draw(t, "start"),
		})
	},
	"boot": func(t *rapid.T) step { // as a producer does it: without these, little would ever run
		key, ids := drawKey.Draw(t, "key"), rapid.SliceOfN(rapid.SampledFrom(modelIDs), 1, 4).Draw(t, "ids")
		put := make(patches, len(ids))
		for i, id := range ids {
			put[i] = component(id, key.Name)
		}
		all := []step{
			putStep(put), createStep(bos.NewSession{SessionKey: key, Source: bos.SourceProducer, StartTime: "2026-01-01T10:00:00"}),
			updateStep(key, bos.SessionUpdate{State: new(bos.StateRunning)}),
		}
		if key.Tenant != "" {
			all = append([]step{tenantStep(key.Tenant, ids)}, all...)
		}
		return chain(all...)
	},
	"update": func(t *rapid.T) step {
		u := bos.SessionUpdate{State: maybe(t, "state", bos.StatePending, bos.StateRunning, bos.StateRunning, bos.StateRunning, bos.StateComplete)}
		if rarely(t, 3) {
			u.Error, u.InitialComponents = maybe(t, "error", "", "no such template"), maybe(t, "initial", "", "x1,x2")
			u.EndTime = maybe(t, "end", bos.Time("2026-01-03T00:00:00"), "2025-01-01T00:00:00")
		}
		return updateStep(drawKey.Draw(t, "key"), u)
	},
	"deleteSession": func(t *rapid.T) step {
		key := drawKey.Draw(t, "key")
		return step{
			text: fmt.Sprint("deleteSession ", key),
			do: func(ctx context.Context, s *Store) string {
				_, err := s.DeleteSession(ctx, key)
				return failed(err)
			},
			expect: func(m *model) string { return m.deleteSession(key) },
		}
	},
	"markDeleted": func(t *rapid.T) step {
		key := drawKey.Draw(t, "key")
		return step{
			text:   fmt.Sprint("markDeleted ", key),
			do:     func(ctx context.Context, s *Store) string { return failed(s.MarkDeleted(ctx, key)) },
			expect: func(m *model) string { return m.markDeleted(key) },
		}
	},
	"expire": func(t *rapid.T) step {
		if !rarely(t, 4) { // history has to come together first
			t.Skip()
		}
		return step{
			text: "expire",
			do: func(ctx context.Context, s *Store) string {
				return countOutcome(s.Expire(ctx, time.Now().Add(DefaultRetention+time.Minute)))
			},
			expect: func(m *model) string { return m.expire() },
		}
	},
}

// chain is several calls, one after the other.
func chain(all ...step) step {
	each := func(run func(step) string) string {
		var outcomes []string
		for _, s := range all {
			outcomes = append(outcomes, run(s))
		}
		return strings.Join(outcomes, "; ")
	}
	var texts []string
	for _, s := range all {
		texts = append(texts, s.text)
	}
	return step{
		text: strings.Join(texts, "; "),
		do: func(ctx context.Context, s *Store) string {
			return each(func(one step) string { return one.do(ctx, s) })
		},
		expect: func(m *model) string {
			return each(func(one step) string {
				outcome := one.expect(m)
				m.note()
				m.finish()
				m.note()
				return outcome
			})
		},
	}
}

func tenantStep(name string, ids []string) step {
	return step{
		text:   fmt.Sprint("putTenant ", name, " ", ids),
		do:     func(ctx context.Context, s *Store) string { return countOutcome(s.PutTenant(ctx, name, ids)) },
		expect: func(m *model) string { return m.putTenant(name, ids) },
	}
}

func createStep(n bos.NewSession) step {
	return step{
		text: fmt.Sprintf("create %s of %s at %s", n.SessionKey, n.Source, n.StartTime),
		do: func(ctx context.Context, s *Store) string {
			_, err := s.CreateSession(ctx, n)
			return failed(err)
		},
		expect: func(m *model) string { return m.create(n) },
	}
}

func updateStep(key bos.SessionKey, u bos.SessionUpdate) step {
	return step{
		text: fmt.Sprintf("update %s: state %q, end %q, error %q, initial %q", key, value(u.State), value(u.EndTime), value(u.Error),
			value(u.InitialComponents)),
		do: func(ctx context.Context, s *Store) string {
			_, err := s.UpdateSession(ctx, key, u)
			return failed(err)
		},
		expect: func(m *model) string { return m.update(key, u) },
	}
}
