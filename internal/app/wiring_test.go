package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestEverythingIsBelowTheBasePath shows that a base path is before everything and nothing is elsewhere.
func TestEverythingIsBelowTheBasePath(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "", "--base-path", "/bos/graph/")
	if !strings.HasSuffix(s.Base, "/bos/graph") {
		t.Fatalf("the base is %s", s.Base)
	}
	if v := s.Must(`{ __typename }`).At("__typename"); v != "Query" {
		t.Errorf("GraphQL answers %v", v)
	}
	apptest.WantHealth(t, s, "/healthz", http.StatusOK)
	apptest.WantHealth(t, s, "/readyz", http.StatusOK)
	s.Base = "http://" + s.App.Addr()
	for _, path := range []string{"/graphql", "/healthz", "/readyz", "/bos/graphql", "/"} {
		apptest.WantHealth(t, s, path, http.StatusNotFound)
	}
}

// TestServerInfoDescribesTheServer shows what a server says of itself.
func TestServerInfoDescribesTheServer(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{"embedded": "embedded, in memory", "redis": "single server", "cluster": "cluster"}
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			s := apptest.Serve(t, b.URL(t))
			apptest.WantHealth(t, s, "/readyz", http.StatusOK)
			info := s.Must(`{ serverInfo { version epoch namespace startedAt redis sync { source } } }`).At("serverInfo")
			if apptest.At(info, "namespace") != s.Namespace || apptest.At(info, "redis") != kinds[b.Name] || apptest.At(info, "sync") != nil ||
				apptest.At(info, "version") == "" || apptest.At(info, "epoch") == "" {
				t.Errorf("it says %v", info)
			}
			if other := s.Must(`{ serverInfo { epoch startedAt } }`); other.At("serverInfo.epoch") != apptest.At(info, "epoch") ||
				other.At("serverInfo.startedAt") != apptest.At(info, "startedAt") {
				t.Errorf("it says %v, then %v", info, other.Data)
			}
		})
	}
}

// TestClientsWithoutTheRightToWriteCanOnlyRead shows what somebody without that right gets: answers to
// queries, FORBIDDEN for every mutation, and less room for a body.
func TestClientsWithoutTheRightToWriteCanOnlyRead(t *testing.T) {
	t.Parallel()
	s := apptest.Furnished(t)
	unprivileged := httptest.NewServer(s.App.AsViewer())
	t.Cleanup(unprivileged.Close)
	reader := s.With(t)
	reader.Base = unprivileged.URL

	reader.Must(`{ session(name: "running") { name } }`)
	session := apptest.Vars{"in": apptest.Vars{"name": "running", "operation": "BOOT", "templateName": "t"}}
	update := apptest.Vars{"in": apptest.Vars{"name": "running", "status": "COMPLETE"}}
	name := apptest.Vars{"in": apptest.Vars{"name": "running"}}
	component := apptest.Vars{"in": []apptest.Vars{{"id": "x1"}}}
	for mutation, variables := range map[string]apptest.Vars{
		apptest.CreateSession: session, apptest.UpdateSession: update, apptest.DeleteSession: name, apptest.PutComponents: component, apptest.PatchComponents: component,
		apptest.DeleteComponents: {"in": []string{"x1"}}, apptest.PutTenant: {"name": "t", "in": []string{"x1"}},
		`mutation { __typename }`: nil,
	} {
		apptest.Refused{Query: mutation, Vars: variables, Code: "FORBIDDEN"}.Check(t, reader)
	}
	for size, want := range map[int]int{1 << 19: http.StatusOK, 3 << 19: http.StatusRequestEntityTooLarge} {
		if got := reader.Post(`{"query":"{ __typename }"` + strings.Repeat(" ", size) + `}`); got.Status != want {
			t.Errorf("%d bytes are answered %d, want %d", size, got.Status, want)
		}
	}
}
