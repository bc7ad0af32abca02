package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// The tests of this file are the mutations' contract as a client sees it, on every
// backend; the store's own tests cover the same from within.

const wholeComponent = `{ component(id: "x1") { id enabled error session retryPolicy
	status { phase rawPhase status rawStatus statusOverride }
	desiredState { bootArtifacts { kernel kernelParameters initrd } configuration bssToken lastUpdated }
	actualState { bootArtifacts { kernel } } stagedState { session configuration lastUpdated }
	lastAction { action failed lastUpdated } eventStats { powerOnAttempts powerOffGracefulAttempts powerOffForcefulAttempts } } }`

// TestAPutReplacesTheWholeRecord shows that a put is a whole record: what it lacks is removed.
func TestAPutReplacesTheWholeRecord(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Put(apptest.Vars{
			"id": "x1", "enabled": true, "error": "broken", "session": "s", "retryPolicy": 3, "status": apptest.Vars{"phase": "configuring", "statusOverride": "on_hold"},
			"desiredState": apptest.Vars{"bootArtifacts": apptest.Vars{"kernel": "k", "kernelParameters": "p", "initrd": "i"}, "configuration": "c", "bssToken": "t",
				"lastUpdated": "2026-11-22T09:00:00.25+01:00"},
			"stagedState": apptest.Vars{"session": "later", "configuration": "c2"},
			"lastAction":  apptest.Vars{"action": "powering_on", "failed": true, "lastUpdated": "2026-11-22T09:00:00"},
			"eventStats":  apptest.Vars{"powerOnAttempts": 1, "powerOffGracefulAttempts": 2, "powerOffForcefulAttempts": 3},
		})
		s.Must(wholeComponent).Want(t, map[string]any{
			"component.enabled": true, "component.error": "broken", "component.session": "s", "component.retryPolicy": 3.0,
			"component.status.phase": "CONFIGURING", "component.status.rawPhase": "configuring",
			"component.status.status": "ON_HOLD", "component.status.rawStatus": "on_hold", "component.status.statusOverride": "on_hold",
			"component.desiredState.bootArtifacts.kernel": "k", "component.desiredState.bootArtifacts.initrd": "i",
			"component.desiredState.lastUpdated": "2026-11-22T08:00:00.25Z", "component.actualState": nil,
			"component.stagedState.session": "later", "component.stagedState.lastUpdated": nil,
			"component.lastAction.failed": true, "component.lastAction.lastUpdated": "2026-11-22T09:00:00Z",
			"component.eventStats.powerOffForcefulAttempts": 3.0,
		})
		s.Put(apptest.Vars{"id": "x1"})
		s.Must(wholeComponent).Want(t, map[string]any{
			"component.id": "x1", "component.enabled": false, "component.error": "", "component.session": "", "component.retryPolicy": nil,
			"component.status.phase": "NONE", "component.status.status": "STABLE", "component.status.statusOverride": "",
			"component.desiredState": nil, "component.actualState": nil, "component.stagedState": nil, "component.lastAction": nil, "component.eventStats": nil,
		})
	})
}

// TestAPatchChangesOnlyWhatItNames shows that a patch changes what it names, at any depth, and that
// later items of one id come after earlier ones.
func TestAPatchChangesOnlyWhatItNames(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Put(apptest.Vars{
			"id": "x1", "enabled": true, "session": "s", "status": apptest.Vars{"phase": "powering_on", "statusOverride": "on_hold"},
			"desiredState": apptest.Vars{"bootArtifacts": apptest.Vars{"kernel": "k", "initrd": "i"}, "configuration": "c"},
			"lastAction":   apptest.Vars{"action": "powering_on", "failed": true},
		})
		got := s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{
			{"id": "x1", "status": apptest.Vars{"statusOverride": ""}, "desiredState": apptest.Vars{"bootArtifacts": apptest.Vars{"kernel": "k2"}}, "error": "first"},
			{"id": "x1", "lastAction": apptest.Vars{"failed": false}, "eventStats": apptest.Vars{"powerOnAttempts": 1}, "error": "second"},
		}})
		got.Want(t, map[string]any{"patchComponents.applied": 2.0})
		s.Must(wholeComponent).Want(t, map[string]any{
			"component.enabled": true, "component.session": "s", "component.error": "second",
			"component.status.rawPhase": "powering_on", "component.status.status": "POWER_ON_CALLED", "component.status.statusOverride": "",
			"component.desiredState.bootArtifacts.kernel": "k2", "component.desiredState.bootArtifacts.initrd": "i", "component.desiredState.configuration": "c",
			"component.lastAction.action": "powering_on", "component.lastAction.failed": false,
			"component.eventStats.powerOnAttempts": 1.0, "component.actualState": nil,
		})
		s.Put(apptest.Vars{"id": "x1", "error": "one"}, apptest.Vars{"id": "x1", "error": "two"})
		s.Must(wholeComponent).Want(t, map[string]any{"component.error": "two", "component.session": ""})
	})
}

