package bossync

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Notes is where the holder of the lease leaves its note, and operators what they accept.
type Notes interface {
	SyncNote(ctx context.Context) (string, error)
	AcceptSync(ctx context.Context, doubt string) error
}

// acceptPatience is how long [Accept] waits beyond two sweeps, the one under way and the next.
const acceptPatience = 10 * time.Second

// Accept confirms the doubt of the note, and waits for the sweep that removes what it is about. It names that
// very doubt, so a later one is not confirmed by it. accepted is false if there is none, and if it did
// not end, or another took its place.
func Accept(ctx context.Context, notes Notes, out io.Writer) (accepted bool, err error) {
	n, err := doubtful(ctx, notes)
	if err != nil {
		return false, err
	}
	if n.Doubt == "" {
		fmt.Fprintln(out, "Nothing to confirm: the sync has no doubt about what BOS lists.")
		return false, nil
	}
	if err := notes.AcceptSync(ctx, n.Doubt); err != nil {
		return false, err
	}
	patience := 2*n.Every + acceptPatience
	end, poll := time.NewTimer(patience), time.NewTicker(beat/4)
	defer end.Stop()
	defer poll.Stop()
	for now := n; now.Doubt != ""; {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-end.C:
			fmt.Fprintf(out, "No sweep has removed it within %v: look at serverInfo.sync, and whether a server follows BOS. To be removed: %s\n", patience, n.Less)
			return false, nil
		case <-poll.C:
		}
		if now, err = doubtful(ctx, notes); err != nil {
			return false, err
		}
		if now.Doubt != "" && now.Doubt != n.Doubt {
			fmt.Fprintf(out, "More has been lost since: %s: look at it and run it again\n", now.Less)
			return false, nil
		}
	}
	_, err = fmt.Fprintln(out, "Confirmed:", n.Less)
	return true, err
}

// doubtful reads the note. One that cannot be read has no doubt.
func doubtful(ctx context.Context, notes Notes) (note, error) {
	var n note
	text, err := notes.SyncNote(ctx)
	if err != nil || json.Unmarshal([]byte(text), &n) != nil {
		return note{}, err
	}
	n.Less = cmp.Or(n.Less, n.Problem) // earlier versions left only that
	return n, nil
}
