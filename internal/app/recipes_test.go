package app_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestRecipeHookShowsASession(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, name := range []string{"first", "second"} {
		s.Session(name)
	}
	s.Put(apptest.Powering(apptest.Xname(0), "first"), apptest.Powering(apptest.Xname(1), "first"))
	s.Update("first", "status", "RUNNING")
	c := startPage(t)
	c.command(apptest.Vars{"mount": apptest.Vars{"url": s.Base + "/graphql", "name": "first"}})
	c.shows("first: running0 of 2 nodes successful, 0 failed (busy)")
	s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(0), "status": apptest.Vars{"phase": "", "statusOverride": "failed"}, "error": "no power"}}})
	c.shows("0 of 2 nodes successful, 1 failed")

	c.command(apptest.Vars{"rename": "second"})
	c.shows("second: pending")
	apptest.Eventually(t, "the session before is followed by nobody", func() bool { return s.App.Executions() == 1 })
	s.Put(apptest.Powering(apptest.Xname(2), "second"))
	c.shows("second: pending0 of 1 nodes successful, 0 failed (busy)") // the end of the one before is not its end
	c.command(apptest.Vars{"rename": "third"})
	c.shows("third") // its error names it
	s.Update("second", "status", "COMPLETE")
	c.command(apptest.Vars{"rename": "second"})
	c.shows("second: complete")
	apptest.Eventually(t, "it is done", func() bool { return !strings.Contains(c.text(), "(busy)") })
	c.command(apptest.Vars{"rename": "first"})
	c.shows("first: running")
	c.command(apptest.Vars{"unmount": true})
	apptest.Eventually(t, "nothing is followed", func() bool { return s.App.Executions() == 0 })
}

func TestRecipeResumesAtAnotherReplica(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	other := apptest.Serve(t, "redis://"+redistest.SharedServer(t), "--namespace", s.Namespace)
	in := newIngress(t, s.App.Addr())
	s.Session("moving")
	s.Put(apptest.Powering(apptest.Xname(0), "moving"), apptest.Powering(apptest.Xname(1), "moving"))
	s.Update("moving", "status", "RUNNING")
	c := startPage(t)
	url := "http://" + in.address() + "/graphql"
	c.command(apptest.Vars{"mount": apptest.Vars{"url": url, "name": "moving"}})
	c.command(apptest.Vars{"follow": "follow", "url": url, "name": "moving"})
	c.wait("follow", "next", 1)
	c.shows("moving: running")

	in.leadTo(other.App.Addr())
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := s.App.Stop(ctx); err != nil {
		t.Error(err)
	}
	apptest.Eventually(t, "the page follows at the other replica", func() bool { return other.App.Executions() > 0 })
	other.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": apptest.Xname(0), "status": apptest.Vars{"phase": ""}}}})
	c.shows("1 of 2 nodes successful")
	c.wait("follow", "next", 2)
	other.Update("moving", "status", "COMPLETE")
	c.wait("follow", "complete", 1)
	c.shows("moving: complete")

	var revisions []any
	for _, status := range c.got("follow") {
		revisions = append(revisions, status["revision"])
	}
	if len(revisions) != 3 || len(slices.Compact(slices.Clone(revisions))) != 3 {
		t.Errorf("the states that arrived are those of the revisions %v: the one that was there before came again", revisions)
	}
}

func TestRecipesFollowByEventStreamAndByPolling(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("slow")
	s.Put(apptest.Powering(apptest.Xname(0), "slow"))
	c := startPage(t)
	for _, how := range []string{"events", "poll"} {
		c.command(apptest.Vars{how: how, "url": s.Base + "/graphql", "name": "slow"})
		c.wait(how, "next", 1)
	}
	s.Update("slow", "status", "RUNNING")
	for _, how := range []string{"events", "poll"} {
		c.wait(how, "next", 2)
	}
	s.Update("slow", "status", "COMPLETE")
	for _, how := range []string{"events", "poll"} {
		c.wait(how, "complete", 1)
		states := c.got(how)
		var got []any
		for _, state := range states {
			got = append(got, state["status"])
		}
		if want := []any{"PENDING", "RUNNING", "COMPLETE"}; !slices.Equal(got, want) {
			t.Errorf("%s brought %v, not %v", how, got, want)
		}
	}
	for _, how := range []string{"follow", "events", "poll"} {
		c.command(apptest.Vars{how: how + " nothing", "url": s.Base + "/graphql", "name": "nothing"})
		e := c.wait(how+" nothing", "error", 1)[0]
		if !strings.Contains(e.Reason, "nothing") {
			t.Errorf("%s of an unknown session ends with %+v", how, e)
		}
	}
	apptest.Eventually(t, "nothing is followed", func() bool { return s.App.Executions() == 0 })
}

func TestRecipeReadsAListPageByPage(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("large")
	const n = 2_500
	components, want := make([]apptest.Vars, n), make([]string, n)
	for i := range components {
		components[i], want[i] = apptest.Powering(apptest.Xname(i), "large"), apptest.Xname(i)
	}
	components[17]["status"] = apptest.Vars{"statusOverride": "failed"}
	s.Put(components...)
	c := startPage(t)
	for id, test := range map[string]struct {
		filter apptest.Vars
		want   []string
	}{
		"all":    {nil, want},
		"failed": {apptest.Vars{"status": "FAILED"}, want[17:18]},
	} {
		c.command(apptest.Vars{"list": id, "url": s.Base + "/graphql", "name": "large", "filter": test.filter})
		var got []string
		if err := json.Unmarshal(c.wait(id, "list", 1)[0].Message, &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %d components, not %d: %.5v", id, len(got), len(test.want), got)
		}
	}
}

