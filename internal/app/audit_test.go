package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// auditLine is a line of the audit log, as programs read it.
type auditLine struct {
	Time, Request, From, Who, Name, Roles, For, Action, Session, Tenant string
	IDs                                                                 []string
	Items, Applied                                                      int
	Outcome, Code, Error                                                string
}

// short is what the tests below compare.
func (l auditLine) short() string {
	return fmt.Sprintf("%s %s %s/%s %d/%d %s %s", l.Name, l.Action, l.Tenant, l.Session, l.Applied, l.Items, l.Outcome, l.Code)
}

// auditOf waits for so many lines with a request id, and returns them.
func auditOf(t *testing.T, path, request string, n int) (lines []auditLine) {
	t.Helper()
	apptest.Eventually(t, fmt.Sprintf("%d lines of %s", n, request), func() bool {
		lines = nil
		for text := range strings.Lines(readFile(t, path)) {
			var l auditLine
			if !strings.HasSuffix(text, "\n") { // it is being written: who reads meanwhile may see a part
				return false
			}
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatalf("%v in %q", err, text)
			}
			if l.Request == request {
				lines = append(lines, l)
			}
		}
		return len(lines) >= n
	})
	if len(lines) != n {
		t.Errorf("%s has %d lines, want %d", request, len(lines), n)
	}
	return lines
}

