package watch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/bosgraph/bosgraph/internal/client"
)

// Failed prints the components of a session that have failed, as BOS takes them for a
// limit, and returns the status to exit with: [Successful] also if there are none.
func Failed(ctx context.Context, o Options, stdout, stderr io.Writer) int {
	return once(ctx, o, stdout, stderr, func(c *client.Client, report func(error)) (any, string, error) {
		components, err := c.Failed(ctx, o.Session, report)
		ids := make([]string, len(components))
		for i, c := range components {
			ids[i] = c.ID
		}
		// An empty line for none, so that a script does not take it for a failure.
		return components, strings.Join(ids, ","), err
	})
}

// once asks a server once, prints the answer as JSON or as text, and returns the status to exit with.
func once(ctx context.Context, o Options, stdout, stderr io.Writer, ask func(*client.Client, func(error)) (any, string, error)) int {
	c, err := client.New(o.Options)
	if err != nil {
		complain(stderr, err)
		return Unknown
	}
	defer c.Close()
	answer, text, err := ask(c, o.reportOnce(stderr))
	switch {
	// First: whatever else has failed, failed because of the interruption.
	case ctx.Err() != nil:
		return Interrupted
	case err != nil:
		complain(stderr, err)
		return Unknown
	}
	if o.JSON {
		err = json.NewEncoder(stdout).Encode(answer)
	} else {
		_, err = fmt.Fprintln(stdout, text)
	}
	if err != nil { // an answer that is cut off must not pass for whole
		complain(stderr, err)
		return Unknown
	}
	return Successful
}
