package bosfake_test

import (
	"net/http"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestTemplatesAndOptionsAreAnsweredAsGiven answers session templates and options as they were given.
func TestTemplatesAndOptionsAreAnsweredAsGiven(t *testing.T) {
	b := bosfake.New(bosfake.Options{})
	if have := ask(b, "/v2/sessiontemplates", "").Body.String(); have != "[]\n" {
		t.Errorf("before any, the list is %s", have)
	}
	if have := object(t, b, "/v2/options", ""); have["cleanup_completed_session_ttl"] != "7d" || len(have) != 21 {
		t.Errorf("the options are %v", have)
	}
	b.PutTemplate(bos.TemplateKey{Name: "a"}, `{"name": "a"}`)
	b.PutTemplate(bos.TemplateKey{Tenant: "blue", Name: "a"}, `{"name":"a","tenant":"blue"}`)
	b.PutTemplate(bos.TemplateKey{Name: "b"}, `{}`)
	b.DeleteTemplate(bos.TemplateKey{Name: "b"})
	b.SetOptions(`{"x": 1e3}`)
	for _, test := range []struct {
		path, tenant string
		status       int
		want         string
	}{
		{"/v2/sessiontemplates", "", http.StatusOK, `[{"name": "a"}, {"name":"a","tenant":"blue"}]` + "\n"},
		{"/v2/sessiontemplates", "blue", http.StatusOK, `[{"name":"a","tenant":"blue"}]` + "\n"},
		{"/v2/sessiontemplates", "green", http.StatusOK, "[]\n"},
		{"/apis/bos/v2/sessiontemplates/a", "", http.StatusOK, `{"name": "a"}`},
		{"/v2/sessiontemplates/a", "blue", http.StatusOK, `{"name":"a","tenant":"blue"}`},
		{"/v2/sessiontemplates/b", "blue", http.StatusNotFound,
			`{"detail":"Session template for tenant 'blue' 'b' does not exist","status":404,"title":"The resource was not found","type":"about:blank"}`},
		{"/v2/options", "", http.StatusOK, `{"x": 1e3}`},
	} {
		if w := ask(b, test.path, test.tenant); w.Code != test.status || w.Body.String() != test.want {
			t.Errorf("%s of %q: %d, %s", test.path, test.tenant, w.Code, w.Body)
		}
	}
	if w := ask(b, "/v2/sessiontemplates/-a", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a name that is none: %d", w.Code)
	}
}
