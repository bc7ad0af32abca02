// Package audit records who changes what: a line of JSON for each mutation, those that were
// refused included, on a stream or in a file of its own.
//
// Lines are written by a goroutine of their own, from a bounded queue. A mutation never waits
// for a disk or for a reader of a pipe; what cannot be written is lost, and how much that was
// is logged and stands in the audit log itself once it can be written again.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/auth"
)

// Outcome is what became of a mutation.
type Outcome string

// The outcomes.
const (
	Applied Outcome = "applied" // all of it
	Partial Outcome = "partial" // some of its items; the others were refused
	Refused Outcome = "refused" // nothing was changed
	Failed  Outcome = "failed"  // it may have been applied: Redis or this server had a fault meanwhile
)

// Event is one mutation.
type Event struct {
	Action  string          // the mutation's name, or the method and path of a request over REST
	Session *bos.SessionKey // that it is about; nil for none
	Tenant  string          // whose components it sets; "" for none
	IDs     []string        // of the components it is about, the first [MaxIDs] of them
	Items   int             // how many components or sessions it names
	Applied int             // how many of them were changed, or are as they should be
	Outcome Outcome
	Code    bos.Code // of the first refusal or failure; "" for none
	Error   string   // its text
}

// MaxIDs is how many ids of components a line has at most, and maxText how many bytes of a text that
// a client chooses, so that no request makes a long line.
const (
	MaxIDs  = 10
	maxText = 200
)

// Done notes what became of the event: how many of its items were applied, and the error or the
// first refusal of an item, if there is one.
func (e *Event) Done(applied int, err error) {
	e.Applied = applied
	if err == nil {
		e.Outcome = Applied
		return
	}
	e.Code, e.Error = bos.CodeOf(err), err.Error()
	switch {
	case e.Code == bos.Internal || e.Code == bos.Unavailable:
		e.Outcome = Failed
	case applied > 0:
		e.Outcome = Partial
	default:
		e.Outcome = Refused
	}
	if e.Code == bos.Internal {
		e.Error = "internal error; the log has it" // whatever that says is not for this file
	}
}

// line is an event as it is written. The names are described in docs/access.md.
type line struct {
	Time    string   `json:"time"`
	Request string   `json:"request,omitempty"`
	From    string   `json:"from,omitempty"`
	Who     string   `json:"who,omitempty"`
	Name    string   `json:"name,omitempty"`
	Roles   string   `json:"roles,omitempty"`
	For     string   `json:"for,omitempty"`
	Action  string   `json:"action"`
	Session string   `json:"session,omitempty"`
	Tenant  string   `json:"tenant,omitempty"`
	IDs     []string `json:"ids,omitempty"`
	Items   int      `json:"items"`
	Applied int      `json:"applied"`
	Outcome Outcome  `json:"outcome"`
	Code    bos.Code `json:"code,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// encode makes the line of an event.
func encode(ctx context.Context, now time.Time, e Event) []byte {
	request, access := RequestOf(ctx), auth.AccessOf(ctx)
	l := line{
		Time: stamp(now), Request: request.ID, From: request.From,
		Who: cut(access.ID), Name: cut(access.Name), Roles: access.Roles.String(), For: cut(access.Tenant()),
		Action: cut(e.Action), Tenant: cut(e.Tenant), Items: e.Items, Applied: e.Applied,
		Outcome: e.Outcome, Code: e.Code, Error: cut(e.Error),
	}
	if e.Session != nil {
		l.Session, l.Tenant = cut(e.Session.Name), cut(e.Session.Tenant)
	}
	for _, id := range e.IDs[:min(len(e.IDs), MaxIDs)] {
		l.IDs = append(l.IDs, cut(id))
	}
	return marshal(l)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// cut shortens a text.
func cut(text string) string { return bos.Clip(text, maxText) }

// marshal makes a line of JSON in which every character is visible. JSON escapes the control
// characters of ASCII alone; terminals and viewers obey others, too, such as U+0085, a line
// break, and U+202E, which reverses the text that follows.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers
	}
	visible := make([]byte, 0, len(text)+1)
	for _, r := range string(text) {
		switch {
		case r >= ' ' && unicode.IsPrint(r):
			visible = utf8.AppendRune(visible, r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			visible = fmt.Appendf(visible, `\u%04x\u%04x`, high, low)
		default:
			visible = fmt.Appendf(visible, `\u%04x`, r)
		}
	}
	return append(visible, '\n')
}
