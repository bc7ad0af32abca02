package watch

import (
	"encoding/json"
	"io"
	"time"

	"github.com/bosgraph/bosgraph/internal/client"
)

// object is a line for scripts. README.md describes it.
type object struct {
	Time   time.Time `json:"time"` // when it was written
	Event  string    `json:"event"`
	Reason string    `json:"reason,omitempty"`

	Status *client.Status `json:"status,omitempty"` // of the event "status"

	Connected *bool `json:"connected,omitempty"` // of the event "connection"

	Outcome    string `json:"outcome,omitempty"` // of the event "end"
	ExitStatus *int   `json:"exitStatus,omitempty"`
}

// script writes JSON.
type script struct {
	out   *json.Encoder
	shown picture
}

// newJSON makes a display that writes one object a line.
func newJSON(out io.Writer) *script {
	encoder := json.NewEncoder(out)
	// Messages of errors have < and & in them; scripts and people read this, not browsers.
	encoder.SetEscapeHTML(false)
	return &script{out: encoder}
}

// follow writes each status, and each loss and return of the connection, once.
func (d *script) follow(pictures <-chan picture) {
	for p := range pictures {
		switch connected := p.lost == nil; {
		case p.came != d.shown.came:
			d.write(object{Event: "status", Status: &p.status})
		case !connected && d.shown.lost == nil:
			d.write(object{Event: "connection", Connected: &connected, Reason: p.lost.Error()})
		case connected && d.shown.lost != nil:
			d.write(object{Event: "connection", Connected: &connected})
		}
		d.shown = p
	}
}

func (d *script) end(_ picture, e ending) {
	d.write(object{Event: "end", Outcome: e.outcome, ExitStatus: &e.status, Reason: e.reason})
}

func (d *script) write(o object) {
	o.Time = time.Now().UTC()
	_ = d.out.Encode(o) // output remembers an error
}
