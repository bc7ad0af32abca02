package app

import (
	"context"
	"fmt"
	"io"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/config"
)

// Accept confirms that BOS really lists as little as the sync doubts: the server that
// follows BOS removes the rest with its next sweep. It names that very doubt, so a later
// one is not confirmed by it. accepted is false if there is none.
func Accept(ctx context.Context, c config.Config, out io.Writer) (accepted bool, err error) {
	// Through Redis and not by asking a server: any replica may be the one that follows BOS,
	// and the doubt is stored where all of them see it.
	options, err := storeOptions(c.Redis)
	if err != nil {
		return false, err
	}
	store, err := cache.Open(options)
	if err != nil {
		return false, err
	}
	defer store.Close()
	note, err := store.SyncNote(ctx)
	if err != nil {
		return false, err
	}
	doubt, about := bossync.Doubtful(note)
	if doubt == "" {
		fmt.Fprintln(out, "Nothing to confirm: the sync has no doubt about what BOS lists.")
		return false, nil
	}
	if err := store.AcceptSync(ctx, doubt); err != nil {
		return false, err
	}
	_, err = fmt.Fprintln(out, "Confirmed:", about)
	return true, err
}
