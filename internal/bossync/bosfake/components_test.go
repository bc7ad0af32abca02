package bosfake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/rest/resttest"
)

func TestComponentsAreFilteredAsBOSDoes(t *testing.T) {
	b := furnished()
	for query, want := range map[string]string{
		"":                                  "x1 x2 x3 x4 x5",
		"?phase=":                           "x1 x2 x3 x4 x5",
		"?ids=x4,x1,x9":                     "x1 x4",
		"?ids=x4&ids=x1":                    "x1", // BOS: the last one
		"?session=night":                    "x1 x2 x4",
		"?staged_session=late":              "x3",
		"?enabled=true":                     "x1 x3 x4",
		"?enabled=false":                    "x1 x2 x3 x4 x5", // BOS: no filter by itself
		"?enabled=False&session=night":      "x2",
		"?enabled=false&ids=x2,x5":          "x2", // BOS: missing is not false
		"?phase=configuring":                "x4",
		"?status=stable":                    "x3 x5",
		"?status=failed,on_hold":            "x2 x4",
		"?status=power_on_called":           "x1",
		"?session=night&status=failed":      "x2",
		"?session=night&start_after_id=x1":  "x2 x4",
		"?page_size=2":                      "x1 x2",
		"?page_size=2&start_after_id=x2":    "x3 x4",
		"?page_size=2&start_after_id=x3a":   "x4 x5",
		"?page_size=2&start_after_id=x5":    "",
		"?page_size=1&session=night&ids=x4": "x4",
		"?page_size=0":                      "x1 x2 x3 x4 x5",
	} {
		for _, prefix := range []string{"/v2", "/apis/bos/v2"} {
			if have := names(t, b, prefix+"/components"+query, "", "id"); have != want {
				t.Errorf("%s: %q, want %q", query, have, want)
			}
		}
	}
	for query, want := range map[string]string{"": "x2 x3", "?ids=x3,x4": "x3", "?page_size=1&start_after_id=x2": "x3", "?enabled=false": "x2"} {
		if have := names(t, b, "/v2/components"+query, "blue", "id"); have != want {
			t.Errorf("tenant blue, %s: %q, want %q", query, have, want)
		}
	}
	if have := names(t, b, "/v2/components", "empty", "id"); have != "" {
		t.Errorf("a tenant without components has %q", have)
	}
}

func TestProblemsAreWordedAsBOSWordsThem(t *testing.T) {
	b := furnished()
	for _, test := range []struct {
		path, tenant  string
		status        int
		title, detail string
	}{
		{"/v2/components?page_size=x", "", 400, "Bad Request", "Wrong type, expected 'integer' for query parameter 'page_size'"},
		{"/v2/components?page_size=-1", "", 400, "Bad Request", "-1 is less than the minimum of 0"},
		{"/v2/components?enabled=1", "", 400, "Bad Request", "Wrong type, expected 'boolean' for query parameter 'enabled'"},
		{"/v2/components", "green", 400, "Invalid tenant", "Data not found for tenant green"},
		{"/v2/components/x1", "green", 400, "Invalid tenant", "Data not found for tenant green"},
		{"/v2/components/x9", "green", 404, "The resource was not found", "Component 'x9' does not exist"},
		{"/v2/components/x9", "", 404, "The resource was not found", "Component 'x9' does not exist"},
		{"/v2/components/x1", "blue", 404, "The resource was not found", "Component 'x1' does not exist"},
		{"/v2/sessions?status=stable", "", 400, "Bad Request", "'stable' is not one of ['pending', 'running', 'complete']"},
		{"/v2/sessions/none", "", 404, "The resource was not found", "Session 'none' does not exist"},
		{"/v2/sessions/new", "blue", 404, "The resource was not found", "Session for tenant 'blue' 'new' does not exist"},
		{"/v2/sessions/none/status", "", 404, "The resource was not found", "Session 'none' does not exist"},
		{"/v2/cluster", "", 404, "Not Found", ""},
	} {
		w := ask(b, test.path, test.tenant)
		var have struct {
			Type, Title, Detail string
			Status              int
		}
		if err := json.Unmarshal(w.Body.Bytes(), &have); err != nil || w.Code != test.status || have.Status != test.status ||
			have.Type != "about:blank" || have.Title != test.title || test.detail != "" && have.Detail != test.detail {
			t.Errorf("%s: %d, %v: %s", test.path, w.Code, err, w.Body)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s: a problem of type %q", test.path, kind)
		}
	}
}

