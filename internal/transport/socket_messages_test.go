package transport_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestMessagesThatAreNoneEndASocket sends what is no message, which ends the connection with 4400,
// and what nearly is not.
func TestMessagesThatAreNoneEndASocket(t *testing.T) {
	s := sessions(t)
	invalid := map[string]string{
		"an unknown type":               `{"type":"reboot"}`,
		"a type of the old subprotocol": `{"type":"start","id":"1","payload":{"query":"{ __typename }"}}`,
		"a type in other letters":       `{"type":"Ping"}`,
		"a name in other letters":       `{"Type":"ping"}`,
		"a very long type":              `{"type":"` + strings.Repeat("ä", 20_000) + `"}`,
		"a long type of wide letters":   `{"type":"i` + strings.Repeat("\U0001F600", 39) + `"}`,
		"no type":                       `{"id":"1"}`,
		"nothing":                       ``,
		"blanks":                        ` `,
		"no members":                    `{}`,
		"null for a type":               `{"type":null}`,
		"a number for a type":           `{"type":1}`,
		"a list for a type":             `{"type":["ping"]}`,
		"broken JSON":                   `{"type":"ping"`,
		"a comma too many":              `{"type":"ping",}`,
		"no JSON":                       `ping`,
		"two messages":                  `{"type":"ping"}{"type":"ping"}`,
		"a list":                        `[{"type":"ping"}]`,
		"a text":                        `"ping"`,
		"null":                          `null`,
		"a name given twice":            `{"type":"ping","type":"ping"}`,
		"a name given twice within":     `{"type":"ping","payload":{"a":1,"a":1}}`,
		"bytes that are no UTF-8":       "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}",
		"half a surrogate pair":         `{"type":"ping","payload":{"a":"\ud800"}}`,
		"a raw NUL":                     "{\"type\":\"ping\x00\"}",

		"next":                 `{"type":"next","id":"1","payload":{}}`,
		"an error":             `{"type":"error","id":"1","payload":[]}`,
		"an error's object":    `{"type":"error","id":"1","payload":{}}`,
		"an acknowledgement":   `{"type":"connection_ack"}`,
		"complete without id":  `{"type":"complete"}`,
		"complete, empty id":   `{"type":"complete","id":""}`,
		"complete, null id":    `{"type":"complete","id":null}`,
		"complete, numeric id": `{"type":"complete","id":1}`,

		"subscribe without id":             `{"type":"subscribe","payload":{"query":"{ __typename }"}}`,
		"subscribe, empty id":              `{"type":"subscribe","id":"","payload":{"query":"{ __typename }"}}`,
		"subscribe, null id":               `{"type":"subscribe","id":null,"payload":{"query":"{ __typename }"}}`,
		"subscribe, numeric id":            `{"type":"subscribe","id":1,"payload":{"query":"{ __typename }"}}`,
		"subscribe without payload":        `{"type":"subscribe","id":"1"}`,
		"subscribe, null payload":          `{"type":"subscribe","id":"1","payload":null}`,
		"subscribe, list payload":          `{"type":"subscribe","id":"1","payload":[]}`,
		"subscribe, text payload":          `{"type":"subscribe","id":"1","payload":"{ __typename }"}`,
		"subscribe without query":          `{"type":"subscribe","id":"1","payload":{"variables":{}}}`,
		"subscribe, null query":            `{"type":"subscribe","id":"1","payload":{"query":null}}`,
		"subscribe, numeric query":         `{"type":"subscribe","id":"1","payload":{"query":1}}`,
		"subscribe, list of variables":     `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":[]}}`,
		"subscribe, numeric name":          `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","operationName":1}}`,
		"subscribe, list of extensions":    `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","extensions":[]}}`,
		"subscribe, variables given twice": `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":{"a":1,"a":2}}}`,
	}
	var all []conversation
	for name, message := range invalid {
		all = append(all, conversation{name, false, []act{send(message), closed(4400, "")}})
	}
	all = append(all,
		conversation{"the reason names the type", false, []act{send(`{"type":"start"}`), closed(4400, `"start"`)}},
		conversation{"the reason says where JSON breaks", false, []act{send(`{"type":`), closed(4400, "JSON")}},
		conversation{"a binary frame", false, []act{sendFrame(apptest.BinaryFrame, `{"type":"ping"}`), closed(4400, "text")}},
		conversation{"an empty binary frame", false, []act{sendFrame(apptest.BinaryFrame, ``), closed(4400, "text")}},
		conversation{"nothing is read behind what is wrong", false, []act{
			sendBytes(apptest.Masked(apptest.TextFrame, `{}`), apptest.Masked(apptest.TextFrame, `{"type":"ping"}`), apptest.Masked(apptest.TextFrame, apptest.Subscribe("1", `{ __typename }`))),
			closed(4400, ""),
		}},
		conversation{"what runs ends with the connection", false, watching(send(`{}`), closed(4400, ""))},
		conversation{"complete for an unknown id", false, []act{send(`{"type":"complete","id":"never"}`)}},
		conversation{"members that nobody knows", false, []act{send(`{"type":"ping","more":[1],"id":"1"}`), get(`{"type":"pong"}`)}},
		conversation{"blanks around", false, []act{send(" {\n\"type\" : \"ping\" }\t"), get(`{"type":"pong"}`)}},
		conversation{"null for what is optional", false, []act{
			send(`{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","operationName":null,"variables":null,"extensions":null}}`),
			next("1", "__typename", "Query"), completed("1"),
		}},
	)
	converse(t, s, all)
}