// TestEveryMutationIsALineOfTheAuditLog has mutations by all ways in, with all outcomes.
func TestEveryMutationIsALineOfTheAuditLog(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	for i, test := range []struct {
		who, request string
		want         []string // in order
	}{
		{"admin", `{ sessions { totalCount } }`, nil},
		{"admin", `mutation { createSession(input: {name: "new", operation: BOOT, templateName: "t"}) { session { name } } }`,
			[]string{"admin createSession /new 1/1 applied "}},
		{"admin", `mutation { a: createSession(input: {name: "new", operation: BOOT, templateName: "t"}) { userErrors { code } }
			b: updateSession(input: {name: "new", status: COMPLETE}) { userErrors { code } } c: deleteSession(input: {name: "new"}) { deletedId } }`,
			[]string{"admin createSession /new 0/1 refused CONFLICT", "admin updateSession /new 1/1 applied ", "admin deleteSession /new 1/1 applied "}},
		{"producer", `mutation { putComponents(input: {components: [{id: "x7"}, {id: "x8"}]}) { applied } }`, []string{"producer putComponents / 2/2 applied "}},
		{"producer", `mutation { patchComponents(input: {components: [{id: "x7", enabled: true}, {id: "none", enabled: true}]}) { applied } }`,
			[]string{"producer patchComponents / 1/2 partial NOT_FOUND"}},
		{"producer", `mutation { deleteComponents(input: {ids: ["x7", "x8"]}) { applied } }`, []string{"producer deleteComponents / 2/2 applied "}},
		{"producer", `mutation { putTenant(input: {name: "green", components: ["x7", "x8", "x9"]}) { owned } }`, []string{"producer putTenant green/ 3/3 applied "}},
		{"tenant-producer", `mutation { patchComponents(input: {components: [{id: "x1", enabled: true}, {id: "x2", enabled: true}]}) { applied } }`,
			[]string{"tenant-producer patchComponents / 1/2 partial FORBIDDEN"}},
		{"tenant-producer", `mutation { updateSession(input: {name: "s", tenant: "blue"}) { userErrors { code } } }`,
			[]string{"tenant-producer updateSession blue/s 0/1 refused FORBIDDEN"}},
		// Refused before anything of them is executed.
		{"viewer", `mutation { deleteSession(input: {name: "s"}) { deletedId } other: deleteComponents(input: {ids: []}) { applied } again: deleteSession(input: {name: "t"}) { deletedId } }`,
			[]string{"viewer deleteSession,deleteComponents / 0/0 refused FORBIDDEN"}},
		{"admin", `mutation { putComponents(input: {components: [{id: ""}]}) { applied } }`, []string{"admin putComponents / 0/1 refused BAD_USER_INPUT"}},
		{"admin", `mutation { putComponents(input: {components: [{id: "x7", lastAction: {lastUpdated: "nope"}}]}) { applied } }`, []string{"admin putComponents / 0/0 refused BAD_USER_INPUT"}},
		{"admin", `mutation ($in: UpdateSessionInput!) { updateSession(input: $in) { userErrors { code } } }`, []string{"admin updateSession / 0/0 refused BAD_USER_INPUT"}},
		// These are no mutations: nobody can know what the first were to do.
		{"admin", `mutation { nothing }`, nil},
		{"admin", `mutation {`, nil},
		{"nobody", `mutation { deleteSession(input: {name: "s"}) { deletedId } }`, nil},
		{"admin", `mutation { deleteSession(input: {name: "s"}) @skip(if: true) { deletedId } }`, nil},
	} {
		id := fmt.Sprint("request-", i)
		r := g.as(test.who, "X-Request-Id", id).Ask(test.request)
		if got := r.Header.Get("X-Request-Id"); got != id {
			t.Errorf("%s is answered as %q", id, got)
		}
		lines := auditOf(t, g.audit, id, len(test.want))
		for j, l := range lines {
			if l.short() != test.want[j] {
				t.Errorf("%s\nis recorded as %q\n        want %q", test.request, l.short(), test.want[j])
			}
			if l.From != "127.0.0.1" || l.Who != "token:"+test.who || l.Roles != test.who || (l.Code == "") != (l.Error == "") || l.Time == "" {
				t.Errorf("%+v", l)
			}
		}
	}
	// By GET, which only reads.
	admin := g.as("admin", "X-Request-Id", "get")
	_, _ = admin.Get(`/graphql?query=mutation%20%7B%20deleteSession(input%3A%20%7Bname%3A%20%22s%22%7D)%20%7B%20deletedId%20%7D%20%7D`)
	if l := auditOf(t, g.audit, "get", 1); len(l) != 1 || l[0].short() != "admin deleteSession / 0/0 refused BAD_USER_INPUT" {
		t.Errorf("by GET: %+v", l)
	}
	// Over a WebSocket, whose request is its handshake.
	conn, got := initiate(t, g.Site, http.Header{"X-Request-Id": {"socket"}}, `{"Authorization":"Bearer `+g.tokens["producer"]+`"}`)
	if !strings.Contains(got, "ack") {
		t.Fatal(got)
	}
	for i, query := range []string{`mutation { deleteComponents(input: {ids: [\"x9\"]}) { applied } }`, `mutation { deleteComponents(input: {ids: []}) { applied } }`} {
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"subscribe","id":"%d","payload":{"query":"%s"}}`, i, query)); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range auditOf(t, g.audit, "socket", 2) {
		if got := l.short(); got != "producer deleteComponents / 0/1 refused NOT_FOUND" && got != "producer deleteComponents / 0/0 applied " {
			t.Errorf("over a WebSocket: %+v", l)
		}
	}
}

// TestRefusedMutationsAreRecordedAsTheirClientGotThem compares what is recorded of mutations that are refused before they are
// executed with the answers.
func TestRefusedMutationsAreRecordedAsTheirClientGotThem(t *testing.T) {
	t.Parallel()
	g := serveGuarded(t)
	const request = `mutation ($in: UpdateSessionInput!) { updateSession(input: $in) { userErrors { code } } }`
	for i, in := range []any{nil, apptest.Vars{"name": true}, apptest.Vars{"name": "s", "status": 1}, apptest.Vars{"name": "s", "none": 1}} {
		id := fmt.Sprint("refused-", i)
		r := g.as("admin", "X-Request-Id", id).Ask(request, apptest.Vars{"in": in})
		l := auditOf(t, g.audit, id, 1)[0]
		if len(r.Errors) != 1 || l.Outcome != "refused" || l.Error != r.Errors[0].Message || l.Code != r.Errors[0].Extensions.Code {
			t.Errorf("%v is answered with %s\nand recorded as %+v", in, r.Body, l)
		}
	}
}

// TestEveryMutationFieldIsRecorded sends those of the table of access, of which none may be missing.
func TestEveryMutationFieldIsRecorded(t *testing.T) {
	g := serveGuarded(t)
	for _, name := range rootNames(t) {
		if field, ok := strings.CutPrefix(name, "Mutation."); ok {
			g.as("admin", "X-Request-Id", field).Ask(rootFields[name].query)
			if l := auditOf(t, g.audit, field, 1); l[0].Action != field || l[0].Items == 0 && field != "putTenant" {
				t.Errorf("%s is recorded as %+v", field, l[0])
			}
		}
	}
}

// TestWritesOverRESTAreRecordedAsRefused sends what BOS would change something for. Who sends no token that is
// accepted cannot fill the log.
func TestWritesOverRESTAreRecordedAsRefused(t *testing.T) {
	g := serveGuarded(t)
	g.tokens["stranger"] = "bosgraph_of_nobody"
	for i, test := range []struct{ who, method, path, want string }{
		{"admin", "PATCH", "/v2/components/x1", "admin PATCH /v2/components/x1 / 0/0 refused BAD_USER_INPUT"},
		{"tenant", "POST", "/apis/bos/v2/sessions", "tenant POST /apis/bos/v2/sessions / 0/0 refused BAD_USER_INPUT"},
		{"producer", "PUT", "/v2/sessiontemplates/t", "producer PUT /v2/sessiontemplates/t / 0/0 refused FORBIDDEN"},
		{"nobody", "DELETE", "/v2/sessions/s", ""},
		{"stranger", "DELETE", "/v2/sessions/s", ""},
		{"admin", "DELETE", "/v2/sessions/s%0A%7B%22action%22:%22none%22%7D", "admin DELETE /v2/sessions/s\n{\"action\":\"none\"} / 0/0 refused BAD_USER_INPUT"},
		{"admin", "GET", "/v2/components/x1", ""},
	} {
		id := fmt.Sprint("rest-", i)
		r, err := http.NewRequest(test.method, g.Base+test.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := g.as(test.who, "X-Request-Id", id).Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if test.want == "" {
			defer auditOf(t, g.audit, id, 0) // once lines of later requests are there
		} else if l := auditOf(t, g.audit, id, 1); l[0].short() != test.want {
			t.Errorf("%s %s is recorded as %q", test.method, test.path, l[0].short())
		}
	}
}

// TestFailuresAreRecordedAsSuch takes Redis away: whether a change was made is not known then.
func TestFailuresAreRecordedAsSuch(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	path := filepath.Join(t.TempDir(), "audit.log")
	s := apptest.Serve(t, "redis://"+p.Addr(), "--audit-log", path)
	s.Session("s")
	p.Kill()
	r := s.Ask(`mutation { deleteSession(input: {name: "s"}) { deletedId } }`)
	id := r.Header.Get("X-Request-Id")
	if l := auditOf(t, path, id, 1); l[0].short() != "anyone deleteSession /s 0/1 failed UNAVAILABLE" {
		t.Errorf("recorded as %+v, answered %s", l[0], r.Body)
	}
}

// TestAnAuditLogThatCannotBeWrittenStopsNobody has a disk that is full.
func TestAnAuditLogThatCannotBeWrittenStopsNobody(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("only Linux has it")
	}
	var log lockedBuffer
	s := apptest.ServeLogging(t, slog.New(slog.NewTextHandler(&log, nil)), "", "--audit-log", "/dev/full")
	for i := range 3 {
		s.Session(fmt.Sprint("s", i))
	}
	apptest.Eventually(t, "it is logged", func() bool { return strings.Contains(log.String(), "audit lines are lost") })
	noDrift(t, s)
}

// TestNoRequestForgesALineOfTheLog sends texts that contain lines of a log, wherever the server may
// log them.
func TestNoRequestForgesALineOfTheLog(t *testing.T) {
	var log lockedBuffer
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := apptest.ServeLogging(t, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), "", "--auth", "tokens", "--token-file", file)
	const forged = "time=2026-11-29T00:00:00Z level=ERROR msg=forged"
	send := func(header http.Header, path string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, s.Base+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if host := header.Get("Host"); host != "" {
			r.Host = host
		}
		r.Header = header
		answer, err := s.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
	const escaped = "%0A" + "time=2026-11-29T00:00:00Z%20level=ERROR%20msg=forged"
	for _, path := range []string{"/graphql", "/v2/sessions/" + escaped, "/" + escaped, "/%C2%85" + escaped, "/%E2%80%A8" + escaped} {
		send(http.Header{"Host": {"evil.test"}}, path)
		send(http.Header{"Origin": {"https://evil.test"}}, path)
		send(http.Header{"Authorization": {"Basic x"}}, path)
		send(http.Header{"Authorization": {"Bearer " + strings.Repeat("x", 20)}, "X-Request-Id": {"x " + forged}}, path)
		send(http.Header{"Origin": {"https://evil.test\u0085" + forged}}, path)
	}
	begins := regexp.MustCompile(`^time=\S+ level=\S+ msg=`)
	for line := range strings.Lines(log.String()) {
		if !begins.MatchString(line) || strings.HasPrefix(line, forged) || strings.ContainsAny(line, "\u0085\u2028\r\x1b") {
			t.Errorf("the log has %q", line)
		}
	}
	if !strings.Contains(log.String(), "refused") {
		t.Errorf("nothing was logged:\n%s", log.String())
	}
}

// lockedBuffer is a log that is written while the test reads it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
