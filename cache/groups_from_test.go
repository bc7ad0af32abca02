package cache

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// TestGroupsFromARank reads error groups in pieces, live and frozen: together they are what one
// read brings.
func TestGroupsFromARank(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("s")
		var all []bos.ComponentPatch
		for i := range 50 {
			all = append(all, bos.ComponentPatch{ID: fmt.Sprintf("x%02d", i), Enabled: new(true), Session: new("s"), Error: new(fmt.Sprintf("error %02d", i%20))})
		}
		s.put(all...)
		for _, state := range []bos.State{bos.StateRunning, bos.StateComplete} {
			s.state("s", state)
			read := func(groups, from int) *bos.Status {
				return s.readAs(bos.SessionRead{
					SessionKey: bos.SessionKey{Name: "s"}, Want: bos.Want{Status: true, Groups: groups}, GroupsFrom: from,
				}).Status
			}
			messages := func(st *bos.Status) (texts []string) {
				for _, g := range st.Errors {
					texts = append(texts, g.Message+" "+g.List())
				}
				return texts
			}
			want := messages(read(100, 0))
			if len(want) != 20 {
				s.Fatalf("%s: %d groups", state, len(want))
			}
			for size := 1; size <= 21; size++ {
				var have []string
				for from := 0; from < 20; from += size {
					piece := read(size, from)
					if piece.ErrorsCut || piece.GroupCount != 20 {
						s.Errorf("%d from %d: cut %v, %d in all", size, from, piece.ErrorsCut, piece.GroupCount)
					}
					have = append(have, messages(piece)...)
				}
				if !slices.Equal(have, want) {
					s.Errorf("%s in pieces of %d: %v", state, size, have)
				}
			}
			if beyond := read(10, 20); len(beyond.Errors) > 0 {
				s.Errorf("beyond the last there are %v", beyond.Errors)
			}
			// While a slot moves, commands of one key each answer in place of the script.
			one := homeRead{SessionRead: bos.SessionRead{
				SessionKey: bos.SessionKey{Name: "s"}, Want: bos.Want{Status: true, Groups: 10}, GroupsFrom: 15,
			}, home: schema.ScopeHome(bos.SessionKey{Name: "s"}), texts: 1 << 20}
			moving := newRound([]homeRead{one})
			s.must(s.store.sendSingly(s.ctx, moving))
			reply, err := moving.of(one).script.Slice()
			s.must(err)
			if last := len(reply) - 3; last != 5 { // after the fields, the count and what was saved
				s.Errorf("%s: while a slot moves there are %d groups after the first 15, want 5", state, last)
			}
		}
	})
}