// TestAnswersMatchTheDescriptionOfTheAPI compares what is answered without a fault with the description of the
// API, and walks through all pages.
func TestAnswersMatchTheDescriptionOfTheAPI(t *testing.T) {
	b := furnished()
	for _, id := range []string{"x1", "x2", "x3", "x4", "x5"} { // their records are not whole
		b.Delete(id)
	}
	ids := b.AddComponents(600)
	server := serve(t, b)
	client := resttest.NewClient(t, server.URL, server.Client())
	for _, prefix := range []string{"", "/apis/bos"} {
		for path, want := range map[string]int{
			"/v2": 200, "/v2/version": 200, "/v2/healthz": 200, "/v2/sessions": 200, "/v2/sessions/new": 200, "/v2/sessions/old": 200,
			"/v2/sessions/new/status": 200, "/v2/sessions/old/status": 200, "/v2/components/" + ids[0]: 200,
			"/v2/components/none": 404, "/v2/sessions/none": 404, "/v2/options": 200, "/v2/sessiontemplates": 200, "/v2/components?page_size=a": 400,
		} {
			if prefix != "" && (want != 200 || strings.Contains(path, "?")) {
				continue // the description has the short addresses
			}
			if status, body := client.Read(http.MethodGet, path, ""); status != want {
				t.Errorf("%s: %d: %s", path, status, body)
			}
		}
	}
	if !slices.IsSorted(ids) || ids[0] != "x1000c0s0b0n0" || ids[599] != "x1002c2s5b1n1" {
		t.Errorf("components %s to %s", ids[0], ids[599])
	}
	var found []string
	for after := ""; ; after = found[len(found)-1] {
		query := "?page_size=250"
		if after != "" {
			query += "&start_after_id=" + url.QueryEscape(after)
		}
		page := client.Texts("/v2/components"+query, "", "id")
		found = append(found, page...)
		if len(page) < 250 {
			break
		}
	}
	if !slices.Equal(found, ids) {
		t.Errorf("%d components in pages, want %d", len(found), len(ids))
	}
}

// TestOddRecordsComeBackAsTheyWereStored stores records that BOS would not make, and gets them back as they are.
func TestOddRecordsComeBackAsTheyWereStored(t *testing.T) {
	b := newBOS()
	for _, test := range []struct {
		id   string
		put  record
		text string
		want string
	}{
		{"a", record{"id": "a"}, "", `{"id":"a","status":{"phase":"","status":"stable","status_override":""}}`},
		{"b", record{"id": "b", "status": nil, "session": nil, "error": nil, "enabled": nil}, "",
			`{"enabled":null,"error":null,"id":"b","session":null,"status":null}`},
		{"c", record{"id": "c", "status": "odd", "session": 7, "retry_policy": 3.5, "last_action": []string{}}, "",
			`{"id":"c","last_action":[],"retry_policy":3.5,"session":7,"status":"odd"}`},
		{"d", record{"id": "d", "arch": "X86", "status": record{"phase": "powering_off", "more": 1},
			"last_action": record{"action": "powering_off_gracefully", "last_updated": "2026-11-22T09:00:02.5+02:00"}}, "",
			`{"arch":"X86","id":"d","last_action":{"action":"powering_off_gracefully","last_updated":"2026-11-22T09:00:02.5+02:00"},` +
				`"status":{"more":1,"phase":"powering_off","status":"power_off_gracefully_called"}}`},
		{"e", record{"id": "e", "error": "<&>", "status": record{"status": "made up"}}, "", `{"error":"<&>","id":"e","status":{"status":"stable"}}`},
		{"f", nil, `{"id": "f", "n": 1e400, "id": "twice"}`, `{"id": "f", "n": 1e400, "id": "twice"}`},
		{"g", nil, `[1, null]`, `[1, null]`},
	} {
		if test.put != nil {
			before := fmt.Sprint(test.put)
			if b.Put(test.put); fmt.Sprint(test.put) != before {
				t.Errorf("%s: the test's own record has become %v", test.id, test.put)
			}
		} else {
			b.PutText(test.id, test.text)
		}
		if have := ask(b, "/v2/components/"+test.id, "").Body.String(); have != test.want {
			t.Errorf("%s is answered as %s\nwant %s", test.id, have, test.want)
		}
	}
	if have := names(t, b, "/v2/components?status=power_off_gracefully_called", "", "id"); have != "d" {
		t.Errorf("filtered: %q", have)
	}
	b.Put(record{"id": "a", "session": "s"}) // in place of the old one
	b.PutText("b", `{"id":"b","retry_policy":12345678901234567890,"x":{"y":1,"z":2}}`)
	b.Patch(record{"x": record{"y": nil}, "session": "s"}, "a", "b")
	b.Delete("c", "g")
	const want = `[{"id":"a","session":"s","status":{"phase":"","status":"stable","status_override":""},"x":{"y":null}}, ` +
		`{"id":"b","retry_policy":12345678901234567890,"session":"s","status":{"phase":"","status":"stable","status_override":""},"x":{"y":null,"z":2}}]` + "\n"
	if have := ask(b, "/v2/components?session=s", "").Body.String(); have != want {
		t.Errorf("after changes\n%s\nwant\n%s", have, want)
	}
	if have := ask(b, "/v2/components/c", "").Code; have != http.StatusNotFound {
		t.Errorf("a deleted component: %d", have)
	}
}

