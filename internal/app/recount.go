package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/config"
)

// progressEvery is how often a recount tells how far it is.
const progressEvery = 2 * time.Second

// Recount verifies a namespace: what it finds goes to out, and last how much that
// is; how far it is goes to the log. After a repair it verifies once more, so that
// the last line tells what is left. It returns whether nothing is.
func Recount(ctx context.Context, c config.Config, out io.Writer, log *slog.Logger) (clean bool, err error) {
	options, err := storeOptions(c.Redis)
	if err != nil {
		return false, err
	}
	cache.LogTo(log)
	store, err := cache.Open(options)
	if err != nil {
		return false, err
	}
	defer store.Close()

	drift, err := recount(ctx, store, c.Verification, out, log)
	if err == nil && drift > 0 && c.Repair {
		fmt.Fprintf(out, "drift %d, mended; verifying again\n", drift)
		drift, err = recount(ctx, store, config.Verification{}, out, log)
	}
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "drift %d\n", drift)
	return drift == 0, nil
}

func recount(ctx context.Context, store *cache.Store, v config.Verification, out io.Writer, log *slog.Logger) (int, error) {
	told := time.Now()
	var at cache.RecountProgress
	drift, err := store.Recount(ctx, cache.RecountOptions{
		Repair: v.Repair,
		Resume: v.Resume,
		Report: func(f cache.Finding) { fmt.Fprintln(out, f.Key, f.What) },
		Status: func(p cache.RecountProgress) {
			at = p
			if time.Since(told) >= progressEvery {
				told = time.Now()
				log.Info("verifying "+p.Stage, "components", p.Components, "resume", p.Cursor)
			}
		},
	})
	if err != nil && at.Cursor != 0 {
		log.Warn("broken off; go on with --resume", "cursor", at.Cursor)
	}
	return drift, err
}
