package app_test

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// followForFaults follows a BOS in which sessions run and are complete, and a tenant owns
// components.
func followForFaults(t *testing.T) (f followedSite, ids []string) {
	fake := bosfake.New(bosfake.Options{})
	ids = fake.AddComponents(230)
	fake.PutTenant("blue", ids[:50]...)
	for _, name := range []string{"running", "other", "done"} {
		fake.CreateSession(untenanted(name))
	}
	fake.Start(untenanted("running"), ids[:150]...)
	fake.Start(untenanted("other"), ids[150:200]...)
	fake.Complete(untenanted("done"))
	fake.SaveStatus(untenanted("done"))
	return followBOS(t, "", fake, "--bos-page-size", "100", "--bos-timeout", "2s", "--tapms-url", listenBOS(t, fake)+"/apis/tapms"), ids
}

// lists is what no fault of BOS may change.
func (f followedSite) lists() string {
	f.T.Helper()
	return string(f.Must(`{ components { totalCount } other: components(filter: {session: "other"}) { totalCount } sessions { edges { node {
		name deleted status { status managedComponentsCount percentStaged percentSuccessful errorGroupCount } } } } }`).Body)
}

// TestFaultsOfBOSLoseNothingAndPass lets everything go wrong that can, for several sweeps each: nothing
// is lost and nothing completed, it is reported, and it passes without a restart.
func TestFaultsOfBOSLoseNothingAndPass(t *testing.T) {
	const components, sessions, tenants = "/v2/components", "/v2/sessions", "/v1alpha3/tenants"
	some := bosfake.New(bosfake.Options{}).AddComponents(60) // as in every BOS below
	held := make(chan struct{})
	tried := 0
	t.Cleanup(func() { // after the faults, which are tried in parallel
		if !t.Failed() {
			redistest.Figure(t, "%d faults: components or sessions removed 0, false completions 0, unreported 0", tried)
		}
	})

	for _, test := range []struct {
		name    string
		fault   bosfake.Fault
		reports string // in serverInfo; empty for a fault that is got over within the sweep
	}{
		{"BOS fails", bosfake.Fault{Path: components, Status: 500}, "it answered 500"},
		{"its database is away", bosfake.Fault{Path: sessions, Status: 503}, "it answered 503"},
		{"a gateway fails", bosfake.Fault{Path: components, Status: 502, HTML: true}, "it answered 502"},
		{"a later page fails", bosfake.Fault{Path: components, Skip: 1, Status: 500, Times: 40}, "it answered 500"},
		{"a page does not come", bosfake.Fault{Path: components, Until: held, Times: 1}, "did not answer in time"},
		{"no answer", bosfake.Fault{Path: sessions, Drop: true}, "can't be reached"},
		{"the path is missing", bosfake.Fault{Path: components, Status: 404}, "does not know this path"},
		{"something else answers", bosfake.Fault{Path: components, ContentType: "text/html"}, "not JSON"},
		{"a page is cut", bosfake.Fault{Path: components, CutBody: true}, "cut off"},
		{"a connection is cut", bosfake.Fault{Path: components, CutConnection: true}, "cut off"},
		{"the list of sessions is cut", bosfake.Fault{Path: sessions, CutConnection: true}, "cut off"},
		{"a page repeats", bosfake.Fault{Path: components, IgnoreAfter: true}, "same components again"},
		{"pages come back short", bosfake.Fault{Path: components, PageAtMost: 70}, ""},
		{"there seem to be no components", bosfake.Fault{Path: components, Empty: true}, "left out components"},
		{"components are left out", bosfake.Fault{Path: components, Without: some[40:]}, "left out components"},
		{"there seem to be no sessions", bosfake.Fault{Path: sessions, Empty: true}, "left out session"},
		{"a session is left out", bosfake.Fault{Path: sessions, Without: []string{"running"}}, `left out session "running"`},
		{"TAPMS fails", bosfake.Fault{Path: tenants, Status: 500}, "TAPMS"},
		{"TAPMS leaves tenants out", bosfake.Fault{Path: tenants, Empty: true}, "left out a tenant"},
		{"TAPMS is cut", bosfake.Fault{Path: tenants, CutBody: true}, "TAPMS"},
	} {
		tried++
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // they mostly wait for sweeps
			f, ids := followForFaults(t)
			fake, lists := f.bos, f.lists
			before := lists()
			reported := strings.Count(f.log.String(), "level=WARN")
			fault := fake.Inject(test.fault)
			defer fault.Lift()
			met, seen := 3, false
			if test.fault.Times > 0 {
				met = min(met, test.fault.Times)
			}
			f.eventually("the fault is met, and reported", func() bool {
				seen = seen || test.reports != "" && strings.Contains(f.sync(), test.reports)
				return fault.Count() >= met && (seen || test.reports == "")
			})
			if now := lists(); now != before {
				t.Errorf("while it lasts\n%s\nbefore\n%s", now, before)
			}
			f.eventually("the log says so, too", func() bool {
				return test.reports == "" || strings.Count(f.log.String(), "level=WARN") > reported
			})
			fault.Lift()
			f.eventually("no problem is reported any more", func() bool { return f.sync() == "" })
			f.sweeps(1)
			if now := lists(); now != before {
				t.Errorf("afterwards\n%s\nbefore\n%s", now, before)
			}
			fake.Patch(bosfake.Record{"error": test.name}, ids[149])
			f.likeBOS("/v2/sessions/running/status", "")
			fake.Patch(bosfake.Record{"error": ""}, ids[149])
			f.likeBOS("/v2/sessions/running/status", "")
			f.likeBOS("/v2/components/"+ids[49], "blue")
			noDrift(t, f.Site)
		})
	}
}

// TestNoSessionCompletesBeforeItsComponentsWereRead shows that a session is not kept as complete before its
// components have been read, and that what BOS saved is asked for until it comes.
func TestNoSessionCompletesBeforeItsComponentsWereRead(t *testing.T) {
	t.Parallel()
	fake, ids := sessionAtBOS(20)
	f := followBOS(t, "", fake)

	fault := fake.Inject(bosfake.Fault{Path: "/v2/components", Status: 503})
	silent := fake.Inject(bosfake.Fault{Path: "/v2/sessions/s/status", Status: 500})
	fake.Finish(ids...)
	fake.Complete(untenanted("s"))
	fake.SaveStatus(untenanted("s"))
	f.eventually("several sweeps have failed", func() bool { return fault.Count() > 3 })
	if status := f.Status("s"); status["status"] != "RUNNING" {
		t.Errorf("without its components it is %v", status)
	}
	fault.Lift()
	f.eventually("it is complete, as counted here", func() bool { return f.Status("s")["status"] == "COMPLETE" })
	if shares := f.Must(`{ session(name: "s") { status { fromSnapshot percentSuccessful } } }`); shares.At("session.status.percentSuccessful") != 100.0 {
		t.Errorf("%s", shares.Body)
	}
	if silent.Count() == 0 {
		t.Error("BOS was not asked")
	}
	silent.Lift()
	f.likeBOS("/v2/sessions/s/status", "")
	noDrift(t, f.Site)
}
