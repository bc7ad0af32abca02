package app_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// untilMust waits until a query's answer, as JSON, is the one that is wanted.
func (f followedSite) untilMust(query, want string) {
	f.T.Helper()
	var have string
	defer func() {
		if f.T.Failed() {
			f.T.Logf("have %s\nwant %s", have, want)
		}
	}()
	f.eventually(query, func() bool {
		data, err := json.Marshal(f.Must(query).Data)
		if err != nil {
			f.T.Fatal(err)
		}
		have = string(data)
		return have == want
	})
}

// TestGraphQLHasTheTemplatesOfEveryTenant queries session templates and options as BOS has them, of every
// tenant, from a replica that does not follow BOS itself, too.
func TestGraphQLHasTheTemplatesOfEveryTenant(t *testing.T) {
	fake := bosfake.New(bosfake.Options{})
	fake.PutTemplate(bos.TemplateKey{Name: "compute"}, computeTemplate)
	fake.PutTemplate(bos.TemplateKey{Tenant: "blue", Name: "compute"}, `{"name":"compute","tenant":"blue","description":"ours","boot_sets":{
		"b":{"path":"s3://2","type":"s3","etag":"e","node_list":["x1","x2"],"node_groups":["g"],"rootfs_provider":"sbps",
			"rootfs_provider_passthrough":"p","cfs":{"configuration":"d"}},"a":{}}}`)
	fake.SetOptions(`{"polling_frequency": 10, "clear_stage": true, "cleanup_completed_session_ttl": "3d", "new": {"a": [1e3]}}`)
	for _, key := range []bos.SessionKey{{Name: "s"}, {Tenant: "blue", Name: "s"}, {Tenant: "green", Name: "s"}} {
		fake.CreateSession(key)
	}
	redisURL := "redis://" + redistest.SharedServer(t)
	one := followBOS(t, redisURL, fake)
	two := followedSite{apptest.Serve(t, redisURL, "--namespace", one.Namespace), fake, one.log} // follows nothing
	for _, f := range []followedSite{one, two} {
		f.untilMust(`{ sessionTemplates { totalCount edges { node { name tenant description enableCfs cfs { configuration } bootSets {
				name type etag kernelParameters network nodeList nodeRolesGroups nodeGroups path rootfsProvider rootfsProviderPassthrough arch
				cfs { configuration } } } } } }`,
			`{"sessionTemplates":{"edges":[{"node":{"bootSets":[`+
				`{"arch":"X86","cfs":null,"etag":null,"kernelParameters":"a=\u003cb\u003e\u0026c","name":"compute","network":null,"nodeGroups":null,"nodeList":null,`+
				`"nodeRolesGroups":["Compute"],"path":"s3://boot-images/1/manifest.json","rootfsProvider":null,"rootfsProviderPassthrough":null,"type":"s3"}],`+
				`"cfs":{"configuration":"c"},"description":null,"enableCfs":true,"name":"compute","tenant":null}},`+
				`{"node":{"bootSets":[`+
				`{"arch":null,"cfs":null,"etag":null,"kernelParameters":null,"name":"a","network":null,"nodeGroups":null,"nodeList":null,`+
				`"nodeRolesGroups":null,"path":null,"rootfsProvider":null,"rootfsProviderPassthrough":null,"type":null},`+
				`{"arch":null,"cfs":{"configuration":"d"},"etag":"e","kernelParameters":null,"name":"b","network":null,"nodeGroups":["g"],"nodeList":["x1","x2"],`+
				`"nodeRolesGroups":null,"path":"s3://2","rootfsProvider":"sbps","rootfsProviderPassthrough":"p","type":"s3"}],`+
				`"cfs":null,"description":"ours","enableCfs":null,"name":"compute","tenant":"blue"}}],"totalCount":2}}`)
		f.untilMust(`{ bosOptions { pollingFrequency clearStage cleanupCompletedSessionTtl rejectNids other { name value } } }`,
			`{"bosOptions":{"cleanupCompletedSessionTtl":"3d","clearStage":true,"other":[{"name":"new","value":"{\"a\":[1e3]}"}],"pollingFrequency":10,"rejectNids":null}}`)
		f.untilMust(`{ a: session(name: "s") { template { name tenant } } b: session(name: "s", tenant: "blue") { template { description } }
				c: session(name: "s", tenant: "green") { templateName template { name } } }`,
			`{"a":{"template":{"name":"compute","tenant":null}},"b":{"template":{"description":"ours"}},"c":{"template":null,"templateName":"compute"}}`)
	}
	for _, wrong := range []string{`first: 0`, `first: 1001`, `after: "x"`} {
		if codes := two.Ask(`{ sessionTemplates(` + wrong + `) { totalCount } }`).Codes(); !slices.Equal(codes, []string{string(bos.BadUserInput)}) {
			t.Errorf("%s: %v", wrong, codes)
		}
	}
	for filter, want := range map[string]float64{`tenant: ""`: 1, `tenant: "blue"`: 1, `tenant: "green"`: 0, `name: "compute"`: 2} {
		if have := two.Must(`{ sessionTemplates(filter: {` + filter + `}) { totalCount } }`).At("sessionTemplates.totalCount"); have != want {
			t.Errorf("%s: %v templates, want %v", filter, have, want)
		}
	}
	page := two.Must(`{ sessionTemplates(first: 1) { pageInfo { hasNextPage endCursor } } }`)
	after, _ := page.At("sessionTemplates.pageInfo.endCursor").(string)
	two.untilMust(`{ sessionTemplates(first: 1, after: "`+after+`") { edges { node { tenant } } pageInfo { hasNextPage hasPreviousPage } } }`,
		`{"sessionTemplates":{"edges":[{"node":{"tenant":"blue"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true}}}`)
}

