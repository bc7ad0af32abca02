package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestSessionsOfBOSAreFollowedThroughTheirLife lets a server follow a BOS through all that happens to sessions, and
// compares what both answer.
func TestSessionsOfBOSAreFollowedThroughTheirLife(t *testing.T) {
	for _, b := range apptest.Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			fake := bosfake.New(bosfake.Options{})
			ids := fake.AddComponents(250)
			fake.PutTenant("blue", ids[50:120]...)
			fake.PutTenant("green", ids[240:]...)
			blue := bos.SessionKey{Tenant: "blue", Name: "s"}
			fake.CreateSession(untenanted("s"))
			fake.CreateSession(blue)
			fake.Start(untenanted("s"), ids[:100]...)
			f := followBOS(t, b.URL(t), fake, "--bos-page-size", "100", "--tapms-url", listenBOS(t, fake)+"/apis/tapms")

			same := func() {
				t.Helper()
				f.likeBOS("/v2/sessions/s/status", "")
				f.likeBOS("/v2/sessions/s/status", "blue")
				f.likeBOS("/v2/sessions/s", "")
				f.likeBOS("/v2/components?ids="+ids[0], "")
				f.likeBOS("/v2/components/"+ids[60], "blue")
				f.likeBOS("/v2/components/"+ids[0], "blue") // is not its own
			}
			same()

			fake.Patch(bosfake.Record{"status": bosfake.Record{"phase": "powering_on", "status_override": ""}}, ids[:90]...)
			fake.Patch(bosfake.Record{"status": bosfake.Record{"status_override": "failed"}, "error": "it broke", "enabled": false}, ids[90:100]...)
			fake.Patch(bosfake.Record{"from_the_future": []int{1, 2}}, ids[30])
			same()
			fake.PutTenant("blue", ids[50:95]...)
			fake.DeleteTenant("green")
			same()
			if n := f.Must(`{ node(id: "x") { id } serverInfo { sync { leader error lastSweep lagSeconds } } }`).At("serverInfo.sync.leader"); n != true {
				t.Errorf("leader: %v", n)
			}

			// BOS completes it, and saves its status a moment later; until then things keep changing.
			fake.Finish(ids[:90]...)
			fake.Complete(untenanted("s"))
			f.eventually("the session is complete", func() bool { return f.Status("s")["status"] == "COMPLETE" })
			fake.Patch(bosfake.Record{"error": "broke later"}, ids[5:25]...)
			fake.SaveStatus(untenanted("s"))
			f.likeBOS("/v2/sessions/s/status", "")
			saved := f.Must(`{ session(name: "s") { status { fromSnapshot managedComponentsCount percentFailed errorGroupCount
				counts { failed successful } errorSummary { message count list components { edges { node { id } } } } } } }`)
			for path, want := range map[string]any{
				"fromSnapshot": true, "managedComponentsCount": 100.0, "percentFailed": 10.0, "errorGroupCount": 2.0,
				"counts.failed": 10.0, "counts.successful": 90.0, "errorSummary.0.message": "broke later", "errorSummary.0.count": 20.0,
				"errorSummary.1.message": "it broke", "errorSummary.1.components.edges.9.node.id": ids[99],
			} {
				if have := saved.At("session.status." + path); have != want {
					t.Errorf("%s is %v, want %v", path, have, want)
				}
			}

			// It is deleted, and made again under its name.
			fake.DeleteSession(untenanted("s"))
			f.likeBOS("/v2/sessions/s", "")
			if deleted := f.Must(`{ session(name: "s") { deleted id } }`).At("session.deleted"); deleted != true {
				t.Errorf("deleted: %v", deleted)
			}
			fake.CreateSession(untenanted("s"), bosfake.Record{"status": bosfake.Record{"start_time": "2026-11-22T09:00:00.25+02:00"}})
			fake.Start(untenanted("s"), ids[:10]...)
			same()
			if n := len(f.Must(`{ sessions(filter: {name: "s", tenant: ""}) { edges { node { deleted } } } }`).At("sessions.edges").([]any)); n != 2 {
				t.Errorf("%d sessions have had the name", n)
			}

			fake.CreateSession(untenanted("none"))
			fake.FailSetup(untenanted("none"), "No nodes were found to act upon.")
			f.likeBOS("/v2/sessions/none", "")
			if why := f.Must(`{ session(name: "none") { error status { status managedComponentsCount } } }`); why.At("session.error") != "No nodes were found to act upon." {
				t.Errorf("%s", why.Body)
			}
			fake.Delete(ids[200:]...)
			f.likeBOS("/v2/components/"+ids[210], "")
			if n := f.Must(`{ components { totalCount } }`).At("components.totalCount"); n != 200.0 {
				t.Errorf("%v components are left", n)
			}
			if problem := f.sync(); problem != "" {
				t.Errorf("problem: %s", problem)
			}
		})
	}
}

