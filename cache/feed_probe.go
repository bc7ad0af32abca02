package cache

import (
	"context"
	"time"
)

// probe sends a probe every interval, and at once on every new connection, until
// ctx ends. It does so also while there is no connection to hear it: that is how
// the client learns of a cluster's new nodes.
func (f *Feed) probe(ctx context.Context) {
	beat := time.NewTicker(f.interval)
	defer beat.Stop()
	for {
		select {
		case <-beat.C:
		case <-f.probeNow:
		case <-ctx.Done():
			return
		}
		_ = f.sendProbe(ctx) // that it does not come back says it all
	}
}

// sendProbe publishes how far the namespace is, to be heard by the feed itself.
//
// What has been heard of before the reading can't be ahead of it, unless Redis has
// lost data and come back with older ones: then another epoch begins.
func (f *Feed) sendProbe(ctx context.Context) error {
	seen := f.last()
	at, err := f.store.position(ctx)
	if err == nil && at.epoch == seen.epoch && at.revision < seen.revision {
		if err = f.store.renew(ctx, at.epoch); err == nil {
			at, err = f.store.position(ctx)
		}
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.store.options.Timeout)
	defer cancel()
	return f.store.client.Publish(ctx, f.probes, at.String()).Err()
}

func (f *Feed) last() position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// proof is a probe that came back. It also dates what is heard: notices do not name
// their epoch, but those that come after a probe on one connection are not of an
// earlier one. What came before it, of whichever epoch, counts no more.
func (f *Feed) proof(at position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.proved = time.Now()
	if at.epoch != f.seen.epoch || at.revision > f.seen.revision {
		f.seen = at
	}
}

// reached reads the revision of a notice, and keeps the highest.
func (f *Feed) reached(revision string) int64 {
	n := parseRevision(revision)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen.revision = max(f.seen.revision, n)
	return n
}

// silent says that no probe has come back for so long that the connection can't be
// trusted: it may be half open, or end at a node that is no part of the cluster any
// more.
func (f *Feed) silent() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Since(f.proved) >= 3*f.interval
}