// TestWritingTheSameChangesNoRevision shows that what changes nothing is no change.
func TestWritingTheSameChangesNoRevision(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Session("s")
		s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
		s.Update("s", "status", "RUNNING", "initialComponents", "x1,x2")
		revision := func() any {
			return s.Must(`{ session(name: "s") { status { revision } } }`).At("session.status.revision")
		}
		before := revision()
		s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": true}, {"id": "x2"}}})
		s.Update("s", "status", "RUNNING", "initialComponents", "x1,x2")
		s.Update("s")
		if after := revision(); after != before {
			t.Errorf("the revision went from %v to %v", before, after)
		}
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "error": "e"}}})
		if after := revision(); after.(float64) <= before.(float64) {
			t.Errorf("the revision went from %v to %v with a change", before, after)
		}
	})
}

const frozenStatus = `{ session(name: "s") { status { status fromSnapshot managedComponentsCount percentSuccessful percentFailed
	counts { active } errorSummary { message list } timing { endTime } } } }`

// TestASessionWithoutActiveComponentsCompletesAndStaysComplete shows when a session completes by itself, and that it stays so.
func TestASessionWithoutActiveComponentsCompletesAndStaysComplete(t *testing.T) {
	t.Parallel()
	t.Run("nothing active when it starts", func(t *testing.T) {
		apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
			s.Session("s")
			s.Put(apptest.Vars{"id": "x1", "session": "s"}) // not enabled
			got := s.Update("s", "status", "RUNNING")
			if apptest.At(got, "status.status") != "COMPLETE" || apptest.At(got, "status.fromSnapshot") != true || apptest.At(got, "status.timing.endTime") == nil {
				t.Errorf("the write that started it answers %v", got)
			}
		})
	})
	t.Run("the last active one is done", func(t *testing.T) {
		apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
			s.Session("s")
			s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"))
			s.Update("s", "status", "RUNNING")
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "enabled": false, "status": apptest.Vars{"phase": ""}}}})
			s.Must(frozenStatus).Want(t, map[string]any{"session.status.status": "RUNNING", "session.status.fromSnapshot": false,
				"session.status.counts.active": 1.0, "session.status.timing.endTime": nil})
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x2", "enabled": false, "error": "it broke", "status": apptest.Vars{"statusOverride": "failed"}}}})
			frozen := s.Must(frozenStatus)
			frozen.Want(t, map[string]any{"session.status.status": "COMPLETE", "session.status.fromSnapshot": true,
				"session.status.managedComponentsCount": 2.0, "session.status.percentSuccessful": 50.0, "session.status.percentFailed": 50.0,
				"session.status.counts.active": 0.0, "session.status.errorSummary.0.list": "x2"})
			if frozen.At("session.status.timing.endTime") == nil {
				t.Error("it has no end")
			}
			// Whatever becomes of the components, and of their errors.
			s.Put(apptest.Powering("x1", "other"), apptest.Powering("x2", "other"), apptest.Powering("x3", "s"))
			if again := s.Must(frozenStatus); string(again.Body) != string(frozen.Body) {
				t.Errorf("the snapshot changed:\n%s\n%s", frozen.Body, again.Body)
			}
		})
	})
	for what, last := range map[string]func(s *apptest.Site){
		"taken over": func(s *apptest.Site) {
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "session": "other"}}})
		},
		"deleted": func(s *apptest.Site) { s.Must(apptest.DeleteComponents, apptest.Vars{"in": []string{"x1"}}) },
		"applied": func(s *apptest.Site) {
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "session": "other", "stagedState": apptest.Vars{"session": ""}}}})
		},
	} {
		t.Run("the last active one is "+what, func(t *testing.T) {
			apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
				s.Session("s")
				if what == "applied" {
					s.Put(apptest.Vars{"id": "x1", "stagedState": apptest.Vars{"session": "s"}})
				} else {
					s.Put(apptest.Powering("x1", "s"))
				}
				s.Update("s", "status", "RUNNING")
				s.Must(frozenStatus).Want(t, map[string]any{"session.status.status": "RUNNING"})
				last(s)
				s.Must(frozenStatus).Want(t, map[string]any{"session.status.status": "COMPLETE", "session.status.fromSnapshot": true})
			})
		})
	}
}

// TestAComponentCountsWhereItWasTakenOver shows that a component that another session takes over counts there
// from then on, with its error.
func TestAComponentCountsWhereItWasTakenOver(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Session("a")
		s.Session("b")
		failed := apptest.Powering("x1", "a")
		failed["error"] = "it broke"
		s.Put(failed, apptest.Powering("x2", "a"), apptest.Powering("x3", "b"))
		const counts = `{ a: session(name: "a") { ...C } b: session(name: "b") { ...C } }
			fragment C on Session { status { counts { managed poweringOn } errorGroupCount } components { totalCount } }`
		s.Must(counts).Want(t, map[string]any{"a.status.counts.managed": 2.0, "b.status.counts.managed": 1.0, "a.status.errorGroupCount": 1.0})
		s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{{"id": "x1", "session": "b"}}})
		s.Must(counts).Want(t, map[string]any{
			"a.status.counts.managed": 1.0, "a.status.counts.poweringOn": 1.0, "a.status.errorGroupCount": 0.0, "a.components.totalCount": 1.0,
			"b.status.counts.managed": 2.0, "b.status.counts.poweringOn": 2.0, "b.status.errorGroupCount": 1.0, "b.components.totalCount": 2.0,
		})
	})
}

