package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// bounded opens another store on the namespace that may hold only so much.
func (s *suite) bounded(b Capacity) *Store {
	s.Helper()
	s.options.Capacity = b
	return s.open(nil)
}

// refused wants those items of a batch to be refused for want of room.
func (s *suite) refused(want ...int) func(bos.BatchResult, error) {
	return func(r bos.BatchResult, err error) {
		s.Helper()
		s.must(err)
		var got []int
		for _, refusal := range r.Refused {
			got = append(got, refusal.Index)
			if refusal.Err.Code != bos.Conflict || !strings.Contains(refusal.Err.Message, "--max-components") {
				s.Errorf("item %d is refused with %s: %v", refusal.Index, refusal.Err.Code, refusal.Err)
			}
		}
		if !slices.Equal(got, want) {
			s.Errorf("refused are %v, want %v", got, want)
		}
	}
}

func TestComponentsAreBounded(t *testing.T) {
	conform(t, func(s *suite) {
		store := s.bounded(Capacity{Components: 3})
		s.create("a")
		one := func(id string) bos.ComponentPatch { return component(id, "a") }
		s.refused()(store.PutComponents(s.ctx, []bos.ComponentPatch{one("x1"), one("x2")}))
		// Existing ones are replaced, what is new gets what room there is, in the order of the call.
		s.refused(2, 4)(store.PutComponents(s.ctx, []bos.ComponentPatch{one("x1"), one("x9"), one("x3"), one("x2"), one("x3"), one("x9")}))
		s.refused()(store.PatchComponents(s.ctx, []bos.ComponentPatch{done("x1"), done("x9")}))
		s.refused(0)(store.KeepComponents(s.ctx, []bos.Component{{ID: "x4"}, {ID: "x2", Enabled: true}}))
		s.refused()(store.DeleteComponents(s.ctx, []string{"x2"}))
		s.refused()(store.KeepComponents(s.ctx, []bos.Component{{ID: "x4"}}))
		page := bos.Page{First: 10}
		s.equal(s.ids(store.ListComponents(s.ctx, nil, bos.ComponentFilter{}, page, false, false)), []string{"x1", "x4", "x9"}, "components")
	})
}

func TestSessionsAreBounded(t *testing.T) {
	conform(t, func(s *suite) {
		store := s.bounded(Capacity{Sessions: 2})
		create := func(name string) error {
			_, err := store.CreateSession(s.ctx, bos.NewSession{
				SessionKey: bos.SessionKey{Name: name}, Operation: bos.OperationBoot, TemplateName: "t", Source: bos.SourceProducer,
			})
			return err
		}
		full := func(err error) {
			s.Helper()
			if s.code(err, bos.Conflict); !strings.Contains(err.Error(), "--max-sessions") {
				s.Errorf("it says %v", err)
			}
		}
		s.must(create("a"))
		s.must(store.KeepSession(s.ctx, sourceSession("b", bos.StateRunning)))
		full(create("c"))
		full(store.KeepSession(s.ctx, sourceSession("c", bos.StateRunning)))
		s.must(store.KeepSession(s.ctx, sourceSession("b", bos.StateRunning))) // what exists is still updated
		s.state("a", bos.StateRunning)
		_, err := store.DeleteSession(s.ctx, name("a"))
		s.must(err)
		s.must(store.KeepSession(s.ctx, sourceSession("c", bos.StateRunning)))
		// One whose name is used again stays as history, and counts.
		s.must(store.MarkDeleted(s.ctx, name("b")))
		full(create("b"))
	})
}

func TestTenantsAreBounded(t *testing.T) {
	conform(t, func(s *suite) {
		store := s.bounded(Capacity{Tenants: 2, Components: 4})
		full := func(tenant, option string, ids ...string) {
			s.Helper()
			before := s.dump()
			_, err := store.PutTenant(s.ctx, tenant, ids)
			if s.code(err, bos.Conflict); !strings.Contains(err.Error(), option) {
				s.Errorf("it says %v, not %s", err, option)
			}
			if fmt.Sprint(s.dump()) != fmt.Sprint(before) {
				s.Errorf("what was refused has changed something")
			}
		}
		put := func(tenant string, ids ...string) {
			s.Helper()
			_, err := store.PutTenant(s.ctx, tenant, ids)
			s.must(err)
		}
		put("blue", "x1", "x2")
		put("green", "x2")
		full("red", "--max-tenants", "x1")
		put("red") // owns nothing
		full("green", "--max-components", "x2", "x3", "x4")
		put("green", "x3", "x4")
		put("blue", "x2", "x1")
		put("blue")
		put("red", "x1")
		full("blue", "--max-tenants", "x9")
		put("green", "x3")
		put("red", "x5", "x6", "x7")
	})
}

// TestBoundsCostNothing counts what Redis is sent by writes that create nothing.
func TestBoundsCostNothing(t *testing.T) {
	addr := redistest.Server(t)
	open := func() *Store {
		store, err := Open(Options{URL: "redis://" + addr, Namespace: "costs"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		return store
	}
	store, ctx := open(), t.Context()
	if _, err := store.PutComponents(ctx, []bos.ComponentPatch{component("x1", "a")}); err != nil {
		t.Fatal(err)
	}
	asked := func() string {
		all, err := store.db.Client.Info(ctx, "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(all) {
			if strings.HasPrefix(line, "cmdstat_zcard:") {
				calls, _, _ := strings.Cut(line, ",")
				return calls
			}
		}
		return ""
	}
	before := asked()
	if before == "" {
		t.Fatal("a new component did not ask for room")
	}
	for phase := range 3 {
		text := fmt.Sprint("phase-", phase)
		for _, write := range []func() (bos.BatchResult, error){
			func() (bos.BatchResult, error) {
				return store.PatchComponents(ctx, []bos.ComponentPatch{{ID: "x1", Error: &text}})
			},
			func() (bos.BatchResult, error) {
				return store.PutComponents(ctx, []bos.ComponentPatch{component("x1", text)})
			},
		} {
			if r, err := write(); err != nil || r.Applied != 1 {
				t.Fatal(r, err)
			}
		}
	}
	if after := asked(); after != before {
		t.Errorf("patches and puts of what exists asked for room: %s, then %s", before, after)
	}
}
