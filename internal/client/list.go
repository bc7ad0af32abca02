package client

import (
	"context"

	"github.com/bosgraph/bosgraph/bos"
)

// Listed is a session in a list. Its fields are those of the schema, which says what they
// mean, and have their names in JSON, too.
type Listed struct {
	SessionRecord
	Deleted bool         `json:"deleted"`
	Status  ListedStatus `json:"status"`
}

// ListedStatus is what of a status is in a list.
type ListedStatus struct {
	Status        string  `json:"status"`
	Managed       int     `json:"managedComponentsCount"`
	PercentDone   float64 `json:"percentSuccessful"`
	PercentFailed float64 `json:"percentFailed"`
	Phases        Phases  `json:"phases"`
	Counts        Counts  `json:"counts"`
	Timing        Timing  `json:"timing"`
	Stale         bool    `json:"stale"`
}

// Which says which sessions are listed.
type Which struct {
	Tenant string // "" for all that the token may see
	Status string // PENDING, RUNNING or COMPLETE; "" for all
	First  int    // at most so many
}

const listed = `query($first: Int!, $filter: SessionFilter) {
	sessions(first: $first, filter: $filter) { edges { node {
		name tenant operation templateName error deleted
		status {
			status managedComponentsCount percentSuccessful percentFailed stale
			phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
			counts { managed staged successful failed complete configuring poweringOff poweringOn active }
			timing { startTime endTime duration durationSeconds }
		}
	} } }
}`

// List returns sessions, newest first. Its errors are those of [Client.Follow]; report gets what is
// tried again.
func (c *Client) List(ctx context.Context, w Which, report func(error)) ([]Listed, error) {
	filter := map[string]any{}
	if w.Tenant != "" {
		filter["tenant"] = w.Tenant
	}
	if w.Status != "" {
		filter["status"] = w.Status
	}
	answer, err := again[struct {
		Sessions struct{ Edges []struct{ Node Listed } }
	}](ctx, c, request{Query: listed, Variables: map[string]any{"first": w.First, "filter": filter}}, report)
	all := make([]Listed, len(answer.Sessions.Edges))
	for i, edge := range answer.Sessions.Edges {
		all[i] = edge.Node
	}
	return all, err
}

// Latest returns the session of a tenant, "" for all that the token may see, that was started last. There may be none: a [Refusal].
func (c *Client) Latest(ctx context.Context, tenant string, report func(error)) (bos.SessionKey, error) {
	found, err := c.List(ctx, Which{Tenant: tenant, First: 1}, report)
	if err == nil && len(found) == 0 {
		err = &Refusal{Code: bos.NotFound, Message: "there is no session yet"}
	}
	if err != nil {
		return bos.SessionKey{}, err
	}
	latest := bos.SessionKey{Name: found[0].Name}
	if found[0].Tenant != nil {
		latest.Tenant = *found[0].Tenant
	}
	return latest, nil
}