// TestWhichOperationIDsASocketTakes shows what an id may be, and when it may be used again.
func TestWhichOperationIDsASocketTakes(t *testing.T) {
	s := sessions(t)
	again := func(id string) act {
		return send(apptest.Subscribe(id, apptest.FollowSession, apptest.Vars{"name": "running"}))
	}
	state := func(id string) act { return next(id, "sessionStatusUpdated.session.name", "running") }
	complete := func(id string) act { return send(`{"type":"complete","id":"` + id + `"}`) }
	wide := "i" + strings.Repeat("\U0001F600", 50) // cut after bytes, it would end within a character
	all := []conversation{
		{"used twice", false, watching(again("1"), closed(4409, "Subscriber for 1 already exists"))},
		{"used twice at once", false, []act{
			sendBytes(apptest.Masked(apptest.TextFrame, apptest.Subscribe("a", apptest.FollowSession, apptest.Vars{"name": "running"})), apptest.Masked(apptest.TextFrame, apptest.Subscribe("a", apptest.FollowSession, apptest.Vars{"name": "running"}))),
			func(w *apptest.Wire) { // the first of them may have been answered
				raw, err := w.In.Peek(1)
				if err == nil && raw[0] == apptest.TextFrame {
					state("a")(w)
				}
			},
			closed(4409, "Subscriber for a already exists"),
		}},
		{"a long one used twice", false, []act{
			again(wide), state(wide), again(wide), closed(4409, "Subscriber for i\U0001F600"),
		}},
		{"again after the client has completed it", false, watching(complete("1"), again("1"), state("1"), complete("1"))},
		{"again after the server has completed it", false, []act{
			send(apptest.Subscribe("1", apptest.FollowSession, apptest.Vars{"name": "complete"})), next("1", "sessionStatusUpdated.status", "COMPLETE"), completed("1"),
			again("1"), state("1"),
		}},
		{"again after a query", false, []act{
			send(apptest.Subscribe("1", `{ __typename }`)), next("1", "__typename", "Query"), completed("1"), again("1"), state("1"),
		}},
		{"again after an error", false, []act{
			send(apptest.Subscribe("1", `{ nothing }`)), failed("1", "BAD_USER_INPUT", "nothing"), again("1"), state("1"),
		}},
		{"again after NOT_FOUND", false, []act{
			send(apptest.Subscribe("1", apptest.FollowSession, apptest.Vars{"name": "nobody"})), failed("1", "NOT_FOUND", "nobody"), again("1"), state("1"),
		}},
		{"completed by both", false, []act{
			send(apptest.Subscribe("1", `{ __typename }`)), next("1", "__typename", "Query"), completed("1"), complete("1"), complete("1"),
		}},
		{"nothing comes after complete", false, watching(complete("1"), send(`{"type":"ping"}`), get(`{"type":"pong"}`),
			update(apptest.Powering("after", "running")), quiet)},
		{"other ids continue", false, watching(again("2"), state("2"), complete("1"), again("3"), state("3"))},
	}
	for _, id := range []string{`"`, `\`, `</script>`, "ä\U0001F600", "a\nb", "\u2028", " ", "null", "1e9", "{}", strings.Repeat("i", 5000), "\u0000"} {
		all = append(all, conversation{fmt.Sprintf("%.20q", id), false, []act{
			send(apptest.Subscribe(id, `{ __typename }`)), next(id, "__typename", "Query"), completed(id),
			again(id), state(id),
			send(apptest.Subscribe(id+"2", `{ nothing }`)), failed(id+"2", "BAD_USER_INPUT", "nothing"),
		}})
	}
	converse(t, s, all)
}
