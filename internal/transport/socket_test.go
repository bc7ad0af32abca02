package transport_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// act is one thing that a client of a conversation does, or wants to come.
type act func(*apptest.Wire)

// conversation is what a client sends over a WebSocket and what has to come, and
// nothing else: at the end the server has to answer still, unless it has closed.
type conversation struct {
	name  string
	fresh bool // begins without connection_init
	steps []act
}

func (c conversation) check(t *testing.T, s *apptest.Site) {
	t.Helper()
	var w *apptest.Wire
	if c.fresh {
		w = s.Open(t)
	} else {
		w = s.Begin(t)
	}
	w.S = s.With(t)
	for i, do := range c.steps {
		w.Where = fmt.Sprintf("step %d", i+1)
		do(w)
	}
	if w.Where = "the end"; !w.Over {
		w.Send(`{"type":"ping","payload":{"last":true}}`)
		w.Expect(`{"type":"pong","payload":{"last":true}}`)
	}
	w.Finish()
}

func converse(t *testing.T, s *apptest.Site, conversations []conversation) {
	t.Helper()
	for _, c := range conversations {
		t.Run(c.name, func(t *testing.T) { c.check(t, s) })
	}
	s.Deserted(t)
}

// send sends messages, each in a frame.
func send(messages ...string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		for _, m := range messages {
			w.Send(m)
		}
	}
}

// sendFrame sends one frame with any first byte.
func sendFrame(first byte, payload string) act { return sendBytes(apptest.Masked(first, payload)) }

// sendBytes sends bytes at once, whatever they are.
func sendBytes(parts ...string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		w.Write(strings.Join(parts, ""))
	}
}

// get wants the next message to be the one that this JSON is.
func get(message string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		w.Expect(message)
	}
}

// getFrame wants the next frame.
func getFrame(first byte, payload string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		w.Until(apptest.Patience)
		f, p, err := w.Frame()
		if err != nil || f != first || string(p) != payload {
			w.T.Fatalf("%s: came the frame %#x %q, %v; want %#x %q", w.Where, f, apptest.Clip(string(p)), err, first, payload)
		}
		w.Over = first == apptest.CloseFrame
	}
}

// next wants a result of the operation whose data has that value at that path.
func next(id, path string, value any) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		raw, m := w.Message()
		if m["type"] != "next" || m["id"] != id || apptest.At(m["payload"], "errors") != nil || !reflect.DeepEqual(apptest.At(m, "payload.data."+path), value) {
			w.T.Fatalf("%s: came %s\nwant a result of %q whose %s is %v", w.Where, apptest.Clip(raw), id, path, value)
		}
	}
}

// failed wants the operation to be refused: an error with a list of errors, all with
// that code, the first of which says something.
func failed(id, code, says string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		raw, m := w.Message()
		var errs apptest.Reply
		text, err := json.Marshal(apptest.Vars{"errors": m["payload"]})
		if err == nil {
			err = json.Unmarshal(text, &errs)
		}
		codes := errs.Codes()
		if err != nil || m["type"] != "error" || m["id"] != id || len(codes) == 0 ||
			slices.ContainsFunc(codes, func(c string) bool { return c != code }) || !strings.Contains(errs.Errors[0].Message, says) {
			w.T.Fatalf("%s: came %s, %v\nwant an error of %q: %s %q", w.Where, apptest.Clip(raw), err, id, code, says)
		}
		errs.CheckMessages(w.T)
	}
}

// completed wants the operation to be over.
func completed(id string) act {
	text, err := json.Marshal(apptest.Vars{"id": id, "type": "complete"})
	if err != nil {
		panic(err) // an id of the test's own
	}
	return get(string(text))
}

// closed wants the server to close with a code, and a reason that has this in it.
func closed(code int, says string) act {
	return func(w *apptest.Wire) {
		w.T.Helper()
		if got, reason := w.Closed(); got != code || !strings.Contains(reason, says) {
			w.T.Errorf("%s: closed with %d %q, want %d %q", w.Where, got, reason, code, says)
		}
	}
}

// quiet wants nothing to come for many ticks.
func quiet(w *apptest.Wire) { w.Idle(250 * time.Millisecond) }

// change does something to the state meanwhile.
func change(do func(*apptest.Site)) act { return func(w *apptest.Wire) { do(w.S) } }

