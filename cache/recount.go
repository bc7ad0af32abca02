package cache

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// RecountOptions say how to verify a namespace.
type RecountOptions struct {
	Repair bool
	Resume uint64                // cursor to begin at, as Status has reported it
	Report func(Finding)         // called with each, as it is found
	Status func(RecountProgress) // called now and then with how far it is
}

// Finding is one thing that does not agree with the records of the components.
type Finding struct {
	Key  string // where
	What string // what is wrong there
}

// RecountProgress is how far a recount is.
type RecountProgress struct {
	Stage      string // what is being verified
	Components int    // verified so far
	Cursor     uint64 // where to resume the first stage; 0 once it is over
}

// Recount verifies that records are whole, and that everything derived from them is
// what they make: members, indexes, error groups, counters and references to texts, that the lists of sessions have what
// is there, and that histories and failures can be read. It returns how much is not. Servers may write meanwhile: each finding is confirmed as of
// one moment, and each repair is one write that depends on what it is made of.
//
// Details and error texts that are lost can't be made again. A repair leaves the record
// as if it had had none, and begins another epoch, so that the next put of the component
// and the sync from BOS write it.
//
// Chunks of records are read like any others. Only adding up one session is a single
// transaction: it blocks Redis while that reads the short records of the session.
func (s *Store) Recount(ctx context.Context, o RecountOptions) (drift int, err error) {
	options := s.options
	options.Timeout = recountPatience * options.Timeout
	// A client of its own: its deadlines are those of a transaction over a whole session, which
	// no request of the server's should wait for.
	own, err := Open(options)
	if err != nil {
		return 0, err
	}
	defer own.Close()
	own.tenure, own.tenureKey = s.tenure, s.tenureKey
	// Begins one if there is none: repairs depend on the epoch that they were decided in.
	if _, err := own.Epoch(ctx); err != nil {
		return 0, err
	}
	r := &recount{Store: own, RecountOptions: o}
	// In this order, as each relies on those before: sums are added up over members, and texts
	// are counted by the index of errors, both of which have to be right by then.
	for _, stage := range []func(context.Context) error{
		r.records, r.details, r.indexes, r.tenantSizes, r.sessions, r.sums, r.texts, r.histories, r.troubles, r.announce,
	} {
		if err := stage(ctx); err != nil {
			return r.drift, err
		}
	}
	return r.drift, nil
}

// recountPatience is how much longer than others an exchange of a recount may take: it
// may read all components of a session.
const recountPatience = 30

// recount is one run. It has a client of its own, with deadlines of its own.
type recount struct {
	*Store
	RecountOptions
	drift    int
	verified int
	emptied  int // records that were left without details or error
}

// announce makes everybody compare what they believe to be stored with what is, if
// records were emptied: else the sync would never write them.
func (r *recount) announce(ctx context.Context) error {
	if r.emptied == 0 {
		return nil
	}
	at, err := r.db.Position(ctx)
	if err != nil {
		return err
	}
	return r.db.Renew(ctx, at.Epoch)
}

// found counts and reports a finding. Keys are shown without the namespace, which is that of
// the whole run.
func (r *recount) found(key, what string) {
	r.drift++
	if r.Report != nil {
		r.Report(Finding{strings.TrimPrefix(key, string(r.db.Keys)), what})
	}
}

// progress reports how far the run is. The cursor is that of the first stage; others begin
// again.
func (r *recount) progress(stage string, cursor uint64) {
	if r.Status != nil {
		r.Status(RecountProgress{stage, r.verified, cursor})
	}
}

// repair runs a repair. One whose record has changed meanwhile is not needed, or not
// right, any more: the next recount will find out.
func (r *recount) repair(ctx context.Context, c *change) error {
	if !r.Repair {
		return nil
	}
	if err := r.run(ctx, c); err != errConflict {
		return err
	}
	return nil
}

