package client

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

const noneFailed = `{"data":{"session":{"failedComponents":{"edges":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}}`

// TestWhoIsTrustedAndWhoGetsTheToken shows what is trusted, and to whom the token goes, over TLS and as it
// changes.
func TestWhoIsTrustedAndWhoGetsTheToken(t *testing.T) {
	var got []string
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.Path+" "+r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, noneFailed)
	}))
	defer s.Close()
	s.Config.ErrorLog = nil
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token := file("token", "first\n")
	ca := file("ca", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	c, err := New(Options{Server: s.URL + "/base/", CAFile: ca, TokenFile: token, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	failed := func(c *Client) error {
		_, err := c.Failed(t.Context(), bos.SessionKey{Name: "s"}, func(err error) { t.Errorf("tried again: %v", err) })
		return err
	}
	for range 2 {
		if err := failed(c); err != nil {
			t.Fatal(err)
		}
		file("token", "second")
	}
	if want := []string{"/base/graphql Bearer first", "/base/graphql Bearer second"}; !reflect.DeepEqual(got, want) {
		t.Errorf("asked was %q, not %q", got, want)
	}
	for name, text := range map[string]string{"empty": "\n", "two lines": "token\nline\n", "two words": "Bearer token", "control character": "to\x00ken"} {
		file("token", text)
		if err := failed(c); err == nil || !strings.Contains(err.Error(), "--token-file: "+token+": this is not one token") {
			t.Errorf("%s: it says %v", name, err)
		}
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	if err := failed(c); err == nil || !strings.Contains(err.Error(), "--token-file: open "+token) {
		t.Errorf("without its token it says %v", err)
	}
	if _, err := New(Options{Server: s.URL, CAFile: token}); err == nil || !strings.Contains(err.Error(), "--ca-file: open "+token) {
		t.Errorf("without its authorities it says %v", err)
	}

	stranger, err := New(Options{Server: s.URL, Patience: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := failed(stranger); err == nil || err.Error() != s.URL+": tls: failed to verify certificate: x509: certificate signed by unknown authority: give its authority with --ca-file" {
		t.Errorf("without the authority it says %v", err)
	}
	plain := httptest.NewServer(nil)
	defer plain.Close()
	for url, want := range map[string]string{
		"http" + strings.TrimPrefix(s.URL, "https"):     ": the answer is 400 Bad Request: does the server want https://?",
		"https" + strings.TrimPrefix(plain.URL, "http"): ": http: server gave HTTP response to HTTPS client: use http://",
	} {
		c, err := New(Options{Server: url, Patience: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := failed(c); err == nil || err.Error() != url+want {
			t.Errorf("at %s it says %v", url, err)
		}
	}
	for _, bad := range []string{file("empty", ""), filepath.Join(dir, "missing")} {
		if _, err := New(Options{Server: s.URL, CAFile: bad}); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("with the authorities of %s it says %v", bad, err)
		}
	}
}

func page(first, n int, more bool) turn {
	type edge struct {
		Node Component `json:"node"`
	}
	edges := []edge{}
	for i := range n {
		edges = append(edges, edge{Component{ID: fmt.Sprint("x", first+i), Error: "e"}})
	}
	return func(asked map[string]any, gone <-chan struct{}) (*http.Response, error) {
		text, err := json.Marshal(map[string]any{"data": map[string]any{"session": map[string]any{"failedComponents": map[string]any{
			"edges": edges, "pageInfo": map[string]any{"hasNextPage": more, "endCursor": fmt.Sprint("c", first+n)},
		}}}})
		if err != nil {
			return nil, err
		}
		return answer(200, "application/json", string(text))(asked, gone)
	}
}

// ended is a turn that answers with the components that failed, BOS's numbers, and how many components were counted and had failed.
func ended(edges string, managed int, successful, failed float64, counted, countedFailed int) turn {
	return answer(200, "application/json", fmt.Sprintf(`{"data":{"session":{"status":{"managedComponentsCount":%d,"percentSuccessful":%v,"percentFailed":%v,`+
		`"counts":{"managed":%d,"successful":%d,"failed":%d}},"failedComponents":{"edges":%s,"pageInfo":{"hasNextPage":false,"endCursor":null}}}}}`,
		managed, successful, failed, counted, counted-countedFailed, countedFailed, edges))
}

func TestFailedComponentsAreReadPageByPage(t *testing.T) {
	problem := func(code bos.Code) turn {
		return answer(200, "application/json", fmt.Sprintf(`{"errors":[{"message":"no","extensions":{"code":%q}}]}`, code))
	}
	for _, test := range []struct {
		name   string
		turns  []turn
		n      int      // how many have failed
		after  []any    // the cursors that were sent
		report int      // how often it was tried again
		want   string   // of an error
		code   bos.Code // of it
	}{
		{name: "none", turns: []turn{page(0, 0, false)}, after: []any{nil}},
		{name: "three pages", turns: []turn{page(0, 3, true), page(3, 3, true), page(6, 1, false)}, n: 7, after: []any{nil, "c3", "c6"}},
		{name: "a server that restarts in between", turns: []turn{page(0, 3, true), down, problem(bos.Unavailable), page(3, 1, false)}, n: 4,
			after: []any{nil, "c3", "c3", "c3"}, report: 2},
		{name: "no session", turns: []turn{answer(200, "application/json", `{"data":{"session":null}}`)}, after: []any{nil},
			want: `there is no session "s" without a tenant: if it belongs to a tenant, give --tenant`, code: bos.NotFound},
		{name: "refused", turns: []turn{problem(bos.Forbidden)}, after: []any{nil}, want: "no", code: bos.Forbidden},
		{name: "taken over", turns: []turn{ended(`[]`, 4, 75, 25, 0, 0)}, after: []any{nil}, code: bos.NotFound,
			want: `BOS saved that 25.00 % of the 4 components of session "s" failed, but the server read them after they had changed or other sessions had taken ` +
				`them over, and knows 0 of these: "bosgraph watch" prints the errors that BOS saved, with the first components of each`},
		{name: "taken over but for who failed", turns: []turn{ended(`[{"node":{"id":"x0","error":"e"}}]`, 4, 75, 25, 2, 1)}, n: 1, after: []any{nil}},
		{name: "taken over, none failed", turns: []turn{ended(`[]`, 4, 100, 0, 0, 0)}, after: []any{nil}},
		{name: "it recovers after the last page", turns: []turn{ended(`[]`, 4, 75, 25, 4, 1)}, after: []any{nil}},
		{name: "half an answer", turns: []turn{answer(200, "application/json", `{"data":`), page(0, 1, false)}, n: 1, after: []any{nil, nil}, report: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, report := &server{t: t, turns: test.turns}, 0
				got, err := s.client(time.Minute).Failed(t.Context(), bos.SessionKey{Name: "s"}, func(error) { report++ })
				if test.want != "" {
					if r := (*Refusal)(nil); !errors.As(err, &r) || r.Message != test.want || r.Code != test.code || NotFound(err) != (test.code == bos.NotFound) {
						t.Errorf("it says %v", err)
					}
				} else if err != nil || got == nil || len(got) != test.n {
					t.Errorf("%d have failed, %v; not %d", len(got), err, test.n)
				}
				for i, c := range got {
					if c != (Component{ID: fmt.Sprint("x", i), Error: "e"}) {
						t.Errorf("%d is %v", i, c)
					}
				}
				var after []any
				for _, asked := range s.asked {
					after = append(after, asked["after"])
				}
				if !reflect.DeepEqual(after, test.after) || report != test.report {
					t.Errorf("asked was for what is after %v; %d times again", after, report)
				}
			})
		})
	}
	t.Run("lost", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &server{t: t, turns: []turn{page(0, 3, true), down}}
			start := time.Now()
			_, err := s.client(time.Minute).Failed(t.Context(), bos.SessionKey{Name: "s"}, func(error) {})
			if took := time.Since(start); !errors.As(err, new(*Lost)) || !errors.Is(err, errRefused) || took != time.Minute {
				t.Errorf("after %v it says %v", took, err)
			}
		})
	})
}
