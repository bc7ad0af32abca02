package client

import (
	"context"
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// Component is a component that has failed.
type Component struct {
	ID    string `json:"id"` // the xname
	Error string `json:"error"`
}

// pageSize is the largest that a server answers.
const pageSize = 1000

const failedComponents = `query($name: String!, $tenant: String, $first: Int, $after: String) {
	session(name: $name, tenant: $tenant) {
		status { managedComponentsCount percentSuccessful percentFailed counts { managed successful failed } }
		failedComponents(first: $first, after: $after) {
			edges { node { id error } } pageInfo { hasNextPage endCursor }
		}
	}
}`

// failedPage is the answer to failedComponents.
type failedPage struct {
	Session *struct {
		Status           Status
		FailedComponents struct {
			Edges    []struct{ Node Component }
			PageInfo struct {
				HasNextPage bool
				EndCursor   *string
			}
		}
	}
}

// Failed returns the components of a session that have failed, ascending by id: of one that is
// complete those that had failed then, though newer sessions may have taken them over. Its
// errors are those of [Client.Follow], and a [Refusal] if more had failed than are known: to retry
// some of them would pass for all. report gets what is tried again.
func (c *Client) Failed(ctx context.Context, s bos.SessionKey, report func(error)) ([]Component, error) {
	variables := variablesOf(s)
	variables["first"] = pageSize
	all, status := []Component{}, Status{}
	for more := true; more; {
		page, err := again[failedPage](ctx, c, request{Query: failedComponents, Variables: variables}, report)
		switch {
		case err != nil:
			return nil, err
		case page.Session == nil:
			return nil, refusal(bos.NotFound, bos.NoSession(s).Message)
		}
		components := page.Session.FailedComponents
		status = page.Session.Status
		for _, edge := range components.Edges {
			all = append(all, edge.Node)
		}
		more = components.PageInfo.HasNextPage
		// Page by page as they are now: one that recovers meanwhile may still be listed, one
		// that fails meanwhile is listed if its id is still to come.
		variables["after"] = components.PageInfo.EndCursor
	}
	// Not of one that runs: it changes between two pages.
	if !status.Counts.Result(status.Managed, status.PercentDone, status.PercentFailed).Counted() && status.PercentFailed > bos.Percent(len(all), status.Managed) {
		return nil, refusal(bos.NotFound, fmt.Sprintf("BOS saved that %.2f %% of the %d components of session %q failed, but the server read them after they had changed or "+
			"other sessions had taken them over, and knows %d of these: \"bosgraph watch\" prints the errors that BOS saved, with the first components of each",
			status.PercentFailed, status.Managed, s.Name, len(all)))
	}
	return all, nil
}

// again asks until it is answered, or patience ends.
func again[T any](ctx context.Context, c *Client, operation request, report func(error)) (T, error) {
	for p := newPatience(c.o.Patience); ; {
		page, err := query[T](ctx, c, operation)
		switch {
		// Each page has the whole patience: a server that restarts between two of them is no
		// reason to give up what was read.
		case err == nil:
			return page, nil
		case ctx.Err() != nil:
			return page, ctx.Err()
		}
		if end := p.over(err); end != nil {
			return page, end
		}
		report(err)
		if err := p.wait(ctx); err != nil {
			return page, err
		}
	}
}