// TestFollowedStatusesAreBOSsByteByByte lets a server follow a BOS that has the records of a case, as they
// are, and compares the status that it answers with BOS's own, byte for byte once the
// keys are in order and lists of ids name the first ones. Unlike mutations, the sync
// can bring about everything but the moment that BOS saw: the duration of a session
// without an end is left out.
func TestFollowedStatusesAreBOSsByteByByte(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../bos/testdata/bos_status_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct{ Cases []oracleCase }
	var records struct {
		Cases []struct{ Session, Expected json.RawMessage }
	}
	if err := errors.Join(json.Unmarshal(raw, &oracle), json.Unmarshal(raw, &records)); err != nil {
		t.Fatal(err)
	}
	redis := "redis://" + redistest.SharedServer(t)
	for i, c := range oracle.Cases {
		t.Run(c.Name, func(t *testing.T) {
			fake := bosfake.New(bosfake.Options{})
			for _, record := range c.Components {
				fake.Put(record)
			}
			key := untenanted(c.Session.Name)
			fake.PutSessionText(key, string(records.Cases[i].Session))
			f := followBOS(t, redis, fake)
			want := parseNumbers(t, records.Cases[i].Expected)
			c.order(want)
			if want["status"] == nil { // BOS: nothing; a session here always has a state
				want["status"] = "pending"
			}
			expected, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			code, have := f.restAnswer("/v2/sessions/"+c.Session.Name+"/status", "")
			if code != 200 || timeless(have) != timeless(expected) {
				t.Errorf("status %d\n%s\nBOS\n%s", code, have, expected)
			}
			if problem := f.sync(); problem != "" {
				t.Errorf("problem: %s", problem)
			}
		})
	}
}

// TestOnlyBOSChangesWhatComesFromBOS shows that what comes from BOS is changed by BOS alone.
func TestOnlyBOSChangesWhatComesFromBOS(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	id := fake.AddComponents(1)[0]
	fake.CreateSession(untenanted("s"))
	f := followBOS(t, "", fake)
	for query, variables := range map[string]apptest.Vars{
		apptest.PutComponents: {"in": []apptest.Vars{apptest.Powering(id, "s")}}, apptest.PatchComponents: {"in": []apptest.Vars{{"id": id, "error": "e"}}},
		apptest.DeleteComponents: {"in": []string{id}}, apptest.PutTenant: {"name": "blue", "in": []string{id}},
		apptest.CreateSession: {"in": apptest.Vars{"name": "mine", "operation": "BOOT", "templateName": "t"}},
		apptest.UpdateSession: {"in": apptest.Vars{"name": "s", "status": "COMPLETE"}}, apptest.DeleteSession: {"in": apptest.Vars{"name": "s"}},
	} {
		if codes := f.Ask(query, variables).Codes(); !slices.Equal(codes, []string{"CONFLICT"}) {
			t.Errorf("%s: %v", apptest.Clip(query), codes)
		}
	}
	if said := string(f.Ask(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{id}}).Body); !strings.Contains(said, "--tenants-file") {
		t.Errorf("putTenant is refused with %s", said)
	}
	f.sweeps(1)
	f.likeBOS("/v2/components", "")
}

