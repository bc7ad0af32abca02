package app

import "testing"

// The tests of this file are the mutations' contract as a client sees it, on every
// backend; the store's own tests cover the same from within.

// everywhere runs a test on every backend.
func everywhere(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	t.Parallel()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, serve(t, b.url(t)))
		})
	}
}

// want checks values of a reply by their paths.
func (r reply) want(t *testing.T, values map[string]any) {
	t.Helper()
	for path, want := range values {
		if have := r.at(path); have != want {
			t.Errorf("%s is %v, want %v", path, have, want)
		}
	}
}

const wholeComponent = `{ component(id: "x1") { id enabled error session retryPolicy
	status { phase rawPhase status rawStatus statusOverride }
	desiredState { bootArtifacts { kernel kernelParameters initrd } configuration bssToken lastUpdated }
	actualState { bootArtifacts { kernel } } stagedState { session configuration lastUpdated }
	lastAction { action failed lastUpdated } eventStats { powerOnAttempts powerOffGracefulAttempts powerOffForcefulAttempts } } }`

// TestPutReplaces shows that a put is a whole record: what it lacks is gone.
func TestPutReplaces(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.put(vars{
			"id": "x1", "enabled": true, "error": "broken", "session": "s", "retryPolicy": 3, "status": vars{"phase": "configuring", "statusOverride": "on_hold"},
			"desiredState": vars{"bootArtifacts": vars{"kernel": "k", "kernelParameters": "p", "initrd": "i"}, "configuration": "c", "bssToken": "t",
				"lastUpdated": "2026-11-22T09:00:00.25+01:00"},
			"stagedState": vars{"session": "later", "configuration": "c2"},
			"lastAction":  vars{"action": "powering_on", "failed": true, "lastUpdated": "2026-11-22T09:00:00"},
			"eventStats":  vars{"powerOnAttempts": 1, "powerOffGracefulAttempts": 2, "powerOffForcefulAttempts": 3},
		})
		s.must(wholeComponent).want(t, map[string]any{
			"component.enabled": true, "component.error": "broken", "component.session": "s", "component.retryPolicy": 3.0,
			"component.status.phase": "CONFIGURING", "component.status.rawPhase": "configuring",
			"component.status.status": "ON_HOLD", "component.status.rawStatus": "on_hold", "component.status.statusOverride": "on_hold",
			"component.desiredState.bootArtifacts.kernel": "k", "component.desiredState.bootArtifacts.initrd": "i",
			"component.desiredState.lastUpdated": "2026-11-22T08:00:00.25Z", "component.actualState": nil,
			"component.stagedState.session": "later", "component.stagedState.lastUpdated": nil,
			"component.lastAction.failed": true, "component.lastAction.lastUpdated": "2026-11-22T09:00:00Z",
			"component.eventStats.powerOffForcefulAttempts": 3.0,
		})
		s.put(vars{"id": "x1"})
		s.must(wholeComponent).want(t, map[string]any{
			"component.id": "x1", "component.enabled": false, "component.error": "", "component.session": "", "component.retryPolicy": nil,
			"component.status.phase": "NONE", "component.status.status": "STABLE", "component.status.statusOverride": "",
			"component.desiredState": nil, "component.actualState": nil, "component.stagedState": nil, "component.lastAction": nil, "component.eventStats": nil,
		})
	})
}

// TestPatchMerges shows that a patch changes what it names, at any depth, and that
// later items of one id come after earlier ones.
func TestPatchMerges(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.put(vars{
			"id": "x1", "enabled": true, "session": "s", "status": vars{"phase": "powering_on", "statusOverride": "on_hold"},
			"desiredState": vars{"bootArtifacts": vars{"kernel": "k", "initrd": "i"}, "configuration": "c"},
			"lastAction":   vars{"action": "powering_on", "failed": true},
		})
		got := s.must(patchComponents, vars{"in": []vars{
			{"id": "x1", "status": vars{"statusOverride": ""}, "desiredState": vars{"bootArtifacts": vars{"kernel": "k2"}}, "error": "first"},
			{"id": "x1", "lastAction": vars{"failed": false}, "eventStats": vars{"powerOnAttempts": 1}, "error": "second"},
		}})
		got.want(t, map[string]any{"patchComponents.applied": 2.0})
		s.must(wholeComponent).want(t, map[string]any{
			"component.enabled": true, "component.session": "s", "component.error": "second",
			"component.status.rawPhase": "powering_on", "component.status.status": "POWER_ON_CALLED", "component.status.statusOverride": "",
			"component.desiredState.bootArtifacts.kernel": "k2", "component.desiredState.bootArtifacts.initrd": "i", "component.desiredState.configuration": "c",
			"component.lastAction.action": "powering_on", "component.lastAction.failed": false,
			"component.eventStats.powerOnAttempts": 1.0, "component.actualState": nil,
		})
		s.put(vars{"id": "x1", "error": "one"}, vars{"id": "x1", "error": "two"})
		s.must(wholeComponent).want(t, map[string]any{"component.error": "two", "component.session": ""})
	})
}

