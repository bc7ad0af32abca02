package transport_test

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
)

// TestARefusedOperationLeavesItsSocketOpen runs operations of all kinds over a WebSocket: those that are
// refused end alone, and the connection continues.
func TestARefusedOperationLeavesItsSocketOpen(t *testing.T) {
	s := sessions(t)
	s.Session("pending")
	names := func(name string) apptest.Vars { return apptest.Vars{"name": name} }
	refusal := func(name, query, code, says string, v ...apptest.Vars) conversation {
		return conversation{name, false, watching(
			send(apptest.Subscribe("2", query, v...)), failed("2", code, says),
			send(apptest.Subscribe("2", `{ __typename }`)), next("2", "__typename", "Query"), completed("2"), // the id is free
			send(`{"type":"complete","id":"1"}`),
		)}
	}
	const bad = "BAD_USER_INPUT"
	const paced = `subscription($n: Int) { sessionStatusUpdated(name: "running", minInterval: $n) { revision } }`
	const defaulted = `subscription($n: String = "running") { sessionStatusUpdated(name: $n) { revision } }`
	deep := strings.Repeat("session { status { ", 12) + "revision" + strings.Repeat(" } }", 12)
	converse(t, s, []conversation{
		refusal("no GraphQL", `subscription {`, bad, "Expected"),
		refusal("a query with no GraphQL", `{ sessions(`, bad, "Expected"),
		refusal("an unknown field", `subscription { rebooted }`, bad, "rebooted"),
		refusal("a missing argument", `subscription { sessionStatusUpdated { revision } }`, bad, "name"),
		refusal("a variable of the wrong type", apptest.FollowRevision, bad, "", apptest.Vars{"name": 1}),
		refusal("a variable that is missing", apptest.FollowRevision, bad, "defined"),
		refusal("null for an argument that has to be", defaulted, bad, "$n is null", apptest.Vars{"n": nil}),
		refusal("null for an argument of a query", `query($n: String = "running") { session(name: $n) { name } }`, bad, "$n is null", apptest.Vars{"n": nil}),
		refusal("null for an argument of a mutation", `mutation($n: DeleteSessionInput = {name: "running"}) { deleteSession(input: $n) { deletedId } }`, bad, "$n is null", apptest.Vars{"n": nil}),
		refusal("null deep within a subscription", `subscription($n: ComponentsAsOf) { sessionStatusUpdated(name: "running") { session { componentsAsOf(at: $n) { totalCount } } } }`, bad, "$n is null", apptest.Vars{"n": nil}),
		refusal("two fields", `subscription { a: sessionStatusUpdated(name: "running") { revision } b: sessionStatusUpdated(name: "running") { revision } }`, bad, ""),
		refusal("two fields by a fragment", `subscription { ...F } fragment F on Subscription { a: sessionStatusUpdated(name: "running") { revision } b: sessionStatusUpdated(name: "running") { revision } }`, bad, ""),
		refusal("__typename alone", `subscription { __typename }`, bad, ""),
		refusal("__typename besides", `subscription { __typename sessionStatusUpdated(name: "running") { revision } }`, bad, ""),
		refusal("introspection", `subscription { __schema { types { name } } }`, bad, ""),
		refusal("nothing left of it", `subscription { sessionStatusUpdated(name: "running") @skip(if: true) { revision } }`, bad, ""),
		refusal("none of two operations", `subscription A { sessionStatusUpdated(name: "running") { revision } } query B { __typename }`, bad, ""),
		refusal("an unknown session", apptest.FollowRevision, "NOT_FOUND", "nobody", names("nobody")),
		refusal("components of an unknown session", `subscription { componentsUpdated(session: "nobody") { resync } }`, "NOT_FOUND", "nobody"),
		refusal("a session of another tenant", `subscription { sessionStatusUpdated(name: "running", tenant: "t") { revision } }`, "NOT_FOUND", "running"),
		refusal("a name that is none", apptest.FollowRevision, bad, "", names("a b")),
		refusal("a negative interval", paced, bad, "minInterval", apptest.Vars{"n": -1}),
		refusal("an interval of more than an hour", paced, bad, "minInterval", apptest.Vars{"n": 3_600_001}),
		refusal("a negative interval of components", `subscription { componentsUpdated(session: "running", minInterval: -1) { resync } }`, bad, "minInterval"),
		refusal("fields too deep", `subscription { sessionStatusUpdated(name: "running") { `+deep+` } }`, bad, "deep"),
		refusal("a query that costs too much", `{ sessions(first: 1000) { edges { node { components(first: 1000) { edges { node { id } } } } } } }`, bad, ""),
		refusal("a document too long", `{ `+strings.Repeat("__typename ", 1100)+`}`, bad, ""),
		refusal("half of a surrogate pair in a literal", `subscription { sessionStatusUpdated(name: "\ud800") { revision } }`, bad, ""),

		{"a query", false, []act{
			send(apptest.Subscribe("1", `query($n: String!) { session(name: $n) { name status { status } } }`, apptest.Vars{"n": "running"})),
			get(`{"id":"1","type":"next","payload":{"data":{"session":{"name":"running","status":{"status":"RUNNING"}}}}}`), completed("1"),
		}},
		{"introspection by a query", false, []act{
			send(apptest.Subscribe("1", `{ __schema { subscriptionType { name } } }`)), next("1", "__schema.subscriptionType.name", "Subscription"), completed("1"),
		}},
		{"a mutation, applied once", false, []act{func(w *apptest.Wire) {
			before := w.S.Update("pending", "error", "before")
			w.Send(apptest.Subscribe("1", apptest.UpdateSession, apptest.Vars{"in": apptest.Vars{"name": "pending", "error": "after"}}))
			next("1", "updateSession.session.status.revision", apptest.At(before, "status.revision").(float64)+1)(w)
			completed("1")(w)
		}}},
		{"a query that fails in part", false, []act{
			send(apptest.Subscribe("1", `{ session(name: "running") { name } sessions(first: 0) { totalCount } }`)),
			func(w *apptest.Wire) {
				raw, m := w.Message()
				if m["type"] != "next" || apptest.At(m, "payload.errors.0.extensions.code") != bad {
					w.T.Errorf("came %s", raw)
				}
			},
			completed("1"),
		}},
		{"the one of two operations that is named", false, []act{
			send(`{"type":"subscribe","id":"1","payload":{"operationName":"B","query":"subscription A { sessionsUpdated { deletedId } } query B { __typename }"}}`),
			next("1", "__typename", "Query"), completed("1"),
			send(`{"type":"subscribe","id":"1","payload":{"operationName":"A","query":"subscription A { sessionStatusUpdated(name: \"running\") { status } } query B { __typename }"}}`),
			next("1", "sessionStatusUpdated.status", "RUNNING"),
			send(`{"type":"subscribe","id":"2","payload":{"operationName":"C","query":"subscription A { sessionsUpdated { deletedId } } query B { __typename }"}}`),
			failed("2", bad, ""),
		}},
		{"queries while something runs", false, watching(
			send(apptest.Subscribe("2", `{ __typename }`)), next("2", "__typename", "Query"), completed("2"),
			send(apptest.Subscribe("3", `mutation { __typename }`)), next("3", "__typename", "Mutation"), completed("3"),
		)},
		{"a session that has ended", false, []act{
			send(apptest.Subscribe("1", apptest.FollowSession, names("complete"))), next("1", "sessionStatusUpdated.status", "COMPLETE"), completed("1"), quiet,
		}},
		{"fragments and aliases", false, []act{
			send(apptest.Subscribe("1", `subscription { s: sessionStatusUpdated(name: "complete") { ...F @include(if: true) } } fragment F on SessionStatus { is: status }`)),
			next("1", "s.is", "COMPLETE"), completed("1"),
		}},
		{"components", false, []act{
			send(apptest.Subscribe("1", `subscription { componentsUpdated(session: "complete") { resync } }`)),
			next("1", "componentsUpdated.resync", true), completed("1"),
		}},
		{"sessions", false, []act{
			send(apptest.Subscribe("1", `subscription { sessionsUpdated(filter: {name: "appears"}) { session { name } } }`)), quiet,
			change(func(s *apptest.Site) { s.Session("appears") }), next("1", "sessionsUpdated.session.name", "appears"),
		}},
	})
}

