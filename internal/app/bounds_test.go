package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestTheBoundsOfANamespaceAreShown shows the errors for what there is no room for.
func TestTheBoundsOfANamespaceAreShown(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "", "--max-components", "1", "--max-sessions", "1", "--max-tenants", "1")
	s.Put(apptest.Vars{"id": "x1"})
	s.Session("a")
	s.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x1"}})
	for _, test := range []struct {
		query  string
		vars   apptest.Vars
		option string
	}{
		{apptest.PutComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x2"}, {"id": "x1", "enabled": true}}}, "--max-components"},
		{apptest.CreateSession, apptest.Vars{"in": apptest.Vars{"name": "b", "operation": "BOOT", "templateName": "t"}}, "--max-sessions"},
		{apptest.PutTenant, apptest.Vars{"name": "green", "in": []string{"x1"}}, "--max-tenants"},
		{apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x1", "x2"}}, "--max-components"},
	} {
		r := s.Ask(test.query, test.vars)
		if !slices.Equal(r.Codes(), []string{"CONFLICT"}) || !strings.Contains(string(r.Body), test.option) {
			t.Errorf("%s: answered %s, want CONFLICT and %s", apptest.Clip(test.query), r.Body, test.option)
		}
	}
	// What exists is still updated, in the same call as what there is no room for.
	if code, text := s.Get("/v2/components/x1"); code != 200 || !strings.Contains(text, `"enabled":true`) {
		t.Errorf("x1 is %d %s", code, text)
	}
}

// TestWhatDoesNotFitOfABOSIsReported shows that what does not fit of a BOS is said, that all else is
// followed, and that it is kept once there is room.
func TestWhatDoesNotFitOfABOSIsReported(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(4)
	file := filepath.Join(t.TempDir(), "tenants.json")
	tenants := func(owned map[string][]string) {
		t.Helper()
		text, err := json.Marshal(owned)
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	tenants(map[string][]string{"blue": ids[:1]})
	fake.CreateSession(untenanted("a"))
	f := followBOS(t, "", fake, "--tenants-file", file, "--max-components", "4", "--max-sessions", "1", "--max-tenants", "1")
	if said := f.sync(); said != "" {
		t.Fatalf("the sync says %q", said)
	}
	said := func(option string) {
		t.Helper()
		f.eventually(option+" is named", func() bool { return strings.Contains(f.sync(), option) })
	}
	silent := func() {
		t.Helper()
		f.eventually("nothing is wrong", func() bool { return f.sync() == "" })
	}

	fake.CreateSession(untenanted("b"))
	said("--max-sessions")
	fake.DeleteSession(untenanted("b"))
	silent()

	tenants(map[string][]string{"blue": ids[:2], "green": ids[3:]})
	said("--max-tenants")
	tenants(map[string][]string{"blue": ids[:2]})
	silent()

	more := fake.AddComponents(6)[4:]
	said("--max-components")
	fake.Patch(bosfake.Record{"error": "still followed"}, ids[3])
	f.sweeps(2)
	if code, text := f.restAnswer("/v2/components/"+ids[3], ""); code != 200 || !strings.Contains(string(text), "still followed") {
		t.Errorf("beside components there is no room for, %s is %d %s", ids[3], code, text)
	}
	fake.Delete(ids[2], ids[3])
	silent()
	f.likeBOS("/v2/components", "")
	if code, _ := f.restAnswer("/v2/components/"+more[1], ""); code != 200 {
		t.Errorf("%s is %d once there is room", more[1], code)
	}
}

// TestAnUpdateScansNoMoreThanAQuery has a subscription look through more components than one operation may.
func TestAnUpdateScansNoMoreThanAQuery(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "", "--max-scan=1")
	s.Session("s")
	s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
	for first, want := range map[string]bool{`{idPrefix: "x1", phase: POWERING_ON}`: false, `{phase: POWERING_ON}`: true} {
		w := s.Begin(t)
		w.Send(apptest.Subscribe("1", `subscription { sessionStatusUpdated(name: "s") { session { components(filter: `+first+`) { nodes { id } } } } }`))
		if raw, _ := w.Message(); strings.Contains(raw, "--max-scan") != want {
			t.Errorf("%s: %s", first, raw)
		}
		w.Finish()
	}
}