// TestTenantsFollowTheFile changes the file under the server.
func TestTenantsFollowTheFile(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(6)
	file := filepath.Join(t.TempDir(), "tenants.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	owned := func(f followedSite, tenant string) []string {
		return restOf(f.Site).Texts("/v2/components", tenant, "id")
	}
	write(fmt.Sprintf(`{"blue": ["%s", "%s"], "green": ["%s"]}`, ids[0], ids[3], ids[1]))
	f := followBOS(t, "", fake, "--tenants-file", file)
	if blue := owned(f, "blue"); !slices.Equal(blue, []string{ids[0], ids[3]}) {
		t.Errorf("blue owns %v", blue)
	}
	if r := f.Ask(apptest.PutTenant, apptest.Vars{"name": "blue", "in": ids}); !slices.Equal(r.Codes(), []string{"CONFLICT"}) || !strings.Contains(string(r.Body), "change it there") {
		t.Errorf("putTenant beside a file of tenants: %s", r.Body)
	}
	write(`{"blue": `)
	f.eventually("a problem is shown", func() bool { return strings.Contains(f.sync(), "file of tenants") })
	f.eventually("a line of the log names the file and the cause", func() bool {
		return apptest.CountLines(f.log, `msg="BOS sweep skipped records"`, "cause=\""+file+": unexpected end of JSON input\"") == 1
	})
	if blue := owned(f, "blue"); len(blue) != 2 {
		t.Errorf("after a file that can't be read, blue owns %v", blue)
	}
	write(fmt.Sprintf(`{"blue": ["%s"]}`, ids[5]))
	f.eventually("blue owns another, and green is no tenant any more", func() bool {
		status, _ := restOf(f.Site).Read(http.MethodGet, "/v2/components", "green")
		return slices.Equal(owned(f, "blue"), []string{ids[5]}) && status == http.StatusBadRequest
	})
	f.eventually("no problem is shown", func() bool { return f.sync() == "" })
}

// TestARecordThatCannotBeReadDelaysNoOther shows that a record that can't be read takes nothing away and does
// not keep the others waiting, and that it is reported.
func TestARecordThatCannotBeReadDelaysNoOther(t *testing.T) {
	t.Parallel()
	fake, ids := sessionAtBOS(3)
	f := followBOS(t, "", fake)
	fake.PutText(ids[1], `{"id": "`+ids[1]+`", "enabled": "perhaps"}`)
	fake.Patch(bosfake.Record{"error": "it broke"}, ids[2])
	fake.PutSessionText(untenanted("odd"), `{"name": "odd", "status": 7}`)
	fake.CreateSession(untenanted("t"), bosfake.Record{"operation": "dance"})
	f.eventually("the other change, and the problems", func() bool {
		return len(f.Status("s")["errorSummary"].([]any)) == 1 && strings.Contains(f.sync(), "3 records from BOS can't be kept")
	})
	if n := f.Must(`{ session(name: "s") { status { managedComponentsCount } } }`).At("session.status.managedComponentsCount"); n != 3.0 {
		t.Errorf("%v components are counted", n)
	}
	fake.Put(bosfake.Record{"id": ids[1], "session": "s", "enabled": nil, "status": nil, "error": nil})
	fake.DeleteSession(untenanted("odd"))
	fake.PatchSession(untenanted("t"), bosfake.Record{"operation": "boot"})
	f.eventually("all is well", func() bool { return f.sync() == "" })
	f.likeBOS("/v2/sessions/t", "")
	if c := f.Must(`{ component(id: "` + ids[1] + `") { enabled session } }`); c.At("component.enabled") != false || c.At("component.session") != "s" {
		t.Errorf("%s", c.Body)
	}
}

