package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
	"github.com/bosgraph/bosgraph/internal/rest"
	"github.com/bosgraph/bosgraph/internal/rest/resttest"
)

// restClient reads a site as clients of BOS do.
type restClient struct{ *resttest.Client }

func restOf(s *apptest.Site) restClient {
	s.T.Helper()
	return restClient{resttest.NewClient(s.T, s.Base, s.Client)}
}

// want checks a value of an answer by its path.
func (c restClient) want(t *testing.T, path, tenant string, status int, value string, want any) {
	t.Helper()
	got, body := c.Read(http.MethodGet, path, tenant)
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	if have := apptest.At(answer, value); got != status || fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("%s for %q: status %d, %s is %v, want %d, %v", path, tenant, got, value, have, status, want)
	}
}

// checkREST compares the status that REST answers with BOS's, byte by byte once the keys are in
// order and the error lists name the first components. The moment that BOS saw is the clock here.
func (c *oracleCase) checkREST(t *testing.T, s *apptest.Site, expected json.RawMessage) {
	t.Helper()
	now, err := c.Now.UTC()
	if err != nil {
		t.Fatal(err)
	}
	h := forEverybody(rest.New(s.App.RESTStore(), rest.Options{
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return now },
	}, nil))
	r := httptest.NewRequest(http.MethodGet, "/v2/sessions/"+c.Session.Name+"/status", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	resttest.New(t).Check(t, r, w.Code, w.Header(), w.Body.Bytes())
	have, want := parseNumbers(t, w.Body.Bytes()), parseNumbers(t, expected)
	c.order(want)
	c.restate(t, have, want)
	if have, want := fmt.Sprintf("%#v", have), fmt.Sprintf("%#v", want); have != want { // keys in order
		t.Errorf("REST answered\n%s\nBOS\n%s", have, want)
	}
}

// parseNumbers parses an object, keeping its numbers as they are written.
func parseNumbers(t *testing.T, text []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}

// order makes BOS's error lists, in which a set's members come in any order, name
// the first components.
func (c *oracleCase) order(status map[string]any) {
	for message, group := range status["error_summary"].(map[string]any) {
		ids := c.ErrorIDs[message]
		list := strings.Join(ids[:min(len(ids), 10)], ",")
		if len(ids) > 10 {
			list += "..."
		}
		group.(map[string]any)["list"] = list
	}
}

// restate puts into BOS's status what is different here on purpose: a session always
// has a state, completes as soon as nothing is active, and has an end when it is
// complete.
func (c *oracleCase) restate(t *testing.T, have, want map[string]any) {
	t.Helper()
	switch ends := want["status"] == "running" && c.active() == 0; {
	case want["status"] == nil:
		want["status"] = "pending"
	case c.Session.Status.EndTime == "" && (ends || want["status"] == "complete"):
		want["status"] = "complete"
		timing := want["timing"].(map[string]any)
		end, _ := apptest.At(have, "timing.end_time").(string)
		took, err := bos.TimingOf(c.Session.Status.StartTime, bos.Time(end), time.Time{})
		if err != nil || end == "" {
			t.Fatalf("complete, with the end %q, %v", end, err)
		}
		timing["end_time"], timing["duration"] = end, bos.BOSDurationText(took.Duration)
	}
}

// sample is what BOS's documentation shows, with 0.0 for 0.
const sample = `{"error_summary": {"Sample error message": {"count": 1, "list": "x3000c0s13b0n0"}},
"managed_components_count": 1, "percent_failed": 100.0, "percent_staged": 0.0, "percent_successful": 0.0,
"phases": {"percent_complete": 100.0, "percent_configuring": 0.0, "percent_powering_off": 0.0, "percent_powering_on": 0.0},
"status": "complete",
"timing": {"duration": "0:00:20", "end_time": "2022-08-22T16:51:10", "start_time": "2022-08-22T16:50:50"}}`

