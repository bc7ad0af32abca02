package cache

import (
	"context"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// evictions follow what Redis removes by itself to free memory. Nothing says which keys
// those were, so everything counts as stale until a recount agrees with the records.
//
// The recount repairs what is derived: counters, members, indexes. Records that were
// evicted are lost. Where a BOS is followed, another epoch makes its sync compare everything
// with what is stored, which writes them again; other producers have to send them again.
//
// Each replica does so by itself, and needs no agreement with the others: repairs guard
// against each other, and stale is lowered by each for what it has seen itself.
type evictions struct {
	recounts time.Time // when the next recount may begin
	clean    bool      // the last recount found nothing
	at       int64     // how many keys had been evicted when it began
}

// pauseBetweenRecounts is how many looks are between two recounts: while Redis continues
// evicting, one has just ended when the next is due.
const pauseBetweenRecounts = 6

// eviction looks for evicted keys, and repairs what they have left.
func (w *watcher) eviction(ctx context.Context, v *vitals) {
	before := int64(0) // what was evicted before the first look may have been ours, too
	if w.last != nil && w.last.runID == v.runID {
		before = min(w.last.evicted, v.evicted) // CONFIG RESETSTAT makes it less
	}
	if v.evicted > before {
		w.evictedNow(v)
	}
	if w.monitor.evicted.Load() == nil {
		return
	}
	// Under a policy of all keys the next eviction may come at any moment: it stays stale until
	// an administrator has changed that. Other policies take keys with a time to live only.
	if w.clean && w.at == v.evicted && !strings.HasPrefix(v.policy, "allkeys") {
		if w.swept(ctx) {
			w.restored()
		}
		return
	}
	if now := time.Now(); !now.Before(w.recounts) {
		w.recountAfterEviction(ctx, v)
		w.recounts = time.Now().Add(pauseBetweenRecounts * w.o.Every)
	}
}

// evictedNow begins the stale time, once: further evictions before it ends make it no worse.
func (w *watcher) evictedNow(v *vitals) {
	if w.monitor.evicted.Load() != nil {
		return
	}
	// The look before was the last moment at which nothing was known to be missing.
	good := w.looked
	if good.IsZero() {
		good = time.Now()
	}
	w.clean = false
	w.monitor.begin(bos.Problem{
		Reason: bos.RedisEvicting, Since: time.Now(),
		Message: "Redis has removed keys to free memory: what is shown may be wrong until it is repaired; " + redisdb.AskAdministrator,
	})
	w.monitor.evicted.Store(&good)
	w.log.Error("Redis evicted keys: everything is stale until a recount has repaired it", "reason", bos.RedisEvicting,
		"evicted", v.evicted, "policy", v.policy, "maxmemory", v.maxMemory, "fix", "CONFIG SET maxmemory-policy noeviction")
	if w.o.Stale != nil {
		w.o.Stale(true)
	}
}

// recountAfterEviction repairs what is derived. If anything was wrong, another epoch
// begins: what is there is less than there was.
func (w *watcher) recountAfterEviction(ctx context.Context, v *vitals) {
	// From before the recount: keys that are evicted while it runs are not part of what it has
	// found.
	w.clean, w.at = false, v.evicted
	drift, err := w.Recount(ctx, RecountOptions{Repair: true})
	if err == nil && drift > 0 {
		var epoch string
		if epoch, err = w.Epoch(ctx); err == nil {
			err = w.db.Renew(ctx, epoch)
		}
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.log.Warn("recount after eviction failed; trying again", "error", err)
	case drift > 0:
		w.log.Error("recount after eviction repaired counters; evicted records are lost", "findings", drift,
			"fix", "producers have to send all components and sessions again; a followed BOS is read again by itself")
	default:
		w.clean = true
	}
}

// swept says whether a followed BOS was compared with what is stored in the epoch that is now:
// this replica, or another, began it after a repair.
func (w *watcher) swept(ctx context.Context) bool {
	if w.o.Swept == nil {
		return true
	}
	epoch, err := w.Epoch(ctx)
	return err == nil && w.o.Swept(epoch)
}

// restored ends the stale time.
func (w *watcher) restored() {
	// Reads first, then those who watch: what they are shown next is read without the mark.
	w.monitor.evicted.Store(nil)
	w.monitor.end(bos.RedisEvicting)
	w.log.Info("recount after eviction found nothing wrong: no longer stale", "reason", bos.RedisEvicting)
	if w.o.Stale != nil {
		w.o.Stale(false)
	}
}

// suspect marks a status that was read while what is stored may be incomplete: as of the
// last moment at which it was not.
func (m *monitor) suspect(st *bos.Status) {
	good := m.evicted.Load()
	if good == nil || st == nil {
		return
	}
	st.Stale = true
	if good.Before(st.AsOf) {
		st.AsOf = good.UTC()
	}
}
