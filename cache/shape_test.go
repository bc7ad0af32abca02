package cache

import (
	"encoding/json"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestComponentsKeepTheShapeTheyWereReceivedIn keeps records that are not whole and changes them: what is read is what was
// given, down to the values that are not known, and counts as before.
func TestComponentsKeepTheShapeTheyWereReceivedIn(t *testing.T) {
	conform(t, func(s *suite) {
		keep := func(text string) {
			s.Helper()
			var c bos.Component
			s.must(json.Unmarshal([]byte(text), &c))
			c.Shape = bos.ComponentShape([]byte(text), c)
			s.applied(1)(s.store.KeepComponents(s.ctx, []bos.Component{c}))
		}
		is := func(id, want string) {
			s.Helper()
			found, err := s.store.ReadComponents(s.ctx, []string{id}, true)
			s.must(err)
			if have := string(found[0].AppendJSON(nil)); have != want {
				s.Errorf("got\n%s\nwant\n%s", have, want)
			}
		}
		const status = `"status":{"phase":"","status":"stable","status_override":""}`
		keep(`{"id":"x1","error":null,"session":"a","staged_state":{"last_updated":"2026-11-22T09:00:00"},"zeta":[1e3,12345678901234567890]}`)
		is("x1", `{"error":null,"id":"x1","session":"a","staged_state":{"last_updated":"2026-11-22T09:00:00"},`+status+`,"zeta":[1e3,12345678901234567890]}`)
		before := pairs(s.dump())
		keep(`{"id":"x1","error":null,"session":"a","staged_state":{"last_updated":"2026-11-22T09:00:00"},"zeta":[1e3,12345678901234567890]}`)
		if after := pairs(s.dump()); after != before {
			s.Errorf("the same record again has written something:\n%s\n%s", before, after)
		}
		s.patch(bos.ComponentPatch{ID: "x1", Error: new("broken")}) // which reads no details
		is("x1", `{"error":"broken","id":"x1","session":"a","staged_state":{"last_updated":"2026-11-22T09:00:00"},`+status+`,"zeta":[1e3,12345678901234567890]}`)
		s.patch(bos.ComponentPatch{ID: "x1", Enabled: new(false), StagedState: &bos.StagedStatePatch{Session: new("b")}})
		is("x1", `{"enabled":false,"error":"broken","id":"x1","session":"a","staged_state":{"last_updated":"2026-11-22T09:00:00","session":"b"},`+
			status+`,"zeta":[1e3,12345678901234567890]}`)

		keep(`{"id":"x2","zeta":1}`)
		keep(`{"id":"x2","zeta":2}`) // a change, though nothing that is known has changed
		is("x2", `{"id":"x2",`+status+`,"zeta":2}`)
		keep(`{"id":"x2"}`)
		is("x2", `{"id":"x2",`+status+`}`)
		if s.dump()[s.store.db.Keys.Details("x2")] != "" {
			s.Error("a bare record keeps details")
		}
		if st := s.status(s.create("a").Name); st.Tally.Managed != 1 || len(st.Errors) != 1 {
			s.Errorf("they count as %+v, %v", st.Tally, st.Errors)
		}
	})
}

// TestSessionsKeepTheShapeTheyWereReceivedIn keeps sessions that are not whole.
func TestSessionsKeepTheShapeTheyWereReceivedIn(t *testing.T) {
	conform(t, func(s *suite) {
		keep := func(state bos.State, shape bos.Shape) {
			s.Helper()
			one := sourceSession("a", state)
			one.Shape = shape
			s.must(s.store.KeepSession(s.ctx, one))
		}
		is := func(want string) {
			s.Helper()
			if have := string(s.read(name("a")).AppendJSON(nil)); have != want {
				s.Errorf("got\n%s\nwant\n%s", have, want)
			}
		}
		const whole = `{"components":"x1,x2","include_disabled":false,"limit":"x1","name":"a","operation":"boot","stage":false,` +
			`"status":{"end_time":null,"error":null,"start_time":"2026-11-22T09:00:00","status":"running"},"template_name":"compute","tenant":null}`
		sparse := sourceSession("a", bos.StateRunning)
		shape := sparse.ShapeOf([]byte(`{"name":"a","limit":"x1","components":"x1,x2","operation":"boot","stage":null,"template_name":"compute",
			"status":{"start_time":"2026-11-22T09:00:00","status":"running","more":1e3}}`))
		keep(bos.StatePending, bos.Shape{})
		keep(bos.StateRunning, shape)
		is(`{"components":"x1,x2","limit":"x1","name":"a","operation":"boot","stage":null,` +
			`"status":{"more":1e3,"start_time":"2026-11-22T09:00:00","status":"running"},"template_name":"compute"}`)
		keep(bos.StateRunning, bos.Shape{})
		is(whole)
	})
}