// TestRESTReproducesTheSampleOfBOSsDocumentation reproduces the sample of BOS's documentation, down to the order of
// its keys, under both addresses and a base path.
func TestRESTReproducesTheSampleOfBOSsDocumentation(t *testing.T) {
	const name = "3d2e86d1-8909-46fc-8a22-f42f1a140264"
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t), "--base-path", "/boot")
			s.Put(apptest.Vars{"id": "x3000c0s13b0n0", "session": name, "error": "Sample error message", "status": apptest.Vars{"statusOverride": "failed"}})
			s.Session(name, "startTime", "2022-08-22T16:50:50")
			s.Update(name, "status", "COMPLETE", "endTime", "2022-08-22T16:51:10")
			var want bytes.Buffer
			if err := json.Compact(&want, []byte(sample)); err != nil {
				t.Fatal(err)
			}
			for _, prefix := range []string{"/v2", "/apis/bos/v2"} {
				status, body := s.Get(prefix + "/sessions/" + name + "/status")
				if status != http.StatusOK || body != want.String()+"\n" {
					t.Errorf("%s: status %d: %s", prefix, status, body)
				}
			}
		})
	}
}

// TestRESTAnswersFromTheStore goes through all that can be asked, on the real store.
func TestRESTAnswersFromTheStore(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		c := restOf(s)
		ago := func(d time.Duration) bos.Time { return bos.TimeOf(time.Now().Add(-d)) }
		s.Session("old", "startTime", ago(50*time.Hour), "stage", true)
		s.Session("s", "startTime", ago(3*time.Hour), "limit", "x1")
		s.Session("s", "tenant", "blue", "startTime", ago(90*time.Minute))
		s.Session("gone", "startTime", ago(time.Minute))
		s.Session("deleted")
		on := apptest.Powering("x3", "s")
		on["stagedState"] = apptest.Vars{"session": "old"}
		s.Put(apptest.Powering("x1", "s"), apptest.Vars{"id": "x2", "session": "s", "error": "broken", "status": apptest.Vars{"statusOverride": "failed"}}, on,
			apptest.Vars{"id": "x4", "enabled": true, "status": apptest.Vars{"phase": "melting", "statusOverride": "on_hold"}})
		s.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x1", "x2", "x9"}})
		s.Update("s", "status", "RUNNING", "initialComponents", "x1,x2,x3")
		s.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "deleted"}})
		if err := s.App.Store().MarkDeleted(t.Context(), bos.SessionKey{Name: "gone"}); err != nil {
			t.Fatal(err)
		}
		for _, prefix := range []string{"/v2", "/apis/bos/v2"} {
			c.want(t, prefix, "", 200, "major", "2")
			c.want(t, prefix+"/version", "", 200, "links.0.href", s.Base+strings.TrimSuffix(prefix, "v2"))
			c.want(t, prefix+"/version", "", 200, "links.1.href", s.Base+prefix)
			c.want(t, prefix+"/healthz", "", 200, "dbStatus", "ok")
			c.want(t, prefix+"/sessions/s", "", 200, "components", "x1,x2,x3")
			c.want(t, prefix+"/sessions/s", "blue", 200, "tenant", "blue")
			c.want(t, prefix+"/sessions/s/status", "", 200, "managed_components_count", 3)
			c.want(t, prefix+"/sessions/s/status", "blue", 200, "managed_components_count", 2)
			c.want(t, prefix+"/sessions/old/status", "", 200, "percent_staged", 100)
			c.want(t, prefix+"/components/x4", "", 200, "status.status", "on_hold")
			c.want(t, prefix+"/components/x9", "", 404, "detail", "Component 'x9' does not exist")
			c.want(t, prefix+"/sessions/old", "blue", 404, "detail", "Session for tenant 'blue' 'old' does not exist")
			c.want(t, prefix+"/options", "", 200, "logging_level", "INFO")
			c.want(t, prefix+"/sessiontemplates/none", "", 404, "detail", "Session template 'none' does not exist")
			c.want(t, prefix+"/components", "green", 400, "detail", "Data not found for tenant green")
			for _, name := range []string{"gone", "deleted"} {
				c.want(t, prefix+"/sessions/"+name, "", 404, "title", "The resource was not found")
				c.want(t, prefix+"/sessions/"+name+"/status", "", 404, "detail", "Session '"+name+"' does not exist")
			}
		}
		for query, want := range map[string]string{
			"": "s s old", "?status=pending": "s old", "?status=running": "s", "?min_age=1d": "old", "?max_age=1d": "s s",
			"?min_age=2h&max_age=1w": "s old", "?max_age=1m": "", "?min_age=0": "s s old", "?max_age=9999w": "s s old",
		} {
			if have := strings.Join(c.Texts("/v2/sessions"+query, "", "name"), " "); have != want {
				t.Errorf("%s: sessions %q, want %q", query, have, want)
			}
		}
		if have := c.Texts("/v2/sessions", "blue", "name"); len(have) != 1 {
			t.Errorf("blue sees the sessions %v", have)
		}
		for query, want := range map[string]string{
			"": "x1 x2 x3 x4", "?session=s": "x1 x2 x3", "?staged_session=old": "x3", "?session=s&staged_session=old": "x3", "?session=none": "",
			"?enabled=true": "x1 x3 x4", "?enabled=false": "x2", "?phase=powering_on": "x1 x3", "?status=failed,on_hold": "x2 x4",
			"?ids=x4,x2,x7": "x2 x4", "?ids=x4,x2&session=s": "x2", "?start_after_id=x2": "x3 x4", "?page_size=1&start_after_id=x2": "x3",
		} {
			if have := strings.Join(c.Texts("/v2/components"+query, "", "id"), " "); have != want {
				t.Errorf("%s: components %q, want %q", query, have, want)
			}
		}
		if have := c.Texts("/v2/components", "blue", "id"); !slices.Equal(have, []string{"x1", "x2"}) {
			t.Errorf("blue sees the components %v", have)
		}
		c.want(t, "/v2/components/x3", "blue", 404, "detail", "Component 'x3' does not exist")
		for method, path := range map[string]string{
			"POST": "/v2/sessions", "PATCH": "/v2/sessions/s", "PUT": "/v2/components", "DELETE": "/apis/bos/v2/components/x1",
		} {
			if status, body := c.Read(method, path, ""); status != 405 || !strings.Contains(string(body), "GraphQL mutation") {
				t.Errorf("%s %s: status %d: %s", method, path, status, body)
			}
		}
	})
}