// TestATenantsSessionCountsWhatTheTenantOwns shows that a tenant's session counts what the tenant owns, and the
// untenanted one of that name counts all.
func TestATenantsSessionCountsWhatTheTenantOwns(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Put(apptest.Powering("x1", "s"), apptest.Powering("x2", "s"), apptest.Powering("x3", "s"))
		s.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x1", "x2", "x9"}}).Want(t, map[string]any{"putTenant.owned": 3.0})
		s.Session("s", "tenant", "blue")
		s.Session("s")
		const both = `{ blue: session(name: "s", tenant: "blue") { tenant ...C } all: session(name: "s") { tenant ...C }
			red: session(name: "s", tenant: "red") { name } }
			fragment C on Session { status { counts { managed } } components { edges { node { id } } totalCount } }`
		s.Must(both).Want(t, map[string]any{"blue.tenant": "blue", "blue.status.counts.managed": 2.0, "blue.components.totalCount": 2.0,
			"blue.components.edges.1.node.id": "x2", "all.tenant": nil, "all.status.counts.managed": 3.0, "red": nil})
		s.Put(apptest.Powering("x9", "s")) // owned before it is known
		s.Must(both).Want(t, map[string]any{"blue.status.counts.managed": 3.0, "all.status.counts.managed": 4.0})
		s.Must(apptest.PutTenant, apptest.Vars{"name": "blue", "in": []string{"x3"}})
		s.Must(both).Want(t, map[string]any{"blue.status.counts.managed": 1.0, "blue.components.edges.0.node.id": "x3", "all.status.counts.managed": 4.0})
	})
}

// TestASessionCreatedAgainIsAnotherOne deletes a session and creates it again, as it was and at once:
// it is another one.
func TestASessionCreatedAgainIsAnotherOne(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Put(apptest.Powering("x1", "s"))
		ids := map[any]bool{}
		for range 3 {
			s.Session("s", "startTime", "2026-11-22T09:00:00Z")
			id := s.Must(`{ session(name: "s") { id } }`).At("session.id")
			if ids[id] {
				t.Errorf("the id %v comes a second time", id)
			}
			ids[id] = true
			s.Must(`query($id: ID!) { node(id: $id) { id ... on Session { name status { managedComponentsCount } } } }`, apptest.Vars{"id": id}).
				Want(t, map[string]any{"node.id": id, "node.name": "s", "node.status.managedComponentsCount": 1.0})
			s.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "s"}}).Want(t, map[string]any{"deleteSession.deletedId": id})
			s.Must(`query($id: ID!) { node(id: $id) { id } session(name: "s") { id } }`, apptest.Vars{"id": id}).
				Want(t, map[string]any{"node": nil, "session": nil})
		}
	})
}

// TestMutationsOfOneRequestFollowEachOther shows that several mutations of one request follow each other, and
// that each payload shows what its own write has made.
func TestMutationsOfOneRequestFollowEachOther(t *testing.T) {
	apptest.Everywhere(t, func(t *testing.T, s *apptest.Site) {
		s.Put(apptest.Powering("x1", "s"))
		s.Must(`mutation {
			create: createSession(input: {name: "s", operation: BOOT, templateName: "t"}) { session { ...S } userErrors { code } }
			start: updateSession(input: {name: "s", status: RUNNING, initialComponents: "x1"}) { session { ...S } userErrors { code } }
			put: patchComponents(input: {components: [{id: "x1", enabled: false}]}) { applied userErrors { code } }
			again: updateSession(input: {name: "s"}) { session { ...S } userErrors { code } }
		} fragment S on Session { initialComponents status { status counts { active } } }`).Want(t, map[string]any{
			"create.session.status.status": "PENDING", "create.session.status.counts.active": 1.0, "create.session.initialComponents": "",
			"start.session.status.status": "RUNNING", "start.session.initialComponents": "x1",
			"put.applied":                 1.0,
			"again.session.status.status": "COMPLETE", "again.session.status.counts.active": 0.0,
		})
	})
}

// TestWhatIsNoIDIsTheClientsMistake sends objects and lists where ids belong: an error of the request,
// and none that the server logs as its own.
func TestWhatIsNoIDIsTheClientsMistake(t *testing.T) {
	t.Parallel()
	s := apptest.ServeRedis(t)
	for _, query := range []string{
		`mutation { deleteComponents(input: {ids: {}}) { applied } }`,
		`mutation { deleteComponents(input: {ids: [{}]}) { applied } }`,
		`{ components(filter: {ids: [{}]}) { totalCount } }`,
		`{ component(id: {}) { id } }`,
	} {
		if r := s.With(t).Ask(query); !slices.Equal(r.Codes(), []string{"BAD_USER_INPUT"}) || !strings.Contains(r.Errors[0].Message, "is no ID") {
			t.Errorf("%s is answered %s", query, r.Body)
		}
	}
}