// TestUnchanged shows that what changes nothing is no change.
func TestUnchanged(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.session("s")
		s.put(powering("x1", "s"), powering("x2", "s"))
		s.update("s", "status", "RUNNING", "initialComponents", "x1,x2")
		revision := func() any {
			return s.must(`{ session(name: "s") { status { revision } } }`).at("session.status.revision")
		}
		before := revision()
		s.put(powering("x1", "s"), powering("x2", "s"))
		s.must(patchComponents, vars{"in": []vars{{"id": "x1", "enabled": true}, {"id": "x2"}}})
		s.update("s", "status", "RUNNING", "initialComponents", "x1,x2")
		s.update("s")
		if after := revision(); after != before {
			t.Errorf("the revision went from %v to %v", before, after)
		}
		s.must(patchComponents, vars{"in": []vars{{"id": "x1", "error": "e"}}})
		if after := revision(); after.(float64) <= before.(float64) {
			t.Errorf("the revision went from %v to %v with a change", before, after)
		}
	})
}

const frozenStatus = `{ session(name: "s") { status { status fromSnapshot managedComponentsCount percentSuccessful percentFailed
	counts { active } errorSummary { message list } timing { endTime } } } }`

// TestCompletion shows when a session completes by itself, and that it stays so.
func TestCompletion(t *testing.T) {
	t.Run("nothing active when it starts", func(t *testing.T) {
		everywhere(t, func(t *testing.T, s *site) {
			s.session("s")
			s.put(vars{"id": "x1", "session": "s"}) // not enabled
			got := s.update("s", "status", "RUNNING")
			if at(got, "status.status") != "COMPLETE" || at(got, "status.fromSnapshot") != true || at(got, "status.timing.endTime") == nil {
				t.Errorf("the write that started it answers %v", got)
			}
		})
	})
	t.Run("the last active one is done", func(t *testing.T) {
		everywhere(t, func(t *testing.T, s *site) {
			s.session("s")
			s.put(powering("x1", "s"), powering("x2", "s"))
			s.update("s", "status", "RUNNING")
			s.must(patchComponents, vars{"in": []vars{{"id": "x1", "enabled": false, "status": vars{"phase": ""}}}})
			s.must(frozenStatus).want(t, map[string]any{"session.status.status": "RUNNING", "session.status.fromSnapshot": false,
				"session.status.counts.active": 1.0, "session.status.timing.endTime": nil})
			s.must(patchComponents, vars{"in": []vars{{"id": "x2", "enabled": false, "error": "it broke", "status": vars{"statusOverride": "failed"}}}})
			frozen := s.must(frozenStatus)
			frozen.want(t, map[string]any{"session.status.status": "COMPLETE", "session.status.fromSnapshot": true,
				"session.status.managedComponentsCount": 2.0, "session.status.percentSuccessful": 50.0, "session.status.percentFailed": 50.0,
				"session.status.counts.active": 0.0, "session.status.errorSummary.0.list": "x2"})
			if frozen.at("session.status.timing.endTime") == nil {
				t.Error("it has no end")
			}
			// Whatever becomes of the components, and of their errors.
			s.put(powering("x1", "other"), powering("x2", "other"), powering("x3", "s"))
			if again := s.must(frozenStatus); string(again.body) != string(frozen.body) {
				t.Errorf("the snapshot changed:\n%s\n%s", frozen.body, again.body)
			}
		})
	})
	for what, last := range map[string]func(s *site){
		"taken over": func(s *site) { s.must(patchComponents, vars{"in": []vars{{"id": "x1", "session": "other"}}}) },
		"deleted":    func(s *site) { s.must(deleteComponents, vars{"in": []string{"x1"}}) },
		"applied": func(s *site) {
			s.must(patchComponents, vars{"in": []vars{{"id": "x1", "session": "other", "stagedState": vars{"session": ""}}}})
		},
	} {
		t.Run("the last active one is "+what, func(t *testing.T) {
			everywhere(t, func(t *testing.T, s *site) {
				s.session("s")
				if what == "applied" {
					s.put(vars{"id": "x1", "stagedState": vars{"session": "s"}})
				} else {
					s.put(powering("x1", "s"))
				}
				s.update("s", "status", "RUNNING")
				s.must(frozenStatus).want(t, map[string]any{"session.status.status": "RUNNING"})
				last(s)
				s.must(frozenStatus).want(t, map[string]any{"session.status.status": "COMPLETE", "session.status.fromSnapshot": true})
			})
		})
	}
}

