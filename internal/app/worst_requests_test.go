package app_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// worstRequest is a legal request made to cost as much as it can.
type worstRequest struct {
	name    string
	body    func() string
	path    string                                               // of a GET instead
	socket  func(t *testing.T, s *apptest.Site, n int) worstCost // instead of both, n times at once
	options []string                                             // of the server
	code    string                                               // of the error it has to be answered with; empty for any
	kind    worstKind
}

// worstKind says what a request may cost.
type worstKind byte

const (
	query   worstKind = iota // anybody may send it
	list                     // of REST: of any length, sent while it is made
	other                    // of a producer, or a socket's
	refusal                  // it is refused
)

// worstSystem is a system filled so that requests can be expensive.
type worstSystem struct{ components, texts, details, lists, groups int }

const longText = 65_536

// fill stores: all components, of which 1,000 share one error text of the largest size;
// others with texts of their own; some whose records are long throughout; and sessions
// whose lists of initial components are long.
func (w worstSystem) fill(t *testing.T, f *apptest.Fleet) {
	t.Helper()
	s, kill := f.Serve(t)
	defer kill()
	for _, name := range []string{"wide", "texts", "details"} {
		s.Session(name)
	}
	all := make([]apptest.Vars, w.components)
	for i := range all {
		all[i] = apptest.Powering(apptest.Xname(i), "")
		if i < 1_000 {
			all[i]["session"] = "wide"
		}
	}
	s.Put(all...)
	shared := strings.Repeat("e", longText)
	patch := func(n int, of func(i int) apptest.Vars) {
		for i := 0; i < n; i += 10 {
			var part []apptest.Vars
			for j := i; j < min(i+10, n); j++ {
				part = append(part, of(j))
			}
			s.Must(apptest.PatchComponents, apptest.Vars{"in": part})
		}
	}
	for _, batch := range [][2]int{{0, 200}, {200, 400}, {400, 600}, {600, 800}, {800, 1000}} {
		var part []apptest.Vars
		for i := batch[0]; i < batch[1]; i++ {
			part = append(part, apptest.Vars{"id": apptest.Xname(i), "error": shared})
		}
		s.Must(apptest.PatchComponents, apptest.Vars{"in": part})
	}
	patch(w.texts, func(i int) apptest.Vars {
		text := fmt.Sprint(i, " ")
		return apptest.Vars{"id": apptest.Xname(1000 + i), "session": "texts", "error": text + strings.Repeat("t", longText-len(text))}
	})
	long := strings.Repeat("d", longText)
	artifacts := apptest.Vars{"kernel": long, "kernelParameters": long, "initrd": long}
	for i := range w.details {
		s.Put(apptest.Vars{"id": fmt.Sprintf("y%06d", i), "session": "details",
			"desiredState": apptest.Vars{"bootArtifacts": artifacts, "configuration": long, "bssToken": long},
			"actualState":  apptest.Vars{"bootArtifacts": artifacts}, "stagedState": apptest.Vars{"bootArtifacts": artifacts}})
	}
	for i := range w.groups {
		name := fmt.Sprint("groups-", i)
		s.Session(name)
		var part []apptest.Vars
		for j := range 100 {
			part = append(part, apptest.Failing(fmt.Sprintf("g%05d-%d", i, j), name, fmt.Sprint("error ", j, " of session ", i)))
		}
		s.Put(part...)
	}
	names := make([]string, 100_000)
	for i := range names {
		names[i] = apptest.Xname(i)
	}
	list := strings.Join(names, ",")
	for i := range w.lists {
		name := fmt.Sprint("list-", i)
		s.Session(name)
		s.Update(name, "initialComponents", list)
	}
}

func graphqlBody(query string) func() string {
	return func() string {
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			panic(err)
		}
		return string(body)
	}
}

func text(body string) func() string { return func() string { return body } }

// times repeats a text with # replaced by its number.
func times(n int, text string) string {
	var b strings.Builder
	parts := strings.Split(text, "#")
	b.Grow(n * (len(text) + 5*len(parts)))
	for i := range n {
		number := strconv.Itoa(i)
		for j, part := range parts {
			if j > 0 {
				b.WriteString(number)
			}
			b.WriteString(part)
		}
	}
	return b.String()
}

// idList is so many ids, as JSON has them in a list. It is made by hand: so many by fmt take seconds
// under the race detector, and so does the encoding of 15 MB by encoding/json.
func idList(n int) string {
	all := make([]byte, 0, n*len(`"x1000000c0s0b0n0",`))
	for i := range n {
		all = append(all, `"x`...)
		all = strconv.AppendInt(all, int64(1000+i), 10)
		all = append(all, `c0s0b0n0",`...)
	}
	return string(all[:len(all)-1])
}

