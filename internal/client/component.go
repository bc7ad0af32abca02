package client

import (
	"context"
	"fmt"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Inspected is a component with the sessions that managed it. Its fields, and those of the others here, are those of the
// schema, which says what they mean, and have their names in JSON, too.
type Inspected struct {
	ID      string `json:"id"`
	Enabled bool   `json:"enabled"`
	Error   string `json:"error"`
	Session string `json:"session"`
	Status  struct {
		Status string `json:"status"`
		Raw    string `json:"rawStatus"`
	} `json:"status"`
	Since    *time.Time `json:"statusSince"`
	Sessions struct {
		Edges []struct {
			Node ComponentSession `json:"node"`
		} `json:"edges"`
	} `json:"sessions"`
}

// ComponentSession is a component's time in a session.
type ComponentSession struct {
	Name    string     `json:"name"`
	Tenant  *string    `json:"tenant"`
	Joined  time.Time  `json:"joined"`
	Left    *time.Time `json:"left"`
	Outcome string     `json:"outcome"`
	Error   string     `json:"error"`
	Phases  []struct {
		Phase   string  `json:"phase"`
		Seconds float64 `json:"seconds"`
	} `json:"phases"`
}

const component = `query($id: ID!, $first: Int!) {
	component(id: $id) {
		id enabled error session status { status rawStatus } statusSince
		sessions(first: $first) { edges { node { name tenant joined left outcome error phases { phase seconds } } } }
	}
}`

// Component returns a component with all its sessions, or those of a tenant if one is given. Its errors are those of [Client.Follow]; report gets what is tried
// again.
func (c *Client) Component(ctx context.Context, tenant, id string, report func(error)) (*Inspected, error) {
	variables := map[string]any{"id": id, "first": bos.MaxPage}
	answer, err := again[struct{ Component *Inspected }](ctx, c, request{Query: component, Variables: variables, tenant: tenant}, report)
	if err == nil && answer.Component == nil {
		err = &Refusal{Code: bos.NotFound, Message: fmt.Sprintf("there is no component %q", id)}
	}
	return answer.Component, err
}

// Troubles says which components that failed are listed.
type Troubles struct {
	Tenant   string // "" for all that the token may see
	First    int    // at most so many
	Days     int    // before today; 0 for all that are known
	Template string // "" for any
}

// TroubledComponent is how often a component has failed.
type TroubledComponent struct {
	ID          string    `json:"id"`
	Failures    int       `json:"failures"`
	Sessions    int       `json:"sessions"`
	LastError   string    `json:"lastError"`
	LastFailure time.Time `json:"lastFailure"`
}

const troubled = `query($first: Int!, $since: DateTime, $template: String) {
	troubledComponents(first: $first, since: $since, template: $template) { id failures sessions lastError lastFailure }
}`

// Troubled returns the components that failed most often. Its errors are those of [Client.Follow]; report gets what is tried
// again.
func (c *Client) Troubled(ctx context.Context, t Troubles, report func(error)) ([]TroubledComponent, error) {
	variables := map[string]any{"first": t.First}
	if t.Days > 0 {
		variables["since"] = time.Now().UTC().AddDate(0, 0, -t.Days)
	}
	if t.Template != "" {
		variables["template"] = t.Template
	}
	answer, err := again[struct{ TroubledComponents []TroubledComponent }](ctx, c, request{Query: troubled, Variables: variables, tenant: t.Tenant}, report)
	return answer.TroubledComponents, err
}
