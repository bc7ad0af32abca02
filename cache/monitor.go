package cache

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// WatchOptions say how Redis is watched while the server runs, and whom to notify.
type WatchOptions struct {
	Every time.Duration // between two looks; 0 for DefaultWatch
	// Stale is called when keys were evicted, so that what is shown may be wrong, and when
	// that is repaired; nil for nobody.
	Stale func(bool)
	// Swept says whether all of BOS was read and compared in that epoch; nil where no BOS is
	// followed.
	Swept func(epoch string) bool
}

// DefaultWatch is how often Redis is asked how it is.
const DefaultWatch = 5 * time.Second

// The share of maxmemory, in percent, at which memory counts as nearly full, and below
// which it does not any more.
const (
	nearlyFull = 90
	roomAgain  = 85
)

// monitor keeps what watching Redis has shown.
type monitor struct {
	mu       sync.Mutex
	problems map[bos.Reason]bos.Problem

	// evicted is the last moment at which no key was known to be evicted, while what is
	// stored may be incomplete; nil in good times. Every read looks at it.
	evicted atomic.Pointer[time.Time]

	used, limit atomic.Int64 // of Redis' memory, in bytes, at the last look
}

// begin notes a problem, and says whether it is a new one.
func (m *monitor) begin(p bos.Problem) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.problems[p.Reason]; known {
		return false
	}
	if m.problems == nil {
		m.problems = map[bos.Reason]bos.Problem{}
	}
	m.problems[p.Reason] = p
	return true
}

// end notes that a problem is over, and says whether there was one.
func (m *monitor) end(reason bos.Reason) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.problems[reason]
	delete(m.problems, reason)
	return known
}

// Problems are the states of Redis that an operator should know of, in order of their
// reasons: those that requests have met, and those that watching Redis has shown.
func (s *Store) Problems() []bos.Problem {
	all := s.db.Episodes.Problems()
	s.monitor.mu.Lock()
	for _, p := range s.monitor.problems {
		if !slices.ContainsFunc(all, func(o bos.Problem) bool { return o.Reason == p.Reason }) {
			all = append(all, p)
		}
	}
	s.monitor.mu.Unlock()
	slices.SortFunc(all, func(a, b bos.Problem) int { return cmp.Compare(a.Reason, b.Reason) })
	return all
}

// watcher is one run of [Store.WatchRedis].
type watcher struct {
	*Store
	o      WatchOptions
	log    *slog.Logger
	last   *vitals   // of the look before; nil before the first
	looked time.Time // when that was
	blind  bool      // INFO was refused, and that was logged
	saved  bool      // the AOF was on at a look before

	evictions
}

