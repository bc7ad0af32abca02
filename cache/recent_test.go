package cache

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// erred is a patch of a component's error.
func erred(id, message string) bos.ComponentPatch { return bos.ComponentPatch{ID: id, Error: &message} }

// TestWhatWasWrittenLastIsNotReadAgain counts round trips of changes of the same components.
func TestWhatWasWrittenLastIsNotReadAgain(t *testing.T) {
	conform(t, func(s *suite) {
		s.create("a")
		s.put(component("x1", "a"), component("x2", "a"))
		counted := &trips{}
		s.store.db.Client.AddHook(counted)
		takes := func(what string, want []string, patches ...bos.ComponentPatch) {
			s.Helper()
			counted.commands = nil
			s.patch(patches...)
			if got := counted.commands; !slices.Equal(got, want) {
				s.Errorf("%s takes %q, want %q", what, got, want)
			}
		}
		read, write := "mget", "evalsha"
		s.store.recent = &recent{} // as after a restart
		takes("what is not known", []string{read, write}, erred("x1", "1"), erred("x2", "1"))
		takes("what is", []string{write}, erred("x1", "2"), erred("x2", "2"))
		takes("what is, in part unchanged", []string{write}, erred("x1", "3"), erred("x2", "2"))
		takes("what changes nothing", []string{read}, erred("x1", "3"), erred("x2", "2"))
		takes("details, which are not kept", []string{read, write}, bos.ComponentPatch{ID: "x1", RetryPolicy: new(7)})
		takes("a long error, whose text is elsewhere", []string{write}, erred("x1", strings.Repeat("long ", 100)))
	})
}

// TestWhatAnotherHasWrittenIsNotLost lets two servers write the same component: what one of them remembers of it is out of date.
func TestWhatAnotherHasWrittenIsNotLost(t *testing.T) {
	conform(t, func(s *suite) {
		other := s.open(nil)
		s.create("a")
		here := func(patches ...bos.ComponentPatch) { s.Helper(); s.patch(patches...) }
		there := func(patches ...bos.ComponentPatch) {
			s.Helper()
			s.applied(len(patches))(other.PatchComponents(s.ctx, patches))
		}
		is := func(what string, want ...string) {
			s.Helper()
			found, err := s.store.ReadComponents(s.ctx, []string{"x1", "x2"}, false)
			s.must(err)
			s.equal([]string{found[0].Error, found[1].Error}, want, what)
			s.audit()
		}
		remember := func() { s.Helper(); s.put(component("x1", "a"), component("x2", "a")) }

		remember()
		there(erred("x1", "other"))
		here(erred("x1", ""))
		is("after a change to what is remembered", "", "")
		remember()
		there(erred("x1", "other"))
		here(erred("x1", ""), erred("x2", "own"))
		is("after that beside another change", "", "own")
		remember()
		there(erred("x1", "other"))
		here(erred("x2", "own"))
		is("after a change of another component", "other", "own")
		remember()
		s.applied(1)(other.DeleteComponents(s.ctx, []string{"x1"}))
		refused, err := s.store.PatchComponents(s.ctx, []bos.ComponentPatch{erred("x1", "gone"), erred("x2", "own")})
		s.must(err)
		if refused.Applied != 1 || len(refused.Refused) != 1 || refused.Refused[0].Index != 0 || refused.Refused[0].Err.Code != bos.NotFound {
			s.Errorf("a patch of what another has deleted is %+v", refused)
		}
	})
}

// TestWhatIsRememberedIsBounded writes more than there is room for: the oldest are forgotten.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	var r recent
	value := strings.Repeat("v", 10_000)
	const each = 10_000 + recentBytes
	for i := range 3 * maxRecent / each {
		r.remember([]versioned{{fmt.Sprint(i), "", value}}, "epoch")
	}
	n := len(r.young) + len(r.old)
	if n*each > maxRecent+each || n*each < maxRecent/2 {
		t.Errorf("%d bytes are remembered, of at most %d", n*each, maxRecent)
	}
	if _, _, ok := r.recall([]string{"0"}); ok {
		t.Error("the first one is remembered")
	}
	last := fmt.Sprint(3*maxRecent/each - 1)
	if values, epoch, ok := r.recall([]string{last}); !ok || values[0] != value || epoch != "epoch" {
		t.Error("the last one is not")
	}
	r.remember([]versioned{{last, "", ""}}, "epoch")
	if _, _, ok := r.recall([]string{last}); ok {
		t.Error("one that was deleted is remembered")
	}
	r.remember([]versioned{{last, "", value}}, "epoch")
	r.remember([]versioned{{"x1", "", value}}, "next epoch")
	if _, _, ok := r.recall([]string{last}); ok {
		t.Error("one of an earlier epoch is remembered")
	}
	r.doubt()
	if _, _, ok := r.recall([]string{"x1"}); ok {
		t.Error("a doubtful one is remembered")
	}
}
