package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// compatWorld is the system that the list of requests is about.
type compatWorld struct {
	Names      compat.Names
	Components []json.RawMessage // an object, or its text
	Sessions   []json.RawMessage
	Saved      [][2]string // tenant and name of those whose status BOS has saved
	Tenants    map[string][]string
}

// compatAnswer is what BOS answers to a request.
type compatAnswer struct {
	ID       string
	Status   int
	Type     string
	Title    string // of a problem, instead of its body
	Location string
	Body     any
}

// compatFile reads a file of the list's, with the times in it counted from now.
func compatFile(t *testing.T, name string, now time.Time) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "rest", "compat", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	units := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	ago := regexp.MustCompile(`\{now-(\d+)([mhd])\}`)
	return ago.ReplaceAllFunc(text, func(match []byte) []byte {
		parts := ago.FindSubmatch(match)
		n, _ := strconv.Atoi(string(parts[1]))
		return []byte(bos.TimeOf(now.Add(-time.Duration(n) * units[string(parts[2])])))
	})
}

// build makes a BOS of the world.
func (w *compatWorld) build(t *testing.T) *bosfake.BOS {
	t.Helper()
	b := bosfake.New(bosfake.Options{})
	read := func(raw json.RawMessage, known any) string {
		text := string(raw)
		if text[0] == '"' {
			if err := json.Unmarshal(raw, &text); err != nil {
				t.Fatal(err)
			}
		}
		if err := json.Unmarshal([]byte(text), known); err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, raw := range w.Components {
		var seen struct{ ID string }
		text := read(raw, &seen)
		b.PutText(seen.ID, text)
	}
	for _, raw := range w.Sessions {
		var key bos.SessionKey
		text := read(raw, &key)
		b.PutSessionText(key, text)
	}
	for tenant, owns := range w.Tenants {
		b.PutTenant(tenant, owns...)
	}
	for _, key := range w.Saved {
		b.SaveStatus(bos.SessionKey{Tenant: key[0], Name: key[1]})
	}
	return b
}

// numbered decodes JSON, keeping numbers as they are written.
func numbered(t *testing.T, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	return v
}

// compatAnswers reads what BOS answers, with the records put in where they are referred to.
func compatAnswers(t *testing.T, now time.Time) map[string]compatAnswer {
	t.Helper()
	records := numbered(t, compatFile(t, "records.json", now)).(map[string]any)
	var resolve func(v any) any
	resolve = func(v any) any {
		switch v := v.(type) {
		case string:
			if record, ok := records[v]; ok {
				return record
			}
		case []any:
			for i := range v {
				v[i] = resolve(v[i])
			}
		}
		return v
	}
	all := map[string]compatAnswer{}
	for line := range bytes.Lines(compatFile(t, "answers.jsonl", now)) {
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		var a compatAnswer
		if err := d.Decode(&a); err != nil {
			t.Fatal(err)
		}
		a.Body = resolve(a.Body)
		all[a.ID] = a
	}
	return all
}

// settle makes of a body what can be compared.
func settle(body any, r compat.Request) string {
	if list, ok := body.([]any); ok && r.Unordered {
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	for _, path := range r.Volatile {
		at := body
		steps := strings.Split(path, ".")
		for _, step := range steps[:len(steps)-1] {
			at = at.(map[string]any)[step]
		}
		delete(at.(map[string]any), steps[len(steps)-1])
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestRESTAnswersEveryRequestAsBOSDoes sends the whole list of requests to a server that follows a BOS, under
// both addresses, and compares every answer with BOS's: status, content type and body.
func TestRESTAnswersEveryRequestAsBOSDoes(t *testing.T) {
	t.Parallel()
	requests, err := compat.Requests()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			now := time.Now().Truncate(time.Second)
			var world compatWorld
			if err := json.Unmarshal(compatFile(t, "world.json", now), &world); err != nil {
				t.Fatal(err)
			}
			answers := compatAnswers(t, now)
			stand := world.build(t)
			f := followBOS(t, b.URL(t), stand, "--tapms-url", listenBOS(t, stand)+"/apis/tapms", "--base-path", "/boot")
			f.sweeps(2)
			if problem := f.sync(); problem != "" {
				t.Fatalf("the world is not followed as a whole: %s", problem)
			}
			for _, r := range requests {
				filled := r.Fill(world.Names)
				f.compare(t, "/apis/bos", filled, answers[r.ID])
				if path, _, _ := strings.Cut(filled.Path, "?"); path == "/v2" || strings.HasPrefix(path, "/v2/") {
					f.compare(t, "", filled, answers[r.ID])
				}
			}
		})
	}
}

// compare sends one request and compares the answer.
func (f followedSite) compare(t *testing.T, prefix string, r compat.Request, want compatAnswer) {
	t.Helper()
	name := r.ID + " " + r.Method + " " + prefix + r.Path[:min(len(r.Path), 100)]
	request, err := http.NewRequest(r.Method, f.Base+prefix+r.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range r.Headers {
		request.Header.Set(key, value)
	}
	client := *f.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if have := response.Header.Get("Content-Type"); response.StatusCode != want.Status || have != want.Type {
		t.Errorf("%s: status %d, %q; BOS: %d, %q: %.200s", name, response.StatusCode, have, want.Status, want.Type, body)
		return
	}
	switch {
	case want.Location != "":
		if have := response.Header.Get("Location"); have != "/boot"+prefix+want.Location {
			t.Errorf("%s: leads to %q", name, have)
		}
	case want.Title != "":
		if title := apptest.At(numbered(t, body), "title"); title != want.Title {
			t.Errorf("%s: the title %v", name, title)
		}
	case want.Body == nil:
		if len(body) > 0 {
			t.Errorf("%s: a body: %.200s", name, body)
		}
	default:
		root := f.Base + prefix
		have, want := settle(numbered(t, body), r), strings.ReplaceAll(settle(want.Body, r), "{root}", root)
		if have != want {
			t.Errorf("%s: answered\n%s\nBOS\n%s", name, have, want)
		}
	}
}

// TestRESTAnswersEveryCommandOfCray sends what each command of `cray` sends, with and without a tenant, and
// wants an answer of the right status and shape.
func TestRESTAnswersEveryCommandOfCray(t *testing.T) {
	t.Parallel()
	var world compatWorld
	if err := json.Unmarshal(compatFile(t, "world.json", time.Now()), &world); err != nil {
		t.Fatal(err)
	}
	world.Components = slices.DeleteFunc(world.Components, func(raw json.RawMessage) bool {
		return bytes.Contains(raw, []byte("some day")) // values of wrong types are not as described
	})
	stand := world.build(t)
	f := followBOS(t, "", stand, "--tapms-url", listenBOS(t, stand)+"/apis/tapms")
	f.sweeps(2)
	contract := restOf(f.Site)
	lists := regexp.MustCompile(`^(/|/v2/(sessions|components|sessiontemplates)(\?.*)?)$`)
	documented, err := os.ReadFile(filepath.Join("..", "..", "docs", "rest.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range compat.Cray() {
		if !strings.Contains(string(documented), "`"+command.Line+"`") {
			t.Errorf("docs/rest.md says nothing of %s", command.Line)
		}
		path := compat.Request{Path: command.Path}.Fill(world.Names).Path
		for _, tenant := range []string{"", world.Names["tenant"]} {
			want := http.StatusOK
			if command.Missing {
				want = http.StatusNotFound
			}
			status, body := contract.Read(http.MethodGet, "/apis/bos"+path, tenant) // which checks the shape
			if list := body[0] == '['; status != want || list != lists.MatchString(command.Path) {
				t.Errorf("%s for %q: status %d: %.200s", command.Line, tenant, status, body)
			}
		}
	}
}
