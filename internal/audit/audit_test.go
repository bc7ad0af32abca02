package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// forged are texts that would look like lines of their own, or hide what stands around them.
var forged = []string{
	"a\n" + `{"action":"none"}`, "a\r\nlevel=ERROR msg=forged", "a\u0085level=ERROR", "a\u2028level=ERROR", "a\u2029level=ERROR",
	"\x1b[2J\x1b[1;1H", "a\u009b2J", "a\u202egnol", "a\x00b", "a\x7fb", "\U000e0041", `a","outcome":"applied`, "a\xff\xfe\n", "x3000c0s13b0n0, ü",
}

// as is a context of a request by somebody.
func as(t *testing.T, name string, r Request) context.Context {
	t.Helper()
	p := auth.Principal{ID: "https://issuer.test " + name, Name: name, Roles: auth.Roles(0).With(auth.TenantProducer), Tenants: []string{"red"}}
	access, err := p.For("red")
	if err != nil {
		t.Fatal(err)
	}
	return WithRequest(auth.WithAccess(t.Context(), access), r)
}

// TestNoTextForgesALine has every text of a client's in every place of a line, and in the two
// forms of the server's own log.
func TestNoTextForgesALine(t *testing.T) {
	for _, text := range forged {
		e := Event{Action: "PATCH " + text, Session: &bos.SessionKey{Tenant: text, Name: text}, IDs: []string{text}, Items: 1}
		e.Done(0, bos.Errorf(bos.BadUserInput, "%s", text))
		line := string(encode(as(t, text, Request{ID: "r", From: "192.0.2.1"}), time.Now(), e))
		for i, r := range line {
			if end := i == len(line)-1; r == '\n' != end || r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%q: %U at %d of %q", text, r, i, line)
			}
		}
		var read map[string]any
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if want := strings.ToValidUTF8(text, "\ufffd"); read["name"] != want && utf8Runs(text) || read["outcome"] != "refused" {
			t.Errorf("%q is read as %q", text, read["name"])
		}
		for _, h := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			slog.New(h(&b)).Info(text, "name", text, "error", errors.New(text))
			if got := b.String(); strings.Count(got, "\n") != 1 || strings.ContainsAny(got, "\r\x1b\u2028\u2029") {
				t.Errorf("the log has %q", got)
			}
		}
	}
}

// utf8Runs reports whether invalid bytes of a text are replaced one by one, as they stand alone.
func utf8Runs(text string) bool { return !strings.Contains(text, "\xff\xfe") }

// TestLinesSayWhoWhatAndHowMany has a line whole, and one as long as it can get.
func TestLinesSayWhoWhatAndHowMany(t *testing.T) {
	at := time.Date(2026, 11, 29, 3, 30, 0, 123456000, time.FixedZone("", 3600))
	e := Event{Action: "patchComponents", IDs: []string{"x1", "x2"}, Items: 2}
	e.Done(1, bos.Errorf(bos.Conflict, "changed meanwhile"))
	const want = `{"time":"2026-11-29T02:30:00.123456Z","request":"abc","from":"192.0.2.1","who":"https://issuer.test tina","name":"tina",` +
		`"roles":"tenant-producer","for":"red","action":"patchComponents","ids":["x1","x2"],"items":2,"applied":1,"outcome":"partial",` +
		`"code":"CONFLICT","error":"changed meanwhile"}` + "\n"
	if got := string(encode(as(t, "tina", Request{ID: "abc", From: "192.0.2.1"}), at, e)); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	long := strings.Repeat("\u0085", 70000)
	e = Event{Action: long, Session: &bos.SessionKey{Tenant: long, Name: long}, IDs: strings.Split(strings.Repeat(long[:600]+" ", 5000), " "), Items: 5000}
	e.Done(0, bos.Errorf(bos.BadUserInput, "%s", long))
	if line := encode(as(t, long, Request{}), at, e); len(line) > 16<<10 {
		t.Errorf("a line has %d bytes", len(line))
	}
}

// TestOutcomes has what a mutation may come to.
func TestOutcomes(t *testing.T) {
	for _, test := range []struct {
		applied int
		err     error
		want    Outcome
		code    bos.Code
	}{
		{3, nil, Applied, ""},
		{0, nil, Applied, ""}, // an empty list
		{2, bos.Errorf(bos.Forbidden, "no"), Partial, bos.Forbidden},
		{0, bos.Errorf(bos.Forbidden, "no"), Refused, bos.Forbidden},
		{0, bos.Errorf(bos.Unavailable, "Redis is away"), Failed, bos.Unavailable},
		{0, errors.New("secret"), Failed, bos.Internal},
	} {
		e := Event{}
		if e.Done(test.applied, test.err); e.Outcome != test.want || e.Code != test.code || strings.Contains(e.Error, "secret") {
			t.Errorf("%d, %v: %+v", test.applied, test.err, e)
		}
	}
}

// TestRequestIDs shows which ids of clients are taken over.
func TestRequestIDs(t *testing.T) {
	for _, id := range []string{"a", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", "Root=1-67891233-abcdef012345678912345678", strings.Repeat("a", 128)} {
		if got := NewRequestID(http.Header{RequestHeader: {id}}); got != id {
			t.Errorf("%q becomes %q", id, got)
		}
	}
	made := map[string]bool{}
	for _, ids := range [][]string{nil, {""}, {"a", "b"}, {"a\nb"}, {"a b"}, {`a"b`}, {"<a>"}, {"ä"}, {strings.Repeat("a", 129)}} {
		got := NewRequestID(http.Header{RequestHeader: ids})
		if !isRequestID(got) || len(got) < 20 || made[got] {
			t.Errorf("%q becomes %q", ids, got)
		}
		made[got] = true
	}
	if id := ErrorID(WithRequest(t.Context(), Request{ID: "abc"})); id != "abc" {
		t.Errorf("an error of request abc has the id %q", id)
	}
	if a, b := ErrorID(t.Context()), ErrorID(t.Context()); a == b || a == "" {
		t.Errorf("errors of no request have the ids %q and %q", a, b)
	}
}