// scan calls visit with the keys of one kind, in chunks. A cursor is that of one server:
// the scan fails if the namespace goes to another meanwhile.
func (r *recount) scan(ctx context.Context, of schema.Kind, from uint64, visit func(keys []string, next uint64) error) error {
	// The server itself and not the cluster's client, which would ask any node for each step,
	// while a cursor means something on one only.
	node, err := r.db.Owner(ctx)
	if err != nil {
		return err
	}
	pattern := globEscape(r.db.Keys.All(of)) + "*"
	for cursor := from; ; {
		found, next, err := r.scanOnce(ctx, node, pattern, cursor)
		if err != nil {
			return err
		}
		if err := visit(found, next); err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// scanOnce scans, and has the server say before and after that it has the namespace. A Redis that is out of memory
// would refuse all three as one transaction.
func (r *recount) scanOnce(ctx context.Context, node redis.UniversalClient, pattern string, cursor uint64) ([]string, uint64, error) {
	ctx, cancel := r.db.Within(ctx)
	defer cancel()
	var scan *redis.ScanCmd
	_, err := node.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		_ = redisdb.Owns(ctx, pipe, r.db.Keys) // is queued: its error is that of the pipeline
		scan = pipe.Scan(ctx, cursor, pattern, recountChunk)
		return redisdb.Owns(ctx, pipe, r.db.Keys)
	})
	if redis.HasErrorPrefix(err, "MOVED") || redis.HasErrorPrefix(err, "ASK") || redisdb.SlotMoves(err) {
		return nil, 0, &bos.Error{
			Code: bos.Unavailable, Err: err,
			Message: "Redis Cluster moves this namespace to another node: run the recount when it has",
		}
	}
	if err != nil {
		return nil, 0, redisdb.Explain(err)
	}
	found, next := scan.Val()
	return found, next, nil
}

// recountChunk is how many keys are verified at a time.
const recountChunk = 1000

// globEscape makes a pattern match a key as it is written.
func globEscape(s string) string {
	return strings.NewReplacer("[", `\[`, "]", `\]`, "*", `\*`, "?", `\?`, `\`, `\\`).Replace(s)
}

// supports says whether the record makes that entry of that index.
func (r *recount) supports(rec *record, index, entry string) bool {
	if tenant, ok := r.db.Keys.Cut(schema.Kinds.Tenant, index); ok {
		return slices.Contains(rec.owners, tenant)
	}
	_, made := r.entries(rec)[indexEntry{index, entry}]
	return made
}

type indexEntry struct{ key, entry string }

// entries are all index entries that a record makes, with their scores.
func (r *recount) entries(rec *record) map[indexEntry]string {
	all := map[indexEntry]string{}
	id := rec.component.ID
	for _, t := range rec.owners {
		all[indexEntry{r.db.Keys.Tenant(t), id}] = "0"
	}
	if !rec.present {
		return all
	}
	all[indexEntry{r.db.Keys.IDs(), id}] = "0"
	if e := rec.component.Error; e != "" {
		all[indexEntry{r.db.Keys.ErrorIndex(), schema.ErrorEntry(bos.DigestOf(e), id)}] = "0"
	}
	rec.counted.Scopes(rec.owners, func(key bos.SessionKey) {
		h := schema.ScopeHome(key)
		if rec.counted.Session == key.Name {
			all[indexEntry{r.db.Keys.Members(h), id}] = "0"
			if g := rec.counted.Group; g != "" {
				all[indexEntry{r.db.Keys.Errors(h), schema.ErrorEntry(bos.GroupDigest(g), id)}] = "0"
			}
		}
		if rec.failedIn(key.Name) {
			all[indexEntry{r.db.Keys.Failed(h), id}] = "0"
		}
		if score, waits := rec.waitingIn(key.Name); waits {
			all[indexEntry{r.db.Keys.Waiting(h), id}] = strconv.FormatInt(score, 10)
		}
		if rec.counted.Staged == key.Name {
			all[indexEntry{r.db.Keys.Staged(h), id}] = "0"
		}
	})
	return all
}
