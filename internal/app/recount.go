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

// progressEvery is how often a recount reports how far it is.
const progressEvery = 2 * time.Second

// Recount verifies a namespace: what it finds goes to out, and last how much that
// is; how far it is goes to the log. After a repair it verifies once more, so that
// the last line says what is left. It returns whether nothing is.
func Recount(ctx context.Context, c config.Config, out io.Writer, log *slog.Logger) (clean bool, err error) {
	return onStore(ctx, c, log, func(store *cache.Store) (bool, error) {
		drift, err := recount(ctx, store, c.Verification, out, log)
		if err == nil && drift > 0 && c.Repair {
			// Without Resume: the second run looks at everything, as one repair may uncover another
			// fault.
			fmt.Fprintf(out, "drift %d, repaired; verifying again\n", drift)
			drift, err = recount(ctx, store, config.Verification{}, out, log)
		}
		if err != nil {
			return false, err
		}
		fmt.Fprintf(out, "drift %d\n", drift)
		return drift == 0, nil
	})
}

// recount is one run over the namespace; it returns how many differences there were.
func recount(ctx context.Context, store *cache.Store, v config.Verification, out io.Writer, log *slog.Logger) (int, error) {
	reported := time.Now()
	var at cache.RecountProgress
	drift, err := store.Recount(ctx, cache.RecountOptions{
		Repair: v.Repair,
		Resume: v.Resume,
		Report: func(f cache.Finding) { fmt.Fprintln(out, f.Key, f.What) },
		Status: func(p cache.RecountProgress) {
			at = p
			if time.Since(reported) >= progressEvery {
				reported = time.Now()
				log.Info("verifying", "stage", p.Stage, "components", p.Components, "resume", p.Cursor)
			}
		},
	})
	// Only the scan of components can be resumed: before and after it there is no cursor.
	if err != nil && at.Cursor != 0 {
		log.Warn("recount interrupted; resume it with --resume", "cursor", at.Cursor)
	}
	return drift, err
}