// WatchRedis looks at Redis every few seconds until ctx ends: whether it may evict keys, or
// has, whether its memory is nearly full and whether it can save its data. What it finds is
// logged once, and in [Store.Problems]. After an eviction it recounts and repairs what
// is derived; see evictions.
func (s *Store) WatchRedis(ctx context.Context, o WatchOptions) {
	o.Every = cmp.Or(o.Every, DefaultWatch)
	w := &watcher{Store: s, o: o, log: s.db.Episodes.Log}
	tick := time.NewTicker(o.Every)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look asks Redis once. One that does not answer is met by the commands of others, too.
func (w *watcher) look(ctx context.Context) {
	began := time.Now()
	v, err := w.vitals(ctx)
	if err != nil {
		if bos.ReasonOf(redisdb.Explain(err)) == bos.RedisNoPermission && !w.blind {
			w.blind = true
			w.log.Warn("cannot watch Redis: its user may not run INFO", "error", err)
		}
		return
	}
	w.blind = false
	w.monitor.used.Store(v.used)
	w.monitor.limit.Store(v.maxMemory)
	w.policy(v)
	w.memory(v)
	w.persistence(v)
	// Also here, as a server without writers would not notice that its Redis has become a
	// replica.
	if v.role == "master" {
		w.db.Episodes.Over(bos.RedisReadOnly)
	} else if v.role != "" {
		w.db.Episodes.Met(bos.RedisReadOnly, fmt.Errorf("INFO says role:%s", v.role))
	}
	w.eviction(ctx, v)
	w.last, w.looked = v, began
}

// problem logs the beginning and the end of a problem that watching shows.
func (w *watcher) problem(is bool, reason bos.Reason, message, line string, attrs ...any) {
	switch {
	case is && w.monitor.begin(bos.Problem{Reason: reason, Message: message, Since: time.Now()}):
		w.log.Warn(line, append([]any{"reason", reason}, attrs...)...)
	case !is && w.monitor.end(reason):
		w.log.Info("Redis problem resolved", "reason", reason)
	}
}

// policy reports a server that may remove keys. It is a problem before any is removed:
// afterwards it is too late for what was in them.
func (w *watcher) policy(v *vitals) {
	w.problem(v.policy != "" && v.policy != "noeviction", bos.RedisMayEvict,
		"Redis removes keys when its memory is full, and sessions with them: set its maxmemory-policy to noeviction, see docs/operations.md",
		"Redis may evict keys", "policy", v.policy, "maxmemory", v.maxMemory, "fix", "CONFIG SET maxmemory-policy noeviction")
}

// memory reports memory that is nearly full, while there is time to act. 0 stands for no bound.
func (w *watcher) memory(v *vitals) {
	percent := 0
	if v.maxMemory > 0 {
		percent = int(100 * v.used / v.maxMemory)
	}
	// Between the two bounds nothing changes: memory that hovers about one bound would log a
	// problem and its end again and again.
	if percent < roomAgain || percent >= nearlyFull {
		w.problem(percent >= nearlyFull, bos.RedisMemoryNearMax,
			"Redis' memory is nearly full: raise its maxmemory, see docs/operations.md",
			"Redis memory is nearly full", "used", v.used, "maxmemory", v.maxMemory)
	}
	// A write that is accepted shows its end, too. Without writers only this does, for there
	// is nothing to be accepted.
	if v.maxMemory == 0 || v.used < v.maxMemory {
		w.db.Episodes.Over(bos.RedisOutOfMemory)
	}
}

// persistence reports that data is not saved, which shows only when Redis is started again.
func (w *watcher) persistence(v *vitals) {
	failing := v.aofWrite == "err" || v.aofRewrite == "err" || v.rdbSave == "err"
	w.problem(failing, bos.RedisDiskError,
		"Redis cannot save its data to disk: a restart would lose changes; see docs/operations.md",
		"Redis failed to save its data", "rdb", v.rdbSave, "aof", v.aofWrite, "aofRewrite", v.aofRewrite)
	if !failing {
		w.db.Episodes.Over(bos.RedisDiskError)
	}
	// Only a change of it: a site may do without, and would have a problem for ever.
	w.saved = w.saved || v.aof
	w.problem(w.saved && !v.aof, bos.RedisNotSaving,
		"Redis no longer writes its append-only file: a restart would lose changes; see docs/operations.md",
		"Redis no longer saves every change", "fix", "CONFIG SET appendonly yes")
}

// vitals are what INFO says of a server.
type vitals struct {
	runID, role                   string
	policy                        string
	used, maxMemory               int64 // bytes; maxMemory 0 for no bound
	evicted                       int64 // keys since the server started, or CONFIG RESETSTAT
	aofWrite, aofRewrite, rdbSave string
	aof                           bool // is on
}

// vitals reads them, in one round trip. Each section is asked for by itself: Redis before
// 7.0 takes one at a time.
func (s *Store) vitals(ctx context.Context) (*vitals, error) {
	ctx, cancel := s.db.Within(redisdb.Unobserved(ctx))
	defer cancel()
	node, err := s.db.Master(ctx)
	if err != nil {
		return nil, err
	}
	pipe := node.Pipeline()
	for _, section := range []string{"server", "memory", "persistence", "stats", "replication"} {
		pipe.Info(ctx, section)
	}
	replies, err := pipe.Exec(ctx)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for _, reply := range replies {
		parseInfo(fields, reply.(*redis.StringCmd).Val())
	}
	return vitalsOf(fields), nil
}

// parseInfo adds what a section of INFO says.
func parseInfo(fields map[string]string, section string) {
	for line := range strings.Lines(section) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
}

func vitalsOf(fields map[string]string) *vitals {
	return &vitals{
		runID: fields["run_id"], role: fields["role"], policy: fields["maxmemory_policy"],
		used: redisdb.ParseRevision(fields["used_memory"]), maxMemory: redisdb.ParseRevision(fields["maxmemory"]),
		evicted:  redisdb.ParseRevision(fields["evicted_keys"]),
		aofWrite: fields["aof_last_write_status"], aofRewrite: fields["aof_last_bgrewrite_status"], rdbSave: fields["rdb_last_bgsave_status"],
		aof: fields["aof_enabled"] == "1",
	}
}
