package cache

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// FuzzRecord reads any stored value, and reads again what it writes of it.
func FuzzRecord(f *testing.F) {
	whole := record{version: "7 ", present: true, detailed: true, owners: []string{"blue", "green"}, component: bos.Component{
		ID: "x1", Enabled: true, Error: "broken", Session: "a", StatusRecord: bos.StatusRecord{Phase: "odd", Override: "on_hold"},
		StagedState: &bos.StagedState{Session: "b"}, LastAction: &bos.LastAction{Action: "powering_on", Failed: true},
	}}
	whole.counted = whole.component.Contribution()
	long := record{version: "8 ", present: true, component: bos.Component{ID: "x1", Session: "a", Error: strings.Repeat("e", bos.ShortText+1)}}
	dated := whole
	dated.since = "1795338000"
	for _, r := range []record{whole, dated, long, {version: "9 ", owners: []string{"blue"}}} {
		f.Add(r.encode(r.version))
	}
	for _, value := range []string{"", " ", "7", "7 ", "7 P\x00256", "7 P\x00-1", strings.Repeat("\x00", 20), "7 PEAFL\x000"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		var r, again record
		digest, err := r.decode("x1", value)
		if err != nil || r.version == "" || digest != "" { // of a long error only the digest is there
			return
		}
		written := r.encode(r.version)
		_, err = again.decode("x1", written)
		if written == "" { // nothing is kept of it
			return
		}
		if longError(r.component.Error) { // what is not written by us may have one in place
			return
		}
		if again.body = r.body; err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%q is %+v,\nwritten as %q it is %+v, %v", value, r, written, again, err)
		}
	})
}

// FuzzComponent writes any component that is valid, in both parts, and reads it.
func FuzzComponent(f *testing.F) {
	f.Add("x1", "broken", "a", "b", "powering_on", "failed", "powering_on", "compute", 3, byte(255))
	f.Add("x1", "", "", "", "", "", "", "", 0, byte(0))
	f.Add("x1", strings.Repeat("ü", 300), "a", "a", "odd", "on_hold", "", "", -1, byte(0b10101))
	f.Add("x1", " ", "a", "", "", "", "\u2028<&>", "", 0, byte(0b1111))
	f.Fuzz(func(t *testing.T, id, message, session, staged, phase, override, action, configuration string, retries int, has byte) {
		c := bos.Component{
			ID: id, Enabled: has&1 != 0, Error: message, Session: session,
			StatusRecord: bos.StatusRecord{Phase: bos.Phase(phase), Override: override},
		}
		if has&2 != 0 {
			c.StagedState = &bos.StagedState{Session: staged, Configuration: configuration}
		}
		if has&4 != 0 {
			c.LastAction = &bos.LastAction{Action: action, Failed: has&8 != 0, LastUpdated: "2026-01-01T00:00:00"}
		}
		if has&16 != 0 {
			c.RetryPolicy = &retries
			c.DesiredState = &bos.DesiredState{Configuration: configuration, BSSToken: action}
		}
		if has&32 != 0 {
			c.ActualState, c.EventStats = &bos.ActualState{BSSToken: override}, &bos.EventStats{PowerOnAttempts: retries}
		}
		if c.Check() != nil {
			return
		}
		old := record{present: true, owners: []string{"blue"}, component: c, counted: c.Contribution()}
		old.digest = digestRest(&c)
		details, err := encodeRest(&c)
		if err != nil {
			t.Fatal(err)
		}
		var r record
		digest, err := r.decode(id, old.encode("7 "))
		if err != nil || (digest != "") != longError(message) {
			t.Fatalf("digest %q, %v", digest, err)
		}
		if digest != "" {
			r.setError(message)
		}
		if r.counted != old.counted || r.digest != old.digest || !reflect.DeepEqual(r.owners, old.owners) {
			t.Errorf("%+v was stored, and %+v read", old, r)
		}
		// What decides is in the short part: reading that alone counts the same.
		if r.component.Contribution() != old.counted {
			t.Errorf("the short part counts as %+v, not %+v", r.component.Contribution(), old.counted)
		}
		if err := r.decodeRest(details); err != nil || !reflect.DeepEqual(r.component, c) {
			t.Errorf("%+v was stored, and %+v read, %v", c, r.component, err)
		}
	})
}

// FuzzRest reads any stored details.
func FuzzRest(f *testing.F) {
	for _, text := range []string{"", "null", "{}", "[]", `{"retry_policy":3}`, `{"staged_state":null}`, `{"last_action":{"action":7}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := record{component: bos.Component{ID: "x1"}}
		if r.decodeRest(text) != nil {
			return
		}
		written, err := encodeRest(&r.component)
		again := record{component: bos.Component{ID: "x1"}}
		if err != nil || again.decodeRest(written) != nil || !reflect.DeepEqual(again.component, r.component) {
			t.Errorf("%q is %+v and then %+v, %v", text, r.component, again.component, err)
		}
	})
}

// FuzzPositions reads any member of the two indexes of sessions, and those of
// sessions that can be.
func FuzzPositions(f *testing.F) {
	f.Add("", "", "", "")
	f.Add("001795338000000000:INCARNATION:blue/a", "blue", "a", "2026-11-22T09:00:00")
	f.Add("::", "", "a.b-c_d", "1970-01-01T00:00:00.000001")
	f.Add("a:b:c:d/e/f", "blue", "a", "0001-01-01T00:00:00")
	f.Fuzz(func(t *testing.T, any, tenant, name, start string) {
		schema.ParseSessionPosition(any)
		schema.ParseFrozenEntry(any)
		key := bos.SessionKey{Tenant: tenant, Name: name}
		made, err := bos.NewSession{SessionKey: key, StartTime: bos.Time(start)}.Create("INCARNATION", time.Time{})
		if err != nil {
			return
		}
		position := schema.SessionPosition(made)
		if got, incarnation, ok := schema.ParseSessionPosition(position); !ok || got != key || incarnation != made.Incarnation {
			t.Errorf("%q is session %s, incarnation %q, %v", position, got, incarnation, ok)
		}
		if incarnation, got, ok := schema.ParseFrozenEntry(schema.FrozenEntry(made)); !ok || got != key || incarnation != made.Incarnation {
			t.Errorf("%q is session %s, incarnation %q, %v", schema.FrozenEntry(made), got, incarnation, ok)
		}
	})
}

// FuzzGroups reads the group keys and sizes of the status script's answer.
func FuzzGroups(f *testing.F) {
	f.Add(bos.GroupKey("broken"), "-2", "", "x1 x2")
	f.Add(bos.GroupKey(strings.Repeat("ü", 300)), "-1.7e+15", strings.Repeat("ü", 300), "x1")
	f.Add("", "", "", "")
	f.Add("no key", "inf", "text", " ")
	f.Add("\x00"+strings.Repeat("d", 22), "nan", "text", "")
	f.Fuzz(func(t *testing.T, key, score, stored, entry string) {
		groups, err := parseGroups([]any{[]any{key, score, stored, []any{entry}}})
		if err != nil {
			return
		}
		g := groups[0]
		digest, message, whole := bos.ParseGroupKey(key)
		if !whole {
			message = stored
		}
		if g.Digest != digest || g.Message != message || len(g.First) != 1 {
			t.Errorf("%q %q is %+v", key, stored, g)
		}
	})
}
