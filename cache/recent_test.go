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
		s.state("a", bos.StateRunning)
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

// TestWhatIsRememberedIsBounded writes more than there is room for: some are forgotten.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	var r recent
	value := strings.Repeat("v", 10_000)
	const each = 10_000 + recentBytes + len("0000")
	for i := range 3 * maxRecent / each {
		r.remember([]versioned{{fmt.Sprintf("%04d", i), "", value}}, "epoch")
	}
	if len(r.values) != maxRecent/each || r.size != len(r.values)*each {
		t.Errorf("%d records of %d bytes are remembered, of at most %d", len(r.values), r.size, maxRecent)
	}
}

// TestWhatIsNotTrueAnyMoreIsForgotten deletes a record, begins another epoch, and finds something out of date.
func TestWhatIsNotTrueAnyMoreIsForgotten(t *testing.T) {
	var r recent
	knows := func(id, want, of string) {
		t.Helper()
		values, epoch, ok := r.recall([]string{id})
		if want == "" && ok || want != "" && (!ok || values[0] != want || epoch != of) {
			t.Errorf("%s is %q of %q, want %q of %q", id, values, epoch, want, of)
		}
	}
	write := func(id, value, epoch string) { r.remember([]versioned{{id, "", value}}, epoch) }
	write("x1", "1", "a")
	write("x1", "2", "a")
	knows("x1", "2", "a")
	write("x1", "", "a")
	knows("x1", "", "")
	write("x1", "3", "a")
	write("x2", "4", "b")
	knows("x1", "", "")
	r.remember(nil, "")
	knows("x2", "4", "b")
	write("x2", "5", "")
	knows("x2", "", "")
	write("x2", "6", "b")
	r.doubt()
	knows("x2", "", "")
	if r.size != 0 {
		t.Errorf("%d bytes are left", r.size)
	}
}