// TestThereAreNoTemplatesWhereNoBOSIsFollowed answers where no BOS is followed.
func TestThereAreNoTemplatesWhereNoBOSIsFollowed(t *testing.T) {
	s := apptest.Serve(t, "")
	s.Session("s")
	followedSite{s, nil, nil}.untilMust(`{ sessionTemplates { totalCount edges { cursor } } bosOptions { pollingFrequency } session(name: "s") { template { name } } }`,
		`{"bosOptions":null,"session":{"template":null},"sessionTemplates":{"edges":[],"totalCount":0}}`)
}

// TestAListOfLargeTemplatesIsCutOff cuts a list of templates off, refuses a template that an answer has
// no room for, and answers the rest.
func TestAListOfLargeTemplatesIsCutOff(t *testing.T) {
	t.Parallel()
	s := apptest.Serve(t, "", "--max-response", "1048576")
	var nodes []string
	for i := range 20_000 {
		nodes = append(nodes, fmt.Sprintf("x%dc0s0b0n0", 100_000+i))
	}
	list, err := json.Marshal(nodes)
	if err != nil {
		t.Fatal(err)
	}
	all := []bos.Template{{TemplateKey: bos.TemplateKey{Name: "t0"}, Record: json.RawMessage(`{"boot_sets":{"a":{"node_list":` + string(list) + `}}}`)}}
	for i := range 5 {
		key := bos.TemplateKey{Tenant: "blue", Name: fmt.Sprintf("t%d", i)}
		all = append(all, bos.Template{TemplateKey: key, Record: json.RawMessage(`{"description":"` + strings.Repeat("x", 300_000) + `"}`)})
	}
	for i := range 5 {
		s.Session(fmt.Sprintf("s%d", i), "templateName", "t0")
	}
	if err := s.App.Store().KeepTemplates(t.Context(), all, nil); err != nil {
		t.Fatal(err)
	}
	page := s.Ask(`{ sessionTemplates(filter: {tenant: "blue"}) { edges { node { name description } } pageInfo { hasNextPage endCursor } } }`)
	edges, _ := page.At("sessionTemplates.edges").([]any)
	if len(edges) != 3 || page.At("sessionTemplates.pageInfo.hasNextPage") != true || !strings.Contains(string(page.Body), "cut off after 3 items") {
		t.Errorf("%d are answered: %s", len(edges), apptest.Clip(string(page.Body)))
	}
	many := s.Ask(`{ sessions { edges { node { name template { bootSets { nodeList } } } } } }`)
	if codes := many.Codes(); len(codes) != 3 || codes[0] != string(bos.BadUserInput) || len(many.Body) > 1<<20 {
		t.Errorf("five times the same template: %v, %d bytes", codes, len(many.Body))
	}
	if first := s.Must(`{ session(name: "s0") { template { bootSets { nodeList } } } }`); len(first.Body) < 20_000*16 {
		t.Errorf("one template alone has %d bytes", len(first.Body))
	}
}

// TestUpdatesShowTheTemplateAsItIsNow has a session's template in what is pushed and in what a mutation answers,
// each read for itself: what has changed meanwhile is shown.
func TestUpdatesShowTheTemplateAsItIsNow(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	keep := func(description string) {
		t.Helper()
		one := bos.Template{TemplateKey: bos.TemplateKey{Name: "compute"}, Record: json.RawMessage(`{"description":"` + description + `"}`)}
		if err := s.App.Store().KeepTemplates(t.Context(), []bos.Template{one}, nil); err != nil {
			t.Fatal(err)
		}
	}
	keep("first")
	created := s.Must(`mutation { createSession(input: {name: "s", operation: BOOT, templateName: "compute"}) { session { template { description } } } }`)
	if have := created.At("createSession.session.template.description"); have != "first" {
		t.Errorf("a mutation answers %v", have)
	}
	for _, subscription := range []string{
		`sessionStatusUpdated(name: "s") { status session { template { description } } }`,
		`sessionsUpdated { session { status { counts { active } } template { description } } }`,
	} {
		t.Run(subscription, func(t *testing.T) {
			keep("first")
			w := apptest.Watch(t, s, `subscription { `+subscription+` }`, nil)
			n := 0
			changes := func(description string) {
				t.Helper()
				apptest.Eventually(t, "the "+description+" template", func() bool {
					n++ // of one session, which is in both subscriptions
					s.Put(apptest.Powering(fmt.Sprintf("x%d", n), "s"))
					return w.Has(apptest.Vars{"session.template.description": description})
				})
			}
			changes("first")
			keep("second")
			changes("second")
		})
	}
}
