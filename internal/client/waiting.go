package client

import (
	"context"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Waiting is a session with what it waits for. Its fields are those of the schema, which says
// what they mean, and have their names in JSON, too.
type Waiting struct {
	Name   string        `json:"name"`
	Tenant *string       `json:"tenant"`
	Error  *string       `json:"error"`
	Status WaitingStatus `json:"status"`
	// The session before it, of the same template, operation and tenant: none, or one.
	Previous []struct {
		Name   string `json:"name"`
		Status struct {
			PhaseDurations []PhaseDuration `json:"phaseDurations"`
		} `json:"status"`
	} `json:"previous"`
}

// PhaseDuration is how long components stayed in a phase.
type PhaseDuration struct {
	Phase   string  `json:"phase"`
	Count   int     `json:"count"`
	Median  float64 `json:"medianSeconds"`
	P95     float64 `json:"p95Seconds"`
	Longest float64 `json:"longestSeconds"`
}

// CabinetCounts are the counts of a cabinet.
type CabinetCounts struct {
	Cabinet string `json:"cabinet"`
	Counts  struct {
		Managed  int `json:"managed"`
		Complete int `json:"complete"`
		Failed   int `json:"failed"`
		Active   int `json:"active"`
	} `json:"counts"`
}

// WaitingStatus is what of a status explains why the session is not complete.
type WaitingStatus struct {
	Status         string          `json:"status"`
	Note           *string         `json:"statusNote"`
	Stale          bool            `json:"stale"`
	Managed        int             `json:"managedComponentsCount"`
	PercentDone    float64         `json:"percentSuccessful"`
	PercentFailed  float64         `json:"percentFailed"`
	Counts         Counts          `json:"counts"`
	WaitingFor     []WaitingGroup  `json:"waitingFor"`
	PhaseDurations []PhaseDuration `json:"phaseDurations"`
	ByCabinet      []CabinetCounts `json:"byCabinet"`
}

// WaitingGroup are components that wait for the same.
type WaitingGroup struct {
	Reason     string     `json:"reason"`
	Text       string     `json:"text"`
	Count      int        `json:"count"`
	Since      *time.Time `json:"since"`
	Components struct {
		Edges []struct {
			Node struct {
				ID    string `json:"id"`
				Error string `json:"error"`
			} `json:"node"`
		} `json:"edges"`
	} `json:"components"`
}

const waitingFor = `query($name: String!, $tenant: String, $first: Int!) {
	session(name: $name, tenant: $tenant) {
		name tenant error
		status {
			status statusNote stale managedComponentsCount percentSuccessful percentFailed
			counts { managed staged successful failed complete configuring poweringOff poweringOn active }
			waitingFor(first: 20) { reason text count since components(first: $first) { edges { node { id error } } } }
			phaseDurations { phase count medianSeconds p95Seconds longestSeconds }
			byCabinet { cabinet counts { managed complete failed active } }
		}
		previous { name status { phaseDurations { phase count medianSeconds p95Seconds longestSeconds } } }
	}
}`

const waitsFor = `query($name: String!, $tenant: String, $first: Int!) {
	session(name: $name, tenant: $tenant) { status { waitingFor(first: $first) { reason count } } }
}`

// WaitsFor returns the reasons that most components of a session wait for, at most so many, in one attempt. None for
// a session that is not there.
func (c *Client) WaitsFor(ctx context.Context, s bos.SessionKey, first int) ([]WaitingGroup, error) {
	variables := variablesOf(s)
	variables["first"] = first
	answer, err := query[struct{ Session *Waiting }](ctx, c, request{Query: waitsFor, Variables: variables})
	if err != nil || answer.Session == nil {
		return nil, err
	}
	return answer.Session.Status.WaitingFor, nil
}

// Waiting returns what a session waits for, with the first components of each group. Its errors are those of [Client.Follow];
// report gets what is tried again.
func (c *Client) Waiting(ctx context.Context, s bos.SessionKey, first int, report func(error)) (*Waiting, error) {
	variables := variablesOf(s)
	variables["first"] = first
	answer, err := again[struct{ Session *Waiting }](ctx, c, request{Query: waitingFor, Variables: variables}, report)
	if err == nil && answer.Session == nil {
		err = refusal(bos.NotFound, bos.NoSession(s).Message)
	}
	return answer.Session, err
}