const wholeRecord = `id enabled error session retryPolicy status { phase rawPhase status rawStatus statusOverride }
	desiredState { bootArtifacts { kernel kernelParameters initrd } configuration bssToken lastUpdated }
	actualState { bootArtifacts { kernel kernelParameters initrd } bssToken lastUpdated }
	stagedState { bootArtifacts { kernel kernelParameters initrd } configuration session lastUpdated }`

// requests are the worst that were found.
func (w worstSystem) requests() []worstRequest {
	const bad = "BAD_USER_INPUT"
	cut := "" // with the small system some fit
	if w.components > 10_000 {
		cut = bad
	}
	manyIDs := sync.OnceValue(func() string { return idList(750_000) })
	return []worstRequest{
		{name: "1,000 components share a long error, 2 aliases", code: bad, body: graphqlBody(
			`{ session(name: "wide") { components(first: 1000) { edges { node { a: error b: error } } } } }`)},
		{name: "the same by 2 lists", code: bad, body: graphqlBody("{" + times(2,
			`a#: components(first: 1000, filter: {session: "wide"}) { edges { node { error } } } `) + "}")},
		{name: "1,000 components with errors of their own", code: cut, body: graphqlBody(
			`{ session(name: "texts") { components(first: 1000) { edges { node { error } } } } }`)},
		{name: "the ids of 1,000 components, 11 times", body: graphqlBody("{" + times(11,
			`a#: components(first: 1000) { edges { node { id } } } `) + "}")},
		{name: "1,000 long error groups, 2 aliases", code: cut, body: graphqlBody(
			`{ session(name: "texts") { status { errorSummary(first: 1000) { a: message b: message } } } }`)},
		{name: "100 error groups of each of 11 sessions", body: graphqlBody(
			`{ sessions(first: 11) { edges { node { status { errorSummary(first: 100) { message count list } } } } } }`)},
		{name: "whole records with long texts throughout", code: cut, body: graphqlBody(
			`{ session(name: "details") { components(first: 1000) { edges { node { ` + wholeRecord + ` } } } } }`)},
		{name: "the initial components of all sessions", code: cut, body: graphqlBody(
			`{ sessions(first: 1000) { edges { node { initialComponents } } } }`)},
		{name: "the initial components of one session, 90 aliases", kind: refusal, code: bad, body: graphqlBody(
			`{ session(name: "list-0") {` + times(90, " a#: initialComponents") + ` } }`)},
		{name: "the most expensive document there may be", body: graphqlBody(
			`{ ` + times(2, `a#: components(first: 1000) { edges { node { `+times(10, "f#_: enabled ")+` id session status { phase rawPhase status rawStatus statusOverride } desiredState { configuration bssToken lastUpdated bootArtifacts { kernel initrd kernelParameters } } actualState { bssToken } } } } `) + `}`)},
		{name: "80 scans without an index", code: bad, kind: refusal, body: func() string {
			return `{"query":"query($f: ComponentFilter) {` + times(80, ` a#: components(filter: $f) { totalCount }`) + `}","variables":{"f":{"status":"FAILED"}}}`
		}},
		{name: "one scan without an index", body: graphqlBody(
			`{ components(first: 1, filter: {status: FAILED}) { edges { node { id } } } }`)},
		{name: "as many scans as there may be", code: cut, body: graphqlBody("{" + times(3,
			`a#: components(first: 1000, filter: {phase: POWERING_ON, enabled: true}) { edges { node { id } } } `) + "}")},
		{name: "95 sessions that each scan", body: graphqlBody(
			`{ sessions(first: 95) { edges { node { name components(first: 100, filter: {status: FAILED}) { edges { node { id enabled } } } } } } }`)},
		{name: "15 MB of ids in a variable", kind: refusal, code: bad, body: func() string {
			return `{"query":"query($in: [ID!]) { components(filter: {ids: $in}) { totalCount } }","variables":{"in":[` + manyIDs() + `]}}`
		}},
		{name: "15 MB of ids in an input", kind: refusal, code: bad, body: func() string {
			return `{"query":"mutation($in: DeleteComponentsInput!) { deleteComponents(input: $in) { applied } }","variables":{"in":{"ids":[` + manyIDs() + `]}}}`
		}},
		{name: "15 MB of ids for a tenant", kind: refusal, code: bad, body: func() string {
			return `{"query":"mutation($in: [ID!]!) { putTenant(input: {name: \"t\", components: $in}) { owned } }","variables":{"in":[` + manyIDs() + `]}}`
		}},
		{name: "5,000 ids, 9 aliases", body: func() string {
			return `{"query":"query($in: [ID!]) {` + times(9, ` a#: components(filter: {ids: $in, status: FAILED}) { totalCount }`) + ` }","variables":{"in":[` + idList(5_000) + `]}}`
		}},
		{name: "1.4 million components", kind: refusal, code: bad, body: func() string {
			return `{"query":"` + strings.Join(strings.Fields(apptest.PutComponents), " ") + `","variables":{"in":[` + strings.Repeat(`{"id":""},`, 1_400_000) + `{}]}}`
		}},
		{name: "15 MB of nesting", kind: refusal, code: bad, body: text(`{"query":"` + strings.Repeat("{a", 7_500_000) + `"}`)},
		{name: "15 MB of comments", kind: refusal, code: bad, body: text(`{"query":"` + strings.Repeat(`#a\n`, 5_000_000) + `"}`)},
		{name: "100 MB", kind: refusal, body: text(strings.Repeat(" ", 100<<20))},
		{name: "5,000 refused items, 30 times", kind: other, body: func() string {
			return `{"query":"mutation($in: [ComponentPatch!]!) { patchComponents(input: {components: $in}) {` + times(30, " a#: userErrors { field message code }") +
				` } }","variables":{"in":[` + strings.TrimSuffix(times(5_000, `{"id":"none-#"},`), ",") + `]}}`
		}},
		{name: "16 MB of components", kind: other, body: func() string {
			return `{"query":"` + strings.Join(strings.Fields(apptest.PutComponents), " ") + `","variables":{"in":[` +
				strings.TrimSuffix(times(5_000, `{"id":"z#","error":"`+strings.Repeat("z", 3_200)+`"},`), ",") + `]}}`
		}},
		{name: "REST: all components", kind: list, path: "/v2/components"},
		{name: "REST: whole records with long texts", kind: list, path: "/v2/components?session=details"},
		{name: "REST: sessions with long lists", kind: list, path: "/v2/sessions"},
		{name: "a WebSocket's operations, 20 at once", kind: other, socket: socketStorm},

		{name: "2 MB of nested braces", kind: refusal, code: bad, body: text(`{"query":"` + strings.Repeat("{a", 1<<20) + `"}`)},
		{name: "10,000 aliases", kind: refusal, code: bad, body: graphqlBody("{" + times(10_000, "a#: __typename ") + "}")},
		{name: "10,000 directives", kind: refusal, code: bad, body: graphqlBody("{ __typename" + strings.Repeat(" @skip(if: false)", 10_000) + " }")},
		{name: "10,000 unknown directives", kind: refusal, code: bad, body: graphqlBody("{ __typename" + strings.Repeat(" @a", 10_000) + " }")},
		{name: "fragments that spread 2^30 times", kind: refusal, code: bad, body: graphqlBody(doublingDocument(30))},
		{name: "4,000 equal fields", kind: refusal, code: bad, body: graphqlBody("{" + strings.Repeat(" __typename", 4_000) + " }")},
		{name: "900 equal fields", kind: refusal, code: bad, body: graphqlBody("{ serverInfo {" + strings.Repeat(" version", 900) + " } }")},
		{name: "1 MB in a variable", kind: refusal, code: bad, body: text(
			`{"query":"query($n: [ID!]) { components(filter: {ids: $n}) { totalCount } }","variables":{"n":["` + strings.Repeat("x", 1_000_000) + `"]}}`)},
		{name: "1 MB of variables", kind: refusal, code: bad, body: text(
			`{"query":"query($n: Int) { sessions(first: $n) { totalCount } }","variables":{` + times(80_000, `"v#":1,`) + `"n":"x"}}`)},
		{name: "16 MB of nested lists in JSON", kind: refusal, code: bad, body: text(`{"variables":{"a":` + strings.Repeat("[", 16_000_000))},
		{name: "9,000 nested lists in a variable", kind: refusal, code: bad, body: text(
			`{"query":"query($n: Int) { sessions(first: $n) { totalCount } }","variables":{"n":` + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000) + `}}`)},
		{name: "the most expensive document, a field too much", kind: refusal, code: bad, body: graphqlBody(
			`{ sessions(first: 1000) { edges { node { components(first: 97) { totalCount } } } } a: __typename }`)},
		{name: "sockets that never begin", kind: refusal, code: "4408", options: []string{"--init-timeout", "1s"}, socket: silentSockets},
		{name: "subscriptions on one socket", kind: refusal, code: "UNAVAILABLE", socket: manySubscriptions},
	}
}
