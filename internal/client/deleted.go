package client

import (
	"context"
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// Deleted is what a session ends with that was deleted at its source before it was
// complete: how it would have ended, nobody knows.
type Deleted struct {
	Name              string
	Status            string // the last that it had
	Managed, Complete int    // components then
}

func (d *Deleted) Error() string {
	return fmt.Sprintf("session %q was deleted at BOS while %s, with %d of %d components complete", d.Name, d.Status, d.Complete, d.Managed)
}

const askDeleted = `query($name: String!, $tenant: String) {
	session(name: $name, tenant: $tenant) { deleted status { status counts { managed complete } } }
}`

// deleted looks why a session is not found: its end is [Deleted] if the history has it as
// one that was not complete, and otherwise what it was.
func (c *Client) deleted(ctx context.Context, s bos.SessionKey, end error) error {
	found, err := query[struct {
		Session *struct {
			Deleted bool
			Status  struct {
				Status string
				Counts Counts
			}
		}
	}](ctx, c, request{Query: askDeleted, Variables: variablesOf(s)})
	if err != nil || found.Session == nil || !found.Session.Deleted || found.Session.Status.Status == Complete {
		return end // why it can't be asked changes nothing
	}
	st := found.Session.Status
	return &Deleted{Name: s.Name, Status: st.Status, Managed: st.Counts.Managed, Complete: st.Counts.Complete}
}
