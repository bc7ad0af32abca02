package bos

import "time"

// Trouble is how often a component has failed over some days.
type Trouble struct {
	ID          string
	Failures    int        // how often it came to the status failed in a session
	Sessions    int        // in how many sessions it did so, each on the day of its first failure there
	LastError   string     // with the last failure, at most [ShortText] bytes
	LastFailure time.Time  // in whole seconds
	Component   *Component // nil if it was not read, or is not there
}

// TroubleQuery says which failures count.
type TroubleQuery struct {
	Since    time.Time // the day of that moment (UTC) counts as a whole; zero for all that is known
	Template string    // of the sessions; "" for any
	Tenant   *string   // of the sessions; nil for any, and for none
}

// Fails says whether a component that was c, or nil for none, comes to the status failed in its session by becoming next.
func (c *Component) Fails(next *Component) bool {
	in := func(x *Component) bool { return x != nil && x.Session != "" && x.Status() == StatusFailed }
	return in(next) && !(in(c) && c.Session == next.Session)
}

// FirstFailure says whether that is the first one of its stay in the session, which goes by the name: a record knows neither the
// sessions that it was in before, nor which of one name it is in.
func (c *Component) FirstFailure(next *Component) bool {
	return c == nil || c.Session != next.Session || !c.Stay.Failed
}
