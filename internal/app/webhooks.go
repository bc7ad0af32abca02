package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/webhooks"
)

// openWebhooks reads the configuration of webhooks, if there are to be any.
func (a *App) openWebhooks() (err error) {
	if a.config.Webhooks == "" {
		return nil
	}
	o := webhooks.Options{
		File: a.config.Webhooks, Namespace: a.config.Namespace, Life: leaseLife, Log: a.log,
		Note: func(on bool, above []int) { a.store.NoteEvents(on, above) }, // the store is made later
	}
	if a.config.BOS.BOSURL != "" {
		o.Sync = func() bos.SyncState { return a.sync.State() }
	}
	a.webhooks, err = webhooks.New(o)
	return err
}

// senderLease is the store's lease, as the sender of webhooks knows it.
type senderLease struct{ *cache.Lease }

// During implements [webhooks.Lease].
func (l senderLease) During(t bos.Tenure) webhooks.Store { return l.Lease.During(t) }

// ListWebhooks prints the targets of webhooks, and what waits for them or was given up.
func ListWebhooks(ctx context.Context, c config.Config, out io.Writer, log *slog.Logger) (clean bool, err error) {
	return onStore(ctx, c, log, func(store *cache.Store) (bool, error) { return webhooks.List(ctx, store, c.Hooks.JSON, out) })
}

// RetryWebhooks queues again what was given up.
func RetryWebhooks(ctx context.Context, c config.Config, out io.Writer, log *slog.Logger) (some bool, err error) {
	return onStore(ctx, c, log, func(store *cache.Store) (bool, error) { return webhooks.Retry(ctx, store, c.Hooks.Target, out) })
}

// TestWebhooks sends an event to targets of a configuration, without a Redis.
func TestWebhooks(ctx context.Context, c config.Config, out io.Writer, _ *slog.Logger) (accepted bool, err error) {
	return webhooks.Test(ctx, c.Hooks.File, c.Hooks.Target, out)
}
