package cache

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// counted is a batch of components of session a by which every counter differs from 0: if
// there is one that it leaves at 0, add a component that counts in it.
func counted() []bos.ComponentPatch {
	with := func(id string, change func(*bos.ComponentPatch)) bos.ComponentPatch {
		c := component(id, "a")
		change(&c)
		return c
	}
	phase := func(id, phase string) bos.ComponentPatch {
		return with(id, func(c *bos.ComponentPatch) { c.Status.Phase = &phase })
	}
	acted := func(id, phase, action string) bos.ComponentPatch {
		return with(id, func(c *bos.ComponentPatch) {
			c.Status.Phase, c.LastAction = &phase, &bos.LastActionPatch{Action: &action}
		})
	}
	disabled := func(id, phase string) bos.ComponentPatch {
		return with(id, func(c *bos.ComponentPatch) { c.Status.Phase, c.Enabled = &phase, new(false) })
	}
	override := func(id, override string) bos.ComponentPatch {
		return with(id, func(c *bos.ComponentPatch) { c.Status.StatusOverride = &override })
	}
	return []bos.ComponentPatch{
		component("on", "a"), acted("called", "powering_on", bos.ActionPoweringOn), phase("off", "powering_off"),
		acted("graceful", "powering_off", bos.ActionPoweringOffGracefully), acted("forceful", "powering_off", bos.ActionPoweringOffForcefully),
		disabled("disabled", "powering_on"), disabled("another", "powering_on"), disabled("away", "powering_off"), disabled("unconfigured", "configuring"), phase("configuring", "configuring"), phase("stable", ""),
		override("failed", "failed"), override("held", "on_hold"),
		with("staged", func(c *bos.ComponentPatch) { c.StagedState = &bos.StagedStatePatch{Session: new("a")} }),
	}
}

// Every counter of the description is written, read, sampled, frozen and recounted: nothing
// else has a list of its own.
func TestEveryCounterIsWrittenReadFrozenAndRecounted(t *testing.T) {
	conform(t, func(s *suite) {
		if extra := os.Getenv("TEST_BOSGRAPH_COUNTER"); extra != "" && schema.Counters[len(schema.Counters)-1].Letter != extra {
			s.Fatalf("there is no counter %s in this build", extra)
		}
		s.put(counted()...)
		key := s.store.db.Keys.Session(schema.ScopeHome(name("a")))
		f := &schema.Session
		stored := func(fields ...schema.Field) bos.Tally {
			return schema.Tally(s.store.db.Client.HGet(s.ctx, key, fields[0].Name).Val(), s.store.db.Client.HGet(s.ctx, key, fields[1].Name).Val())
		}
		want := bos.Tally{}
		for _, c := range counted() {
			k := c.NewComponent()
			want.Add(k.Contribution(), "a", 1)
		}
		s.must(s.store.KeepSession(s.ctx, sourceSession("a", bos.StateRunning))) // does not complete by itself
		s.must(s.store.Swept(s.ctx, []bos.SessionKey{name("a")}))                // takes a sample
		read := s.status("a")
		if len(read.Progress) != 2 {
			s.Fatalf("the progress has %d points, want a sample and the status", len(read.Progress))
		}
		for _, c := range schema.Counters {
			n := *c.Of(&want)
			if n == 0 {
				s.Errorf("%s is 0: a test of it shows nothing", c.Name)
			}
			counts := stored(f.Counters, f.Separate)
			if have := *c.Of(&counts); have != n {
				s.Errorf("%s is stored as %d, want %d", c.Name, have, n)
			}
			if have := *c.Of(&read.Tally); have != n {
				s.Errorf("%s is read as %d, want %d", c.Name, have, n)
			}
			if have := *c.Of(&read.Progress[0].Tally); have != n {
				s.Errorf("%s is sampled as %d, want %d", c.Name, have, n)
			}
			s.miscount("/a", c.Letter, 7)
			if have := s.readAs(bos.SessionRead{SessionKey: name("a"), Want: bos.Want{Status: true, Statuses: true}}).Status.Tally; *c.Of(&have) != n+7 {
				s.Errorf("%s is not read from %s", c.Name, c.Letter)
			}
			if drift := s.recounted(true); len(drift) != 1 || !strings.Contains(drift[0], " counts "+c.Letter+" = ") {
				s.Errorf("a recount of a wrong %s finds %q", c.Name, drift)
			}
		}
		if have := s.status("a").Tally; have != want {
			s.Errorf("after the repairs: %+v, want %+v", have, want)
		}
		s.must(s.store.MarkDeleted(s.ctx, name("a"))) // freezes it
		if have := stored(f.FrozenCounters, f.FrozenSeparate); have != want {
			s.Errorf("frozen as %+v, want %+v", have, want)
		}
		s.put(component("after", "a")) // counts no more
		if have := s.status("a").Tally; have != want {
			s.Errorf("frozen: %+v, want %+v", have, want)
		}
	})
}

// A new counter is one line of the store: a build with one more line in internal/schema, and
// the rule in bos for what it counts, writes, reads, freezes and recounts it.
func TestANewCounterIsOneLine(t *testing.T) {
	if !long() {
		t.Skip("builds the package once more: run by make long")
	}
	directory := t.TempDir()
	replaced := map[string]string{}
	edit := func(path string, edits ...string) {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		edited := string(text)
		for i := 0; i < len(edits); i += 2 {
			if strings.Count(edited, edits[i]) != 1 {
				t.Fatalf("%s: %q is not there once", path, edits[i])
			}
			edited = strings.Replace(edited, edits[i], edits[i]+edits[i+1], 1)
		}
		to := filepath.Join(directory, strconv.Itoa(len(replaced))+".go")
		if err := os.WriteFile(to, []byte(edited), 0o600); err != nil {
			t.Fatal(err)
		}
		from, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		replaced[from] = to
	}
	edit("internal/schema/fields.go",
		`{"z", "beyondConfiguring", func(t *bos.Tally) *int { return &t.BeyondConfiguring }, true, false},`, "\n"+`{"q", "held", func(t *bos.Tally) *int { return &t.Held }, true, true},`)
	edit("../bos/tally.go",
		"type Tally struct {", "\nHeld int",
		"MarkActive // enabled: keeps the session from completing", "\nMarkHeld",
		"k.Group = GroupKey(c.Error)", "\nif c.Override == OverrideOnHold { k.Marks |= MarkHeld }",
		"if in {", "\nt.Held += n * k.Marks.one(MarkHeld)")
	overlay := filepath.Join(directory, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-overlay", overlay,
		"-run", "^(TestEveryCounterIsWrittenReadFrozenAndRecounted|TestModel|TestProgress.*)$", ".")
	test.Env = append(os.Environ(), "TEST_BOSGRAPH_COUNTER=q", "TEST_BOSGRAPH_LONG=", "RAPID_CHECKS=10")
	if out, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