// TestARecordThatDoesNotFitIsCounted has BOS report components with texts that can't be kept, and one that can't be read:
// the first are counted as BOS counts them, and what is shown of the other is stale.
func TestARecordThatDoesNotFitIsCounted(t *testing.T) {
	t.Parallel()
	fake, ids := sessionAtBOS(5)
	f := followBOS(t, "", fake)
	failed := bosfake.Record{"status_override": "failed"}
	fake.Patch(bosfake.Record{"status": failed, "error": strings.Repeat("e", 70_000)}, ids[0])
	fake.Patch(bosfake.Record{"status": failed, "error": "a\x00b"}, ids[1])
	fake.Patch(bosfake.Record{"status": failed, "actual_state": bosfake.Record{"boot_artifacts": bosfake.Record{"kernel_parameters": strings.Repeat("p", 70_000)}}}, ids[2])
	fake.Patch(bosfake.Record{"session": "no name!"}, ids[3])
	status := func() string {
		r := f.Must(`{ session(name: "s") { status { stale counts { managed failed active } } } }`)
		return fmt.Sprint(r.At("session.status.stale"), r.At("session.status.counts"))
	}
	f.eventually("they are counted, and the problem is shown", func() bool {
		return status() == "false map[active:4 failed:3 managed:4]" && strings.Contains(f.sync(), "4 records from BOS are kept without what does not fit")
	})

	fake.PutText("x9999c0s0b0n0", `{"id": "x9999c0s0b0n0", "enabled": "no", "session": ""}`)
	f.eventually("one that can't be read and is in no session makes nothing stale", func() bool {
		return strings.Contains(f.sync(), "the record of \"x9999c0s0b0n0\" from BOS can't be kept as it is: its enabled can't be a text") &&
			status() == "false map[active:4 failed:3 managed:4]"
	})
	fake.PutText("x9999c0s0b0n0", `{"id": "x9999c0s0b0n0", "enabled": "no", "session": "s"}`)
	f.eventually("but one that is missing in a session does", func() bool { return status() == "true map[active:4 failed:3 managed:4]" })
	fake.Put(bosfake.Record{"id": "x9999c0s0b0n0", "session": ""})
	f.eventually("it can be read", func() bool { return status() == "false map[active:4 failed:3 managed:4]" })
	fake.PutText("x9999c0s0b0n0", `{"id": "x9999c0s0b0n0", "enabled": "no", "session": ""}`)
	f.eventually("nor does one that is stored, and in no session", func() bool {
		return strings.Contains(f.sync(), "x9999c0s0b0n0") && status() == "false map[active:4 failed:3 managed:4]"
	})
	fake.Put(bosfake.Record{"id": "x9999c0s0b0n0", "session": ""})

	fake.PutText(ids[4], `{"id": "`+ids[4]+`", "session": 7}`)
	f.eventually("what can't be read makes it stale", func() bool {
		return status() == "true map[active:4 failed:3 managed:4]" && strings.Contains(f.sync(), `the record of "`+ids[4]+`" from BOS can't be kept as it is: its session can't be a number`)
	})
	asOf := func() any { return f.Must(`{ session(name: "s") { status { asOf } } }`).At("session.status.asOf") }
	stale := asOf()
	f.sweeps(2)
	if now := asOf(); now != stale {
		t.Errorf("asOf advances from %v to %v while it is stale", stale, now)
	}
	fake.Put(bosfake.Record{"id": ids[4], "session": "", "enabled": false})
	fake.Patch(bosfake.Record{"error": "it broke"}, ids[:2]...)
	fake.Patch(bosfake.Record{"session": "", "actual_state": bosfake.Record{"boot_artifacts": bosfake.Record{"kernel_parameters": ""}}}, ids[2:4]...)
	f.eventually("all is well", func() bool { return status() == "false map[active:2 failed:2 managed:2]" && f.sync() == "" })
	noDrift(t, f.Site)
}

// TestIdleSweepsWriteNothing counts what goes to Redis while nothing changes at BOS.
func TestIdleSweepsWriteNothing(t *testing.T) {
	fake := bosfake.New(bosfake.Options{})
	ids := fake.AddComponents(1500)
	for _, name := range []string{"s", "t"} {
		fake.CreateSession(untenanted(name))
	}
	fake.Start(untenanted("s"), ids[:1000]...)
	fake.Complete(untenanted("t"))
	fake.SaveStatus(untenanted("t"))
	redis := redistest.SharedServer(t)
	meter := redistest.NewMeter(t, redis)
	f := followBOS(t, "redis://"+meter.Addr(), fake)
	f.sweeps(3) // BOS's saved status was asked for twice
	lease, meta := "{"+f.Namespace+"}:lease", "{"+f.Namespace+"}:meta"
	keys := func() (without []string) {
		for line := range strings.Lines(apptest.Dump(t, redis, f.Namespace)) {
			if !strings.HasPrefix(line, lease) {
				without = append(without, line)
			}
		}
		return without
	}
	before := keys()
	meter.Reset()
	f.sweeps(5)
	for _, c := range meter.Snapshot().Commands {
		switch name := c.Name(); {
		case strings.HasPrefix(name, "EVAL") && c.Key() == lease: // renewed once a second, whatever the sweeps do
		case strings.HasPrefix(name, "EVAL") && c.Key() == meta && len(c) == 8: // the position, with four arguments
		case name == "PUBLISH", name == "MULTI", name == "EXEC": // the feed's probes, and reads
		case slices.Contains([]string{"HMGET", "HGET", "HGETALL", "GET", "EXISTS", "EVALSHA_RO", "INFO"}, name): // reads, and the look at Redis every few seconds
		case name == "SCRIPT" && strings.EqualFold(c[1], "load"): // before a read whose script this Redis has not got yet
		case name == "HELLO", name == "CLIENT", name == "PING": // a connection is made
		default:
			t.Errorf("an idle sweep sends %s", apptest.Clip(strings.Join(c, " ")))
		}
	}
	if after := keys(); !slices.Equal(before, after) {
		t.Error("an idle sweep has written something")
	}
}