// TestRecipeReadsAListThatIsCutOff has components whose errors are too long for one answer together.
func TestRecipeReadsAListThatIsCutOff(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t, "--max-response", "200000")
	s.Session("long")
	var want []string
	for i := range 30 {
		want = append(want, apptest.Xname(i))
		s.Put(apptest.Failing(apptest.Xname(i), "long", fmt.Sprint(i, " ")+strings.Repeat("e", 20_000)))
	}
	c := startPage(t)
	c.command(apptest.Vars{"list": "long", "url": s.Base + "/graphql", "name": "long"})
	var got []string
	if err := json.Unmarshal(c.wait("long", "list", 1)[0].Message, &got); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// TestRecipeReportsATokenThatIsNotAccepted shows that a token is sent again only after a connection that had been accepted.
func TestRecipeReportsATokenThatIsNotAccepted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tokens []string // of these holders, in their order; of another name, the token itself
		closed int      // how many connections were, by 4403
		fails  bool
	}{
		"never accepted": {[]string{"bosgraph_x"}, 1, true},
		"ended":          {[]string{"brief"}, 2, true},
		"renewed":        {[]string{"brief", "viewer"}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startPage(t)
			// Last, as the life of the token begins here, and has to do until the first state has come.
			g := serveGuarded(t, config.Holder{Name: "brief", Roles: []string{"viewer"}, Valid: 10 * time.Second})
			var tokens []string
			for _, holder := range test.tokens {
				tokens = append(tokens, cmp.Or(g.tokens[holder], holder))
			}
			c.command(apptest.Vars{"connect": g.Base + "/graphql", "tokens": tokens})
			for _, id := range []string{"one", "two"} { // over one connection
				c.command(apptest.Vars{"follow": id, "url": g.Base + "/graphql", "name": "s", "tenant": "red"})
			}
			if name != "never accepted" {
				c.wait("one", "next", 1)
				c.wait("two", "next", 1)
			}
			if test.fails {
				for _, id := range []string{"one", "two"} {
					if e := c.wait(id, "error", 1)[0]; !strings.HasPrefix(e.Reason, "connection closed: ") {
						t.Errorf("%s ends with %+v", id, e)
					}
				}
			} else {
				c.wait("", "closed", 1)
				g.as("admin").Update("s", "tenant", "red", "status", "COMPLETE")
				c.wait("one", "complete", 1)
				c.wait("two", "complete", 1)
			}
			closed := c.events(c.name, "", "closed")
			refused := slices.DeleteFunc(closed, func(e event) bool { return e.Code != 4403.0 })
			if len(refused) != test.closed {
				t.Errorf("%d connections were refused or ended, want %d: %+v", len(refused), test.closed, closed)
			}
		})
	}
}

func TestRecipeKnowsWhatIsWorthRetrying(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	c := startPage(t)
	c.command(apptest.Vars{"ask": "bad", "url": s.Base + "/graphql", "query": "{ nothing }"})
	if e := c.wait("bad", "error", 1)[0]; e.Code != false {
		t.Errorf("a bad request is worth retrying: %+v", e)
	}
	c.command(apptest.Vars{"ask": "page", "url": s.Base + "/", "query": "{ serverInfo { version } }"})
	if e := c.wait("page", "error", 1)[0]; e.Code != true {
		t.Errorf("an answer that is not from bosgraph is not worth retrying: %+v", e)
	}
	alone := apptest.Serve(t, "redis://127.0.0.1:1") // where no Redis is
	c.command(apptest.Vars{"ask": "alone", "url": alone.Base + "/graphql", "query": "{ serverInfo { epoch } }"})
	if e := c.wait("alone", "error", 1)[0]; e.Code != true || !strings.Contains(e.Reason, "Redis") {
		t.Errorf("a Redis that does not answer is not worth retrying: %+v", e)
	}
}

// TestRecipesListAllErrorCodes compares the table of codes with the domain's.
func TestRecipesListAllErrorCodes(t *testing.T) {
	page, err := os.ReadFile(recipes)
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../../bos/errors.go")
	if err != nil {
		t.Fatal(err)
	}
	named := func(text []byte, pattern string) []string {
		var all []string
		for _, m := range regexp.MustCompile(pattern).FindAllSubmatch(text, -1) {
			all = append(all, string(m[1]))
		}
		return all
	}
	got, want := named(page, "(?m)^\\| `([A-Z_]+)` \\|"), named(source, `Code = "([A-Z_]+)"`)
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("the page lists the codes %v, the domain has %v", got, want)
	}
}

// TestTheScriptsOfTheDocumentsRun runs the script for Node.js, and the one in README.md, which is the
// same in short.
func TestTheScriptsOfTheDocumentsRun(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	s.Session("monday")
	s.Update("monday", "status", "COMPLETE")
	folder := recipeFolder(t)
	for name, test := range map[string]struct {
		args   []string
		want   string
		status int
	}{
		"watch.mjs monday":   {[]string{s.Base + "/graphql", "monday"}, "COMPLETE 0/0, 0 failed\n", 0},
		"status.mjs monday":  {[]string{"monday"}, "{ status: 'COMPLETE', percentSuccessful: 0 }\n", 0},
		"status.mjs tuesday": {[]string{"tuesday"}, "there is no session \"tuesday\" without a tenant\n", 1},
	} {
		name, _, _ := strings.Cut(name, " ")
		if name == "status.mjs" {
			block := strings.ReplaceAll(readmeBlock(t, "js"), "127.0.0.1:8080", s.App.Addr())
			if err := os.WriteFile(filepath.Join(folder, name), []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, "node", append([]string{name}, test.args...)...)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != test.status || string(out) != test.want {
			t.Errorf("%s printed %q, %v, not %q", name, out, err, test.want)
		}
	}
}