// TestASocketFollowsASessionToItsEnd follows a session to its end.
func TestASocketFollowsASessionToItsEnd(t *testing.T) {
	s := sessions(t)
	state := s.Must(`{ session(name: "running") { status { revision epoch } } }`)
	revision, epoch := state.At("session.status.revision"), state.At("session.status.epoch")
	const since = `subscription($r: Revision, $e: String, $n: Int) {
		sessionStatusUpdated(name: "running", sinceRevision: $r, sinceEpoch: $e, minInterval: $n) { status counts { active } } }`
	converse(t, s, []conversation{{"to the end", false, []act{
		send(apptest.Subscribe("all", since)), next("all", "sessionStatusUpdated.counts.active", 1.0),
		send(apptest.Subscribe("known", since, apptest.Vars{"r": revision, "e": epoch})),
		send(apptest.Subscribe("slowly", since, apptest.Vars{"n": 3_600_000})), next("slowly", "sessionStatusUpdated.counts.active", 1.0),
		send(apptest.Subscribe("other epoch", since, apptest.Vars{"r": revision, "e": "other"})), next("other epoch", "sessionStatusUpdated.counts.active", 1.0),
		send(`{"type":"complete","id":"other epoch"}`),
		send(apptest.Subscribe("no epoch", since, apptest.Vars{"r": revision})), next("no epoch", "sessionStatusUpdated.counts.active", 1.0),
		send(`{"type":"complete","id":"no epoch"}`), quiet,

		update(apptest.Powering("x2", "running")), each("next", "sessionStatusUpdated.counts.active", 2.0, "all", "known"), quiet,
		change(func(s *apptest.Site) { s.Must(`mutation { deleteComponents(input: {ids: ["x1", "x2"]}) { applied } }`) }),
		each("next", "sessionStatusUpdated.status", "COMPLETE", "all", "known", "slowly"),
		send(apptest.Subscribe("again", since, apptest.Vars{"r": revision, "e": epoch})), next("again", "sessionStatusUpdated.status", "COMPLETE"), completed("again"),
	}}})

	state = s.Must(`{ session(name: "complete") { status { revision epoch } } }`)
	converse(t, s, []conversation{{"nothing new of one that has ended", false, []act{
		send(apptest.Subscribe("1", strings.ReplaceAll(since, "running", "complete"),
			apptest.Vars{"r": state.At("session.status.revision"), "e": state.At("session.status.epoch")})), completed("1"),
	}}})
}

