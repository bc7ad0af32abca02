package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

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

// readmeQueries are the queries for curl in README.md.
func readmeQueries(t *testing.T) []string {
	t.Helper()
	var queries []string
	for _, m := range regexp.MustCompile(`(?s)'query=(.*?)'`).FindAllStringSubmatch(readme(t), -1) {
		queries = append(queries, "/graphql?"+url.Values{"query": {m[1]}}.Encode())
	}
	if len(queries) != 2 {
		t.Fatalf("README.md has %d queries for curl", len(queries))
	}
	return queries
}

// TestReadmeQueriesFindABoot sends the first queries and the subscription to the demo again and again, over hours of its time: each time they
// find a boot that runs.
func TestReadmeQueriesFindABoot(t *testing.T) {
	t.Parallel()
	const speed = 1000
	queries := readmeQueries(t)
	s := demo(t, "", "--components", "200", "--speed", fmt.Sprint(speed))
	apptest.Eventually(t, "the demo has begun", func() bool {
		return len(s.Must(`{ sessions(first: 1, filter: {status: RUNNING}) { nodes { name } } }`).At("sessions.nodes").([]any)) > 0
	})
	seen := map[any]bool{}
	for begin := time.Now(); time.Since(begin) < 3*time.Hour/speed || len(seen) < 5; {
		for _, query := range queries {
			r := s.Send(http.MethodGet, query, "", "Accept", "application/json")
			name := r.At("sessions.nodes.0.name")
			if name == nil || len(r.Errors) > 0 {
				t.Fatalf("after %d sessions, the query is answered %s", len(seen), r.Body)
			}
			seen[name] = true
			if first := firstEvent(t, s, subscriptionOf(t, fmt.Sprint(name))); !strings.Contains(first, `"status":"RUNNING"`) && !strings.Contains(first, `"status":"COMPLETE"`) {
				t.Fatalf("the subscription begins with %s", first)
			}
		}
	}
}

// subscriptionOf is the body of the subscription in README.md, for a session.
func subscriptionOf(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(`-d '(\{"query": "subscription .*\})'`).FindStringSubmatch(readme(t))
	if m == nil {
		t.Fatal("README.md has no subscription for curl")
	}
	return strings.ReplaceAll(m[1], `'"$NAME"'`, name)
}

// subscribeAsReadme sends the subscription for a session.
func subscribeAsReadme(t *testing.T, s *apptest.Site, body string) io.ReadCloser {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, s.Base+"/graphql", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Content-Type", "application/json")
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response.Body
}

// firstEvent is the data of the first event of a subscription.
func firstEvent(t *testing.T, s *apptest.Site, body string) string {
	t.Helper()
	stream := subscribeAsReadme(t, s, body)
	defer stream.Close()
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
			return data
		}
	}
	t.Fatalf("the stream ends without an event: %v", lines.Err())
	return ""
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
	s := apptest.ServeRedis(t)
	s.Session("monday")
	s.Update("monday", "status", "COMPLETE")
	stream := subscribeAsReadme(t, s, subscriptionOf(t, "monday"))
	defer stream.Close()
	body, err := io.ReadAll(stream)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"event: next", `"status":"COMPLETE"`, "event: complete"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the stream has no %s:\n%s", want, body)
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