func TestTenantsAreAnsweredAsTAPMSDoes(t *testing.T) {
	b := furnished()
	b.PutTenantRecord("odd", record{"spec": record{"tenantname": "odd"}, "status": record{"tenantresources": []any{
		record{"xnames": []string{"x1"}}, record{"type": "application"}, record{"xnames": []string{"x5", "x9"}},
	}}})
	for _, prefix := range []string{"/v1alpha3", "/apis/tapms/v1alpha3"} {
		var owned []string
		for _, item := range object(t, b, prefix+"/tenants", "")["items"].([]any) {
			for _, resource := range at(item.(record), "status", "tenantresources").([]any) {
				owned = append(owned, fmt.Sprint(at(item.(record), "spec", "tenantname"), resource.(record)["xnames"]))
			}
		}
		if have, want := strings.Join(owned, " "), "blue[x2 x3] empty[] odd[x1] odd<nil> odd[x5 x9]"; have != want {
			t.Errorf("%s: tenants own %s, want %s", prefix, have, want)
		}
		if have := at(object(t, b, prefix+"/tenants/blue", ""), "spec", "tenantname"); have != "blue" {
			t.Errorf("blue is %v", have)
		}
	}
	if have := names(t, b, "/v2/components", "odd", "id"); have != "x1 x5" {
		t.Errorf("BOS says that odd has %q", have)
	}
	b.DeleteTenant("odd")
	if w := ask(b, "/v1alpha3/tenants/odd", ""); w.Code != http.StatusNotFound || w.Body.String() != `"Tenant with name/uuid 'odd' not found."` {
		t.Errorf("a deleted tenant: %d, %s", w.Code, w.Body)
	}
	if w := ask(b, "/v2/components", "odd"); w.Code != http.StatusBadRequest {
		t.Errorf("components of a deleted tenant: %d", w.Code)
	}
}

// TestChangingWhatDoesNotExistFailsTheTest shows that a test fails that changes what is not there.
func TestChangingWhatDoesNotExistFailsTheTest(t *testing.T) {
	for name, do := range map[string]func(*bosfake.BOS){
		"no id":        func(b *bosfake.BOS) { b.Put(record{"session": "s"}) },
		"no component": func(b *bosfake.BOS) { b.Patch(record{}, "x9") },
		"deleted":      func(b *bosfake.BOS) { b.Delete("x1"); b.Delete("x1") },
		"no session":   func(b *bosfake.BOS) { b.Complete(keyOf("none")) },
		"no start":     func(b *bosfake.BOS) { b.PutSessionText(keyOf("s"), `{}`); b.SaveStatus(keyOf("s")) },
		"no object":    func(b *bosfake.BOS) { b.PutText("x1", "7"); b.Patch(record{}, "x1") },
		"no pattern":   func(b *bosfake.BOS) { b.Inject(bosfake.Fault{Path: "["}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			do(furnished())
		}()
	}
}
