package cache

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

// drawPatch draws a change of any fields; now and then one that is refused.
var drawPatch = rapid.Custom(func(t *rapid.T) bos.ComponentPatch {
	p := bos.ComponentPatch{
		ID: rapid.SampledFrom(modelIDs).Draw(t, "id"), Enabled: maybe(t, "enabled", true, true, false),
		Error: maybe(t, "error", modelErrors...), Session: maybe(t, "session", append([]string{""}, modelNames...)...),
	}
	if rapid.Bool().Draw(t, "status") {
		p.Status = &bos.StatusPatch{
			Phase:          maybe(t, "phase", "", "powering_on", "powering_off", "configuring", "odd"),
			StatusOverride: maybe(t, "override", "", "failed", "on_hold", "odd"),
		}
	}
	if rarely(t, 3) {
		p.StagedState = &bos.StagedStatePatch{
			Session: maybe(t, "staged", append([]string{""}, modelNames...)...), Configuration: maybe(t, "configuration", "", "compute"),
		}
	}
	if rarely(t, 4) {
		p.LastAction = &bos.LastActionPatch{
			Action: maybe(t, "action", "", "powering_on", "powering_off_gracefully"), Failed: maybe(t, "failed", true, false),
		}
		p.DesiredState = &bos.DesiredStatePatch{BssToken: maybe(t, "token", "", "t1", "t2")}
		p.RetryPolicy = maybe(t, "retries", 0, 3)
	}
	if rarely(t, 20) {
		rapid.SampledFrom([]func(){
			func() { p.ID = "x,1" }, func() { p.Error = new("nul\x00") }, func() { p.Session = new("-no-name-") },
		}).Draw(t, "invalid")()
	}
	return p
})

var drawPatches = rapid.Map(rapid.SliceOfN(drawPatch, 1, 6), func(p []bos.ComponentPatch) patches { return p })

// patches spell themselves out: a failing sequence is read by people.
type patches []bos.ComponentPatch

func (items patches) GoString() string {
	var out strings.Builder
	for _, p := range items {
		c := p.Apply(bos.Component{})
		fmt.Fprintf(&out, " [%s", p.ID)
		for _, f := range []struct {
			given bool
			text  string
		}{
			{p.Enabled != nil, fmt.Sprint("enabled=", c.Enabled)}, {p.Error != nil, fmt.Sprintf("error=%.6q(%d)", c.Error, len(c.Error))},
			{p.Session != nil, "session=" + c.Session}, {p.Status != nil, fmt.Sprintf("status=%+v", c.StatusRecord)},
			{p.StagedState != nil, fmt.Sprintf("staged=%+v", value(c.StagedState))},
			{p.LastAction != nil, fmt.Sprintf("action=%+v", value(c.LastAction))},
		} {
			if f.given {
				out.WriteString(" " + f.text)
			}
		}
		out.WriteString("]")
	}
	return out.String()
}

func value[V any](p *V) (v V) {
	if p != nil {
		v = *p
	}
	return v
}

// each is the same change of several components.
func each(ids []string, p bos.ComponentPatch) patches {
	items := make(patches, len(ids))
	for i, id := range ids {
		items[i], items[i].ID = p, id
	}
	return items
}
