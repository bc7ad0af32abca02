package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
)

// TestARecordThatBOSChangesAfterTheEndIsFollowed changes what BOS has beside the status of a complete session.
func TestARecordThatBOSChangesAfterTheEndIsFollowed(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(2)
	key := untenanted("edited")
	fake.CreateSession(key)
	fake.Start(key, ids...)
	fake.Finish(ids...)
	fake.Complete(key)
	fake.SaveStatus(key)
	f := followBOS(t, "", fake)
	f.sweeps(2) // BOS was asked twice for its status
	const status = `{ session(name: "edited") { status { asOf percentSuccessful counts { managed } fromSnapshot } } sessions { totalCount } }`
	before := f.Must(status).Body
	fake.PatchSession(key, bosfake.Record{"components": ids[0], "status": bosfake.Record{"error": "edited by hand"}})
	f.likeBOS("/v2/sessions/edited", "")
	if reason := f.Must(`{ session(name: "edited") { error } }`).At("session.error"); reason != "edited by hand" {
		t.Errorf("its error is %v", reason)
	}
	if after := f.Must(status).Body; string(after) != string(before) {
		t.Errorf("its status is %s, was %s", after, before)
	}
}

// TestEndsThatBOSChangesAreFollowedAndTheEarlierStays changes sessions at BOS after their end: a status is saved again,
// and a session is set back from complete. Both are followed, the earlier end stays as
// history, and those who watch the list learn of it.
func TestEndsThatBOSChangesAreFollowedAndTheEarlierStays(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(20)
	for i, name := range []string{"saved-again", "set-back", "quiet"} {
		fake.CreateSession(untenanted(name))
		fake.Start(untenanted(name), ids[5*i:5*i+5]...)
		fake.Finish(ids[5*i : 5*i+5]...)
		fake.Complete(untenanted(name))
		fake.SaveStatus(untenanted(name))
	}
	f := followBOS(t, "", fake)
	f.sweeps(2) // BOS was asked twice for each status
	list := apptest.Watch(t, f.Site, `subscription { sessionsUpdated { deletedId session { name deleted status { status statusNote percentFailed } } } }`, nil)
	before := f.Must(`{ session(name: "saved-again") { id status { revision } } }`)

	fake.Patch(bosfake.Record{"status": bosfake.Record{"status_override": "failed"}, "error": "broke later"}, ids[0])
	fake.SaveStatus(untenanted("saved-again"))
	fake.Patch(bosfake.Record{"enabled": true}, ids[5:10]...)
	fake.PatchSession(untenanted("set-back"), bosfake.Record{"status": bosfake.Record{"status": "running", "end_time": nil}})

	f.likeBOS("/v2/sessions/saved-again/status", "")
	f.likeBOS("/v2/sessions/set-back/status", "")
	f.likeBOS("/v2/sessions/set-back", "")
	f.eventually("those who watch the list know", func() bool {
		list.Mu.Lock()
		defer list.Mu.Unlock()
		var names []string
		for _, message := range list.Seen {
			if s, _ := message.(map[string]any)["session"].(map[string]any); s != nil && s["deleted"] == false {
				status := s["status"].(map[string]any)
				if s["name"] == "saved-again" && status["percentFailed"] == 20.0 || s["name"] == "set-back" && status["status"] == "RUNNING" {
					names = append(names, s["name"].(string))
				}
			}
		}
		return slices.Contains(names, "saved-again") && slices.Contains(names, "set-back")
	})
	after := f.Must(`{ session(name: "saved-again") { id status { revision errorSummary { message } } } }`)
	if after.At("session.id") != before.At("session.id") || after.At("session.status.revision").(float64) <= before.At("session.status.revision").(float64) ||
		after.At("session.status.errorSummary.0.message") != "broke later" {
		t.Errorf("saved again, it is %s, before %s", after.Body, before.Body)
	}
	for name, note := range map[string]string{"saved-again": "BOS saved another status later", "set-back": "BOS set it back"} {
		r := f.Must(`query($n: String) { sessions(filter: {name: $n}) { edges { node { deleted status { status percentFailed statusNote } } } } }`, apptest.Vars{"n": name})
		edges := r.At("sessions.edges").([]any)
		earlier := slices.IndexFunc(edges, func(e any) bool { return e.(map[string]any)["node"].(map[string]any)["deleted"] == true })
		if len(edges) != 2 || earlier < 0 || !strings.Contains(string(r.Body), note) || !strings.Contains(string(r.Body), `"status":"COMPLETE","percentFailed":0`) {
			t.Errorf("the history of %s is %s", name, r.Body)
		}
	}

	// It completes once more, and its status is BOS's then.
	fake.Finish(ids[5:10]...)
	fake.Complete(untenanted("set-back"))
	fake.SaveStatus(untenanted("set-back"))
	f.likeBOS("/v2/sessions/set-back/status", "")
	if n := len(f.Must(`{ sessions(filter: {name: "quiet"}) { edges { node { id } } } }`).At("sessions.edges").([]any)); n != 1 {
		t.Errorf("one that did not change has %d entries", n)
	}
	if problem := f.sync(); problem != "" {
		t.Errorf("problem: %s", problem)
	}
}

// TestAnEndThatKeepsChangingIsFollowedAFewTimes shows that an end that BOS changes again and again is followed a few
// times, and that the operator is notified then.
func TestAnEndThatKeepsChangingIsFollowedAFewTimes(t *testing.T) {
	t.Parallel()
	fake, ids := sessionAtBOS(10)
	fake.Finish(ids...)
	fake.Complete(untenanted("s"))
	fake.SaveStatus(untenanted("s"))
	f := followBOS(t, "", fake)
	f.sweeps(2)
	ends := func() int { return len(f.Must(`{ sessions { edges { node { id } } } }`).At("sessions.edges").([]any)) }
	for i := range 5 {
		// The end time changes with it: that is seen in the list of sessions.
		fake.Patch(bosfake.Record{"status": bosfake.Record{"status_override": "failed"}}, ids[i])
		fake.PatchSession(untenanted("s"), bosfake.Record{"status": bosfake.Record{"end_time": "2030-01-01T00:00:0" + string(rune('0'+i))}})
		fake.SaveStatus(untenanted("s"))
		f.eventually("it is followed", func() bool { return ends() == i+2 })
		f.likeBOS("/v2/sessions/s/status", "")
	}
	f.eventually("the operator is notified", func() bool { return strings.Contains(f.sync(), `session "s", which is complete, 5 times`) })
}
