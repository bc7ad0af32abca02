package app

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// act is one thing that a client of a conversation does, or wants to come.
type act func(*wire)

// conversation is what a client sends over a WebSocket and what has to come, and
// nothing else: at the end the server has to answer still, unless it has closed.
type conversation struct {
	name  string
	fresh bool // begins without connection_init
	steps []act
}

func (c conversation) check(t *testing.T, s *site) {
	t.Helper()
	var w *wire
	if c.fresh {
		w = s.open(t)
	} else {
		w = s.begin(t)
	}
	w.s = s.with(t)
	for i, do := range c.steps {
		w.where = fmt.Sprintf("step %d", i+1)
		do(w)
	}
	if w.where = "the end"; !w.over {
		w.send(`{"type":"ping","payload":{"last":true}}`)
		w.expect(`{"type":"pong","payload":{"last":true}}`)
	}
	w.finish()
}

func converse(t *testing.T, s *site, conversations []conversation) {
	t.Helper()
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) { c.check(t, s) })
	}
	s.deserted(t)
}

// send sends messages, each in a frame.
func send(messages ...string) act {
	return func(w *wire) {
		w.t.Helper()
		for _, m := range messages {
			w.send(m)
		}
	}
}

// sendFrame sends one frame with any first byte.
func sendFrame(first byte, payload string) act { return sendBytes(masked(first, payload)) }

// sendBytes sends bytes at once, whatever they are.
func sendBytes(parts ...string) act {
	return func(w *wire) {
		w.t.Helper()
		w.write(strings.Join(parts, ""))
	}
}

// get wants the next message to be the one that this JSON is.
func get(message string) act {
	return func(w *wire) {
		w.t.Helper()
		w.expect(message)
	}
}

// getFrame wants the next frame.
func getFrame(first byte, payload string) act {
	return func(w *wire) {
		w.t.Helper()
		w.until(patience)
		f, p, err := w.frame()
		if err != nil || f != first || string(p) != payload {
			w.t.Fatalf("%s: came the frame %#x %q, %v; want %#x %q", w.where, f, clip(string(p)), err, first, payload)
		}
		w.over = first == closeFrame
	}
}

// next wants a result of the operation whose data has that value at that path.
func next(id, path string, value any) act {
	return func(w *wire) {
		w.t.Helper()
		raw, m := w.message()
		if m["type"] != "next" || m["id"] != id || at(m["payload"], "errors") != nil || !reflect.DeepEqual(at(m, "payload.data."+path), value) {
			w.t.Fatalf("%s: came %s\nwant a result of %q whose %s is %v", w.where, clip(raw), id, path, value)
		}
	}
}

// failed wants the operation to be refused: an error with a list of errors, all with
// that code, the first of which says something.
func failed(id, code, says string) act {
	return func(w *wire) {
		w.t.Helper()
		raw, m := w.message()
		var errs reply
		text, err := json.Marshal(vars{"errors": m["payload"]})
		if err == nil {
			err = json.Unmarshal(text, &errs)
		}
		codes := errs.codes()
		if err != nil || m["type"] != "error" || m["id"] != id || len(codes) == 0 ||
			slices.ContainsFunc(codes, func(c string) bool { return c != code }) || !strings.Contains(errs.Errors[0].Message, says) {
			w.t.Fatalf("%s: came %s, %v\nwant an error of %q: %s %q", w.where, clip(raw), err, id, code, says)
		}
		errs.checkMessages(w.t)
	}
}

// completed wants the operation to be over.
func completed(id string) act {
	text, err := json.Marshal(vars{"id": id, "type": "complete"})
	if err != nil {
		panic(err) // an id of the test's own
	}
	return get(string(text))
}

// closed wants the server to close with a code, and a reason that has this in it.
func closed(code int, says string) act {
	return func(w *wire) {
		w.t.Helper()
		if got, reason := w.closed(); got != code || !strings.Contains(reason, says) {
			w.t.Errorf("%s: closed with %d %q, want %d %q", w.where, got, reason, code, says)
		}
	}
}

// quiet wants nothing to come for many ticks.
func quiet(w *wire) { w.idle(250 * time.Millisecond) }

// idle wants nothing to come for so long.
func (w *wire) idle(d time.Duration) {
	w.t.Helper()
	w.until(d)
	if b, err := w.in.Peek(1); err == nil {
		first, payload, err := w.frame()
		w.t.Fatalf("%s: nothing was to come, but %q %#x %q, %v", w.where, b, first, clip(string(payload)), err)
	}
}

// change does something to the state meanwhile.
func change(do func(*site)) act { return func(w *wire) { do(w.s) } }

// update is a change of a session, by an update of a component.
func update(component vars) act { return change(func(s *site) { s.put(component) }) }

