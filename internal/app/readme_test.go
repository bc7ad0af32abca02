package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// readme is README.md, whose requests run here.
func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readmeBlock is the first code block of a language.
func readmeBlock(t *testing.T, language string) string {
	t.Helper()
	_, after, found := strings.Cut(readme(t), "\n```"+language+"\n")
	block, _, closed := strings.Cut(after, "\n```")
	if !found || !closed {
		t.Fatalf("README.md has no block of %s", language)
	}
	return block + "\n"
}

// TestReadmeQuery sends the first query to the demo, which has sessions to show whatever
// it does at the moment.
func TestReadmeQuery(t *testing.T) {
	t.Parallel()
	m := regexp.MustCompile(`(?s)--data-urlencode 'query=(.*?)'`).FindStringSubmatch(readme(t))
	if m == nil {
		t.Fatal("README.md has no query for curl")
	}
	query := "/graphql?" + url.Values{"query": {m[1]}}.Encode()
	s := demo(t, "", "--components", "200", "--speed", "500")
	apptest.Eventually(t, "the demo has a session", func() bool {
		return s.Must(`{ sessions { totalCount } }`).At("sessions.totalCount") != 0.0
	})
	seen := map[any]bool{}
	apptest.Eventually(t, "sessions of several operations were the newest", func() bool {
		r := s.Send(http.MethodGet, query, "", "Accept", "application/json")
		if r.At("sessions.edges.0.node.name") == nil || len(r.Errors) > 0 {
			t.Fatalf("the query is answered %s", r.Body)
		}
		name := apptest.Vars{"name": r.At("sessions.edges.0.node.name")}
		if found := s.Must(`query($name: String!) { session(name: $name) { id } }`, name); found.At("session.id") == nil {
			t.Fatalf("the name that the query answers, %v, is not enough to follow the session", name)
		}
		seen[r.At("sessions.edges.0.node.operation")] = true
		return len(seen) > 1
	})
}

// TestReadmeAnswer checks that the session that is shown has what the query answers.
func TestReadmeAnswer(t *testing.T) {
	var shown any
	if err := json.Unmarshal([]byte(readmeBlock(t, "json")), &shown); err != nil {
		t.Fatal(err)
	}
	query := regexp.MustCompile(`(?s)--data-urlencode 'query=(.*?)'`).FindStringSubmatch(readme(t))[1]
	var fields func(of any)
	fields = func(of any) {
		switch of := of.(type) {
		case map[string]any:
			for name, value := range of {
				if !regexp.MustCompile(`\b` + name + `\b`).MatchString(query) {
					t.Errorf("the query in README.md does not select %s, which is shown", name)
				}
				fields(value)
			}
		case []any:
			for _, value := range of {
				fields(value)
			}
		}
	}
	fields(shown)
}

// TestReadmeSubscription subscribes as the command for curl does.
func TestReadmeSubscription(t *testing.T) {
	t.Parallel()
	m := regexp.MustCompile(`-d '(\{"query": "subscription .*\})'`).FindStringSubmatch(readme(t))
	if m == nil {
		t.Fatal("README.md has no subscription for curl")
	}
	s := apptest.ServeRedis(t)
	s.Session("monday")
	s.Update("monday", "status", "COMPLETE")
	request, err := http.NewRequest(http.MethodPost, s.Base+"/graphql", strings.NewReader(strings.ReplaceAll(m[1], "NAME", "monday")))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Content-Type", "application/json")
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body strings.Builder
	if err := response.Write(&body); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"event: next", `"status":"COMPLETE"`, "event: complete"} {
		if !strings.Contains(body.String(), want) {
			t.Errorf("the stream has no %s:\n%s", want, body.String())
		}
	}
}

// TestReadmeMutation sends the mutation by which a producer begins. It works once: the
// session exists afterwards.
func TestReadmeMutation(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	r := s.Must(readmeBlock(t, "graphql"))
	for _, field := range []string{"createSession", "putComponents", "updateSession"} {
		if failed, ok := r.At(field + ".userErrors").([]any); !ok || len(failed) > 0 {
			t.Errorf("%s is answered %s", field, r.Body)
		}
	}
	if got := s.Must(`{ session(name: "monday") { status { status managedComponentsCount } } }`); got.At("session.status.status") != "RUNNING" {
		t.Errorf("the session is %s", got.Body)
	}
}

// TestReadmeNamesOptionsThatExist checks the options in commands and in the text.
func TestReadmeNamesOptionsThatExist(t *testing.T) {
	options, err := os.ReadFile("../../docs/options.md")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`cray bos.*|curl.*`).ReplaceAllString(readme(t), "") // these have options of their own
	for _, m := range regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(text, -1) {
		if m != "--help" && !strings.Contains(string(options), "`"+m) {
			t.Errorf("README.md names %s, which is no option", m)
		}
	}
}