// TestComponentsEndAtOnceWhateverTheirInterval follows the components of sessions that end within the interval: the last changes and
// the end come at once.
func TestComponentsEndAtOnceWhateverTheirInterval(t *testing.T) {
	s := sessions(t)
	s.Running("finished", "x4")
	s.Running("deleted", "x5")
	hourly := func(name string, end func(*apptest.Site), then ...act) conversation {
		return conversation{name, false, append([]act{
			send(apptest.Subscribe("1", `subscription { componentsUpdated(session: "`+name+`", minInterval: 3600000) { resync components { id } removed } }`)),
			next("1", "componentsUpdated.resync", true),
			update(apptest.Powering(name+"2", name)), quiet, change(end),
		}, then...)}
	}
	converse(t, s, []conversation{
		hourly("running", func(s *apptest.Site) { s.Update("running", "status", "COMPLETE") },
			next("1", "componentsUpdated.components", []any{map[string]any{"id": "running2"}}), completed("1")),
		hourly("finished", func(s *apptest.Site) {
			s.Must(apptest.PatchComponents, apptest.Vars{"in": []apptest.Vars{apptest.Finished("x4"), apptest.Finished("finished2")}})
		}, next("1", "componentsUpdated.resync", false), completed("1")),
		hourly("deleted", func(s *apptest.Site) {
			s.Must(apptest.DeleteSession, apptest.Vars{"in": apptest.Vars{"name": "deleted"}})
		}, failed("1", "NOT_FOUND", "deleted")),
	})
}

// each wants results of several operations, in any order among them; a COMPLETE one
// has to be followed by the operation's end.
func each(kind, path string, value any, ids ...string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		wanted := map[string]string{}
		for _, id := range ids {
			wanted[id] = kind
		}
		for len(wanted) > 0 {
			raw, m := w.Message()
			id, _ := m["id"].(string)
			if m["type"] != wanted[id] || kind == wanted[id] && apptest.At(m, "payload.data."+path) != value {
				w.T.Fatalf("%s: came %s\nwant %v with %s %v", w.Where, apptest.Clip(raw), wanted, path, value)
			}
			if delete(wanted, id); value == "COMPLETE" && m["type"] == "next" {
				wanted[id] = "complete"
			}
		}
	}
}

// TestASocketHasOnlySoManyOperations shows that a connection may have only so many operations,
// and that those it has continue.
func TestASocketHasOnlySoManyOperations(t *testing.T) {
	s := apptest.ServeLive(t, func(c *config.Config) { c.MaxSubscriptions = 2 })
	s.Running("running", "x1")
	converse(t, s, []conversation{{"three of two", false, watching(
		send(apptest.Subscribe("2", apptest.FollowSession, apptest.Vars{"name": "running"})), next("2", "sessionStatusUpdated.status", "RUNNING"),
		send(apptest.Subscribe("3", apptest.FollowSession, apptest.Vars{"name": "running"})), failed("3", "UNAVAILABLE", "operations"),
		send(apptest.Subscribe("3", `{ __typename }`)), failed("3", "UNAVAILABLE", "operations"),
		update(apptest.Powering("x2", "running")), each("next", "sessionStatusUpdated.status", "RUNNING", "1", "2"),
		send(`{"type":"complete","id":"1"}`, apptest.Subscribe("3", `{ __typename }`)), next("3", "__typename", "Query"), completed("3"),
	)}})
}