// TestRESTListsAreCompleteWholeAndPageByPage reads 2,500 components at once and page by page.
func TestRESTListsAreCompleteWholeAndPageByPage(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		const n = 2500
		var all []apptest.Vars
		var want []string
		for i := range n {
			all, want = append(all, apptest.Powering(apptest.Xname(i), "s")), append(want, apptest.Xname(i))
		}
		s.Put(all...)
		c := restOf(s)
		for _, size := range []int{0, 700, 1000} {
			var have []string
			for after := ""; ; after = have[len(have)-1] {
				path := fmt.Sprintf("/v2/components?session=s&page_size=%d", size)
				if after != "" {
					path += "&start_after_id=" + after
				}
				page := c.Texts(path, "", "id")
				have = append(have, page...)
				if size == 0 || len(page) < size {
					break
				}
			}
			if !slices.Equal(have, want) {
				t.Errorf("pages of %d: %d components", size, len(have))
			}
		}
	})
}

// TestRESTStatusesHaveAllErrorGroups reads a status with more error groups than are read at first.
func TestRESTStatusesHaveAllErrorGroups(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	const n = 2500
	var all []apptest.Vars
	for i := range n {
		all = append(all, apptest.Vars{"id": apptest.Xname(i), "session": "s", "error": fmt.Sprint("error ", i)})
	}
	s.Put(all...)
	s.Session("s")
	_, body := restOf(s).Read(http.MethodGet, "/v2/sessions/s/status", "")
	groups, _ := apptest.At(parseNumbers(t, body), "error_summary").(map[string]any)
	if len(groups) != n || apptest.At(groups, "error 2499.list") != apptest.Xname(n-1) {
		t.Errorf("%d groups: %s", len(groups), apptest.Clip(string(body)))
	}
}

// TestRESTSaysWhenRedisIsAway takes Redis away.
func TestRESTSaysWhenRedisIsAway(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	s := apptest.Serve(t, "redis://"+p.Addr())
	s.Session("s")
	c := restOf(s)
	p.Kill()
	for _, path := range []string{"/sessions", "/sessions/s", "/sessions/s/status", "/components", "/components/x1"} {
		c.want(t, "/v2"+path, "", 503, "title", "Unable to connect to the Redis database")
	}
	c.want(t, "/v2/healthz", "", 200, "dbStatus", "not_available")
}
