package cache

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestUpdatesThatComeTwiceOrInAnotherOrder sends updates of some components, one in 500 of which is bad: as they are, each
// twice, and in another order. What came last stands, a repetition leaves no trace, and a bad one stops no other.
func TestUpdatesThatComeTwiceOrInAnotherOrder(t *testing.T) {
	const components, size = 40, 500
	batches := 4
	if long() {
		batches = 200
	}
	var sent []bos.ComponentPatch
	for n := range batches * size {
		c := failing(fmt.Sprint("x", rand.IntN(components)), "a", fmt.Sprint("error ", n%7))
		if n%3 == 0 {
			c = bos.ComponentPatch{ID: c.ID, Enabled: new(n%2 == 0), Session: new("a"), Status: &bos.StatusPatch{Phase: new("configuring")}, Error: new("")}
		}
		c.RetryPolicy = &n
		if n%size == size/2 {
			c.Error = new(strings.Repeat("e", bos.MaxText+1))
		}
		sent = append(sent, c)
	}
	twice := slices.Concat(sent, sent)
	for i := range sent {
		twice[2*i], twice[2*i+1] = sent[i], sent[i]
	}
	mixed := slices.Clone(sent)
	rand.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	var first string
	for _, order := range []struct {
		name  string
		sent  []bos.ComponentPatch
		alike bool // in the end it is as after the first
	}{{"as they are", sent, true}, {"each twice", twice, true}, {"in another order", mixed, false}} {
		t.Run(order.name, func(t *testing.T) {
			s := &suite{T: t, ctx: t.Context(), options: Options{URL: "redis://" + redistest.SharedServer(t), Namespace: t.Name()}}
			s.store = s.open(nil)
			s.create("a")
			applied, refused, last := 0, 0, map[string]int{}
			for _, c := range order.sent {
				r, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{c})
				s.must(err)
				applied, refused = applied+r.Applied, refused+len(r.Refused)
				if r.Applied == 1 {
					last[c.ID] = *c.RetryPolicy
				}
			}
			for id, want := range last {
				found, err := s.store.ReadComponents(s.ctx, []string{id}, true)
				s.must(err)
				if found[0] == nil || *found[0].RetryPolicy != want {
					t.Errorf("%s is %+v, the last update of it was %d", id, found[0], want)
				}
			}
			if bad := len(order.sent) / size; refused != bad || applied != len(order.sent)-bad {
				t.Errorf("of %d updates %d were applied and %d refused", len(order.sent), applied, refused)
			}
			st := s.status("a")
			end := fmt.Sprintf("%+v", st.Tally)
			for _, g := range st.Errors {
				end += fmt.Sprintf(" %q on %d", g.Message, g.Count)
			}
			if first == "" {
				first = end
			}
			if order.alike && end != first {
				t.Errorf("in the end it is\n%s\nwant\n%s", end, first)
			}
			drift := s.recounted(false)
			s.equal(drift, []string{}, "found")
			redistest.Figure(t, "%d updates %s: applied %d, bad ones reported %d, last updates missing 0, drift %d", len(order.sent), order.name, applied, refused, len(drift))
			s.sweep()
		})
	}
}