// TestTakeOver shows that a component that another session takes over counts there
// from then on, with its error.
func TestTakeOver(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.session("a")
		s.session("b")
		failed := powering("x1", "a")
		failed["error"] = "it broke"
		s.put(failed, powering("x2", "a"), powering("x3", "b"))
		const counts = `{ a: session(name: "a") { ...C } b: session(name: "b") { ...C } }
			fragment C on Session { status { counts { managed poweringOn } errorGroupCount } components { totalCount } }`
		s.must(counts).want(t, map[string]any{"a.status.counts.managed": 2.0, "b.status.counts.managed": 1.0, "a.status.errorGroupCount": 1.0})
		s.must(patchComponents, vars{"in": []vars{{"id": "x1", "session": "b"}}})
		s.must(counts).want(t, map[string]any{
			"a.status.counts.managed": 1.0, "a.status.counts.poweringOn": 1.0, "a.status.errorGroupCount": 0.0, "a.components.totalCount": 1.0,
			"b.status.counts.managed": 2.0, "b.status.counts.poweringOn": 2.0, "b.status.errorGroupCount": 1.0, "b.components.totalCount": 2.0,
		})
	})
}

// TestTenants shows that a tenant's session counts what the tenant owns, and the
// untenanted one of that name counts all.
func TestTenants(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.put(powering("x1", "s"), powering("x2", "s"), powering("x3", "s"))
		s.must(putTenant, vars{"name": "blue", "in": []string{"x1", "x2", "x9"}}).want(t, map[string]any{"putTenant.owned": 3.0})
		s.session("s", "tenant", "blue")
		s.session("s")
		const both = `{ blue: session(name: "s", tenant: "blue") { tenant ...C } all: session(name: "s") { tenant ...C }
			red: session(name: "s", tenant: "red") { name } }
			fragment C on Session { status { counts { managed } } components { edges { node { id } } totalCount } }`
		s.must(both).want(t, map[string]any{"blue.tenant": "blue", "blue.status.counts.managed": 2.0, "blue.components.totalCount": 2.0,
			"blue.components.edges.1.node.id": "x2", "all.tenant": nil, "all.status.counts.managed": 3.0, "red": nil})
		s.put(powering("x9", "s")) // owned before it is known
		s.must(both).want(t, map[string]any{"blue.status.counts.managed": 3.0, "all.status.counts.managed": 4.0})
		s.must(putTenant, vars{"name": "blue", "in": []string{"x3"}})
		s.must(both).want(t, map[string]any{"blue.status.counts.managed": 1.0, "blue.components.edges.0.node.id": "x3", "all.status.counts.managed": 4.0})
	})
}

// TestIncarnations deletes a session and creates it again, as it was and at once:
// it is another one.
func TestIncarnations(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.put(powering("x1", "s"))
		ids := map[any]bool{}
		for range 3 {
			s.session("s", "startTime", "2026-11-22T09:00:00Z")
			id := s.must(`{ session(name: "s") { id } }`).at("session.id")
			if ids[id] {
				t.Errorf("the id %v comes a second time", id)
			}
			ids[id] = true
			s.must(`query($id: ID!) { node(id: $id) { id ... on Session { name status { managedComponentsCount } } } }`, vars{"id": id}).
				want(t, map[string]any{"node.id": id, "node.name": "s", "node.status.managedComponentsCount": 1.0})
			s.must(deleteSession, vars{"in": vars{"name": "s"}}).want(t, map[string]any{"deleteSession.deletedId": id})
			s.must(`query($id: ID!) { node(id: $id) { id } session(name: "s") { id } }`, vars{"id": id}).
				want(t, map[string]any{"node": nil, "session": nil})
		}
	})
}

// TestOneRequest shows that several mutations of one request follow each other, and
// that each payload shows what its own write has made.
func TestOneRequest(t *testing.T) {
	everywhere(t, func(t *testing.T, s *site) {
		s.put(powering("x1", "s"))
		s.must(`mutation {
			create: createSession(input: {name: "s", operation: BOOT, templateName: "t"}) { session { ...S } userErrors { code } }
			start: updateSession(input: {name: "s", status: RUNNING, initialComponents: "x1"}) { session { ...S } userErrors { code } }
			put: patchComponents(input: {components: [{id: "x1", enabled: false}]}) { applied userErrors { code } }
			again: updateSession(input: {name: "s"}) { session { ...S } userErrors { code } }
		} fragment S on Session { initialComponents status { status counts { active } } }`).want(t, map[string]any{
			"create.session.status.status": "PENDING", "create.session.status.counts.active": 1.0, "create.session.initialComponents": "",
			"start.session.status.status": "RUNNING", "start.session.initialComponents": "x1",
			"put.applied":                 1.0,
			"again.session.status.status": "COMPLETE", "again.session.status.counts.active": 0.0,
		})
	})
}