// update is a change of a session, by an update of a component.
func update(component apptest.Vars) act { return change(func(s *apptest.Site) { s.Put(component) }) }

func sessions(t *testing.T) *apptest.Site {
	t.Helper()
	s := apptest.ServeLive(t)
	s.Running("running", "x1")
	s.Complete("complete")
	return s
}

// watching is a conversation in which "running" is followed already, as "1".
func watching(steps ...act) []act {
	return append([]act{
		send(apptest.Subscribe("1", apptest.FollowSession, apptest.Vars{"name": "running"})), next("1", "sessionStatusUpdated.status", "RUNNING"),
	}, steps...)
}

// TestHowASocketBegins shows how a connection begins.
func TestHowASocketBegins(t *testing.T) {
	converse(t, sessions(t), []conversation{
		{"begun", true, []act{send(apptest.Initialize), get(apptest.Acknowledged)}},
		{"with a payload", true, []act{send(`{"type":"connection_init","payload":{"token":"t"}}`), get(apptest.Acknowledged)}},
		{"with an empty payload", true, []act{send(`{"type":"connection_init","payload":{}}`), get(apptest.Acknowledged)}},
		{"with null", true, []act{send(`{"type":"connection_init","payload":null}`), get(apptest.Acknowledged)}},
		{"with a list", true, []act{send(`{"type":"connection_init","payload":[]}`), closed(4400, "payload")}},
		{"with a text", true, []act{send(`{"type":"connection_init","payload":"token"}`), closed(4400, "payload")}},
		{"with a number", true, []act{send(`{"type":"connection_init","payload":1}`), closed(4400, "payload")}},
		{"with a boolean", true, []act{send(`{"type":"connection_init","payload":false}`), closed(4400, "payload")}},
		{"begun twice", false, []act{send(apptest.Initialize), closed(4429, "Too many initialisation requests")}},
		{"begun twice at once", true, []act{sendBytes(apptest.Masked(apptest.TextFrame, apptest.Initialize), apptest.Masked(apptest.TextFrame, apptest.Initialize)),
			get(apptest.Acknowledged), closed(4429, "Too many initialisation requests")}},
		{"begun again while something runs", false, watching(send(apptest.Initialize), closed(4429, "Too many"))},
		{"subscribed before", true, []act{send(apptest.Subscribe("1", `{ __typename }`)), closed(4401, "Unauthorized")}},
		{"subscribed at once behind", true, []act{sendBytes(apptest.Masked(apptest.TextFrame, apptest.Initialize), apptest.Masked(apptest.TextFrame, apptest.Subscribe("1", `{ __typename }`))),
			get(apptest.Acknowledged), next("1", "__typename", "Query"), completed("1")}},
		{"completed before", true, []act{send(`{"type":"complete","id":"1"}`, apptest.Initialize), get(apptest.Acknowledged)}},
		{"ping before", true, []act{send(`{"type":"ping"}`), get(`{"type":"pong"}`), send(apptest.Initialize), get(apptest.Acknowledged)}},
		{"pong before", true, []act{send(`{"type":"pong"}`, apptest.Initialize), get(apptest.Acknowledged)}},
		{"nonsense before", true, []act{send(`{"type":"start"}`), closed(4400, "start")}},
	})
}

// TestASocketAnswersPingMessages shows that clients may ask whether the server is there, too, and
// get back what they send with it.
func TestASocketAnswersPingMessages(t *testing.T) {
	converse(t, sessions(t), []conversation{
		{"with nothing", false, []act{send(`{"type":"ping"}`), get(`{"type":"pong"}`)}},
		{"with an object", false, []act{send(`{"type":"ping","payload":{"a":[1,{"b":"\u00e4\ud83d\ude00"}]}}`),
			get(`{"type":"pong","payload":{"a":[1,{"b":"ä😀"}]}}`)}},
		{"with numbers that no float holds", false, []act{send(`{"type":"ping","payload":{"n":12345678901234567890,"e":1e400}}`), func(w *apptest.Wire) {
			if raw := string(w.Text()); !strings.Contains(raw, `{"n":12345678901234567890,"e":1e400}`) {
				w.T.Errorf("came %s", raw)
			}
		}}},
		{"with null", false, []act{send(`{"type":"ping","payload":null}`), func(w *apptest.Wire) {
			if raw, m := w.Message(); m["type"] != "pong" || m["payload"] != nil {
				w.T.Errorf("came %s", raw)
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
