package client

import (
	"context"
	"errors"
	"strings"

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
	Status  string `json:"status"`
	Managed int    `json:"managedComponentsCount"`
	Phases  Phases `json:"phases"`
	Counts  Counts `json:"counts"`
	Timing  Timing `json:"timing"`
	Stale   bool   `json:"stale"`
}

// Which says which sessions are listed.
type Which struct {
	Tenant *string // "" for those without a tenant; nil for all
	Status string  // PENDING, RUNNING or COMPLETE; "" for all
	First  int     // at most so many
}

const listed = `query($first: Int!, $filter: SessionFilter) {
	sessions(first: $first, filter: $filter) { edges { node {
		name tenant operation templateName error deleted
		status {
			status managedComponentsCount stale
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
	if w.Tenant != nil {
		filter["tenant"] = *w.Tenant
	}
	if w.Status != "" {
		filter["status"] = w.Status
	}
	answer, err := again[struct {
		Sessions struct{ Edges []struct{ Node Listed } }
	}](ctx, c, request{Query: listed, Variables: map[string]any{"first": w.First, "filter": filter}}, report)
	// Here and not in every refusal: not all commands have the flag.
	if refused := (*Refusal)(nil); errors.As(err, &refused) {
		refused.Message = strings.Replace(refused.Message, "send Cray-Tenant-Name with one of", "give --tenant with one of", 1)
	}
	all := make([]Listed, len(answer.Sessions.Edges))
	for i, edge := range answer.Sessions.Edges {
		all[i] = edge.Node
	}
	return all, err
}

// Latest returns the session of a tenant, "" for none, that was started last. There may be none: a [Refusal].
func (c *Client) Latest(ctx context.Context, tenant string, report func(error)) (bos.SessionKey, error) {
	found, err := c.List(ctx, Which{Tenant: &tenant, First: 1}, report)
	if err == nil && len(found) == 0 {
		err = &Refusal{Code: bos.NotFound, Message: "there is no session yet"}
	}
	if err != nil {
		return bos.SessionKey{}, err
	}
	return bos.SessionKey{Tenant: tenant, Name: found[0].Name}, nil
}