// TestTheTokenMayBeReplacedWhileBOSIsFollowed replaces the token under the server, as Kubernetes does, and follows BOS
// over TLS with an authority of its own.
func TestTheTokenMayBeReplacedWhileBOSIsFollowed(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	fake.AddComponents(2)
	fake.RequireToken("first")
	file, ca := filepath.Join(t.TempDir(), "token"), filepath.Join(t.TempDir(), "ca.pem")
	server := httptest.NewTLSServer(fake)
	t.Cleanup(server.Close)
	for name, text := range map[string][]byte{file: []byte("first\n"), ca: pemOf(server)} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := &apptest.Journal{}
	f := followedSite{apptest.ServeLogging(t, apptest.TextLog(log), "", "--bos-url", server.URL, "--bos-interval", "100ms",
		"--bos-token-file", file, "--bos-ca-file", ca), fake, log}
	f.sweeps(1)
	fake.RequireToken("second")
	f.eventually("the token is refused", func() bool { return strings.Contains(f.sync(), "it refuses the token") })
	if err := os.WriteFile(file, []byte("second"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.eventually("the new token is used", func() bool { return f.sync() == "" })
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	f.eventually("there is no token", func() bool { return strings.Contains(f.sync(), "the file with its token can't be read") })
	if bytes.Contains([]byte(log.String()), []byte("second")) {
		t.Error("the log shows the token")
	}

	stranger := apptest.Serve(t, "", "--bos-url", server.URL, "--bos-interval", "100ms")
	apptest.Eventually(t, "the certificate is not trusted", func() bool {
		problem, _ := stranger.Must(`{ serverInfo { sync { error } } }`).At("serverInfo.sync.error").(string)
		return strings.Contains(problem, "certificate")
	})
}

// TestStatusesAreStaleWhileBOSIsSilent watches a session while BOS does not answer.
func TestStatusesAreStaleWhileBOSIsSilent(t *testing.T) {
	t.Parallel()
	fake, ids := sessionAtBOS(2)
	f := followBOS(t, "", fake)
	w := apptest.Watch(t, f.Site, apptest.Follow, apptest.Vars{"name": "s"})
	f.eventually("the first state", func() bool { return w.Now("stale") == false })
	seen := f.Must(`{ session(name: "s") { status { asOf } } }`).At("session.status.asOf").(string)
	at, err := time.Parse(time.RFC3339Nano, seen)
	if err != nil || time.Since(at) > 10*time.Second {
		t.Errorf("as of %s, %v", seen, err)
	}
	fault := fake.Inject(bosfake.Fault{Path: "/v2/components", Status: 503})
	f.eventually("it is stale", func() bool { return w.Now("stale") == true })
	if stale := f.Must(`{ session(name: "s") { status { stale } } }`).At("session.status.stale"); stale != true {
		t.Errorf("a query says %v", stale)
	}
	fault.Lift()
	fake.Patch(bosfake.Record{"error": "it broke"}, ids[0])
	f.eventually("it is current", func() bool { return w.Now("stale") == false && len(w.Now("errorSummary").([]any)) == 1 })
	if w.Count() > 10 {
		t.Errorf("%d messages", w.Count())
	}
}