// failing is a component that has failed, with a text of its own.
func failing(id, session, text string) vars {
	return vars{"id": id, "enabled": true, "session": session, "error": text, "status": vars{"phase": "powering_on"}}
}

func sessions(t *testing.T) *site {
	t.Helper()
	s := serveLive(t)
	s.running("running", "x1")
	s.complete("complete")
	return s
}

// watching is a conversation in which "running" is followed already, as "1".
func watching(steps ...act) []act {
	return append([]act{
		send(subscribe("1", followSession, vars{"name": "running"})), next("1", "sessionStatusUpdated.status", "RUNNING"),
	}, steps...)
}

// TestSocketBeginning shows how a connection begins.
func TestSocketBeginning(t *testing.T) {
	converse(t, sessions(t), []conversation{
		{"begun", true, []act{send(initialize), get(acknowledged)}},
		{"with a payload", true, []act{send(`{"type":"connection_init","payload":{"token":"t"}}`), get(acknowledged)}},
		{"with an empty payload", true, []act{send(`{"type":"connection_init","payload":{}}`), get(acknowledged)}},
		{"with null", true, []act{send(`{"type":"connection_init","payload":null}`), get(acknowledged)}},
		{"with a list", true, []act{send(`{"type":"connection_init","payload":[]}`), closed(4400, "payload")}},
		{"with a text", true, []act{send(`{"type":"connection_init","payload":"token"}`), closed(4400, "payload")}},
		{"with a number", true, []act{send(`{"type":"connection_init","payload":1}`), closed(4400, "payload")}},
		{"with a boolean", true, []act{send(`{"type":"connection_init","payload":false}`), closed(4400, "payload")}},
		{"begun twice", false, []act{send(initialize), closed(4429, "Too many initialisation requests")}},
		{"begun twice at once", true, []act{sendBytes(masked(textFrame, initialize), masked(textFrame, initialize)),
			get(acknowledged), closed(4429, "Too many initialisation requests")}},
		{"begun again while something runs", false, watching(send(initialize), closed(4429, "Too many"))},
		{"subscribed before", true, []act{send(subscribe("1", `{ __typename }`)), closed(4401, "Unauthorized")}},
		{"subscribed at once behind", true, []act{sendBytes(masked(textFrame, initialize), masked(textFrame, subscribe("1", `{ __typename }`))),
			get(acknowledged), next("1", "__typename", "Query"), completed("1")}},
		{"completed before", true, []act{send(`{"type":"complete","id":"1"}`, initialize), get(acknowledged)}},
		{"ping before", true, []act{send(`{"type":"ping"}`), get(`{"type":"pong"}`), send(initialize), get(acknowledged)}},
		{"pong before", true, []act{send(`{"type":"pong"}`, initialize), get(acknowledged)}},
		{"nonsense before", true, []act{send(`{"type":"start"}`), closed(4400, "start")}},
	})
}

// TestSocketPing shows that clients may ask whether the server is there, too, and
// get back what they send with it.
func TestSocketPing(t *testing.T) {
	converse(t, sessions(t), []conversation{
		{"with nothing", false, []act{send(`{"type":"ping"}`), get(`{"type":"pong"}`)}},
		{"with an object", false, []act{send(`{"type":"ping","payload":{"a":[1,{"b":"\u00e4\ud83d\ude00"}]}}`),
			get(`{"type":"pong","payload":{"a":[1,{"b":"ä😀"}]}}`)}},
		{"with numbers that no float holds", false, []act{send(`{"type":"ping","payload":{"n":12345678901234567890,"e":1e400}}`), func(w *wire) {
			if raw := string(w.text()); !strings.Contains(raw, `{"n":12345678901234567890,"e":1e400}`) {
				w.t.Errorf("came %s", raw)
			}
		}}},
		{"with null", false, []act{send(`{"type":"ping","payload":null}`), func(w *wire) {
			if raw, m := w.message(); m["type"] != "pong" || m["payload"] != nil {
				w.t.Errorf("came %s", raw)
			}
		}}},
		{"with a list", false, []act{send(`{"type":"ping","payload":[]}`), closed(4400, "payload")}},
		{"with a text", false, []act{send(`{"type":"ping","payload":""}`), closed(4400, "payload")}},
		{"with a number", false, []act{send(`{"type":"ping","payload":0}`), closed(4400, "payload")}},
		{"among others", false, watching(send(`{"type":"ping"}`), get(`{"type":"pong"}`))},
		{"an answer nobody has asked for", false, []act{send(`{"type":"pong"}`, `{"type":"pong","payload":{"a":1}}`)}},
		{"an answer with a list", false, []act{send(`{"type":"pong","payload":[]}`), closed(4400, "payload")}},
	})
}
