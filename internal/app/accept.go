package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/config"
)

// Accept confirms that BOS really lists as little as the sync doubts, as [bossync.Accept] does: the server that
// follows BOS removes the rest with its next sweep.
func Accept(ctx context.Context, c config.Config, out io.Writer, log *slog.Logger) (accepted bool, err error) {
	// Through Redis and not by asking a server: any replica may be the one that follows BOS,
	// and the doubt is stored where all of them see it.
	return onStore(ctx, c, log, func(store *cache.Store) (bool, error) { return bossync.Accept(ctx, store, out) })
}
