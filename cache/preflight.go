package cache

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// mostSkew is by how much the clocks of Redis and of this machine may differ. Nothing is decided by the difference,
// but times in a log of one are looked for in that of the other.
const mostSkew = 5 * time.Second

// Unanswered is the subject of the only finding about a Redis that gives no answer.
const Unanswered = "Redis"

// Preflight looks at whether Redis is one that the store can keep its promises with, and writes nothing. Findings are
// in the order in which they were made; one that keeps the rest from being looked at is the last.
func (s *Store) Preflight(ctx context.Context) []bos.Finding {
	ctx, cancel := s.db.Within(redisdb.Unobserved(ctx))
	defer cancel()
	fields, skew, err := s.surroundings(ctx)
	if err != nil {
		return []bos.Finding{broken(Unanswered, err)}
	}
	// First: a Sentinel lacks what an engine is known by.
	if mode := s.mode(fields); mode.Refused {
		return []bos.Finding{mode}
	}
	all := []bos.Finding{engine(fields)}
	if all[0].Refused {
		return all // its scripts may differ
	}
	all = append(all, s.checkRights(ctx))
	if last := all[len(all)-1]; last.Level == bos.Failure {
		return all
	}
	v := vitalsOf(fields)
	return append(all, s.checkSchema(ctx), checkRole(fields), checkPolicy(v), checkSaving(v), checkMemory(v), s.checkReplicas(fields), checkClock(skew))
}

// TryWrite writes a key that expires within seconds, as each change would: so that what keeps Redis from taking any is found before.
func (s *Store) TryWrite(ctx context.Context) bos.Finding {
	ctx, cancel := s.db.Within(redisdb.Unobserved(ctx))
	defer cancel()
	if err := s.db.Client.Set(ctx, s.db.Keys.Answer("check-"+rand.Text()), "", 5*time.Second).Err(); err != nil {
		return broken("Redis writes", err)
	}
	return bos.Finding{Subject: "Redis writes", Level: bos.Fine, Text: "a write was accepted"}
}

// broken is a finding of an error that Redis, or the way to it, answers with.
func broken(subject string, err error) bos.Finding {
	f := bos.Finding{Subject: subject, Level: bos.Failure, Text: err.Error(), Reason: bos.ReasonOf(redisdb.Explain(err))}
	f.Fix = "look at the log of Redis"
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &untrusted):
		f.Fix = "have --redis-ca-file name the authority of its certificate, and --redis-url a host that it is for"
	case strings.Contains(f.Text, "cluster support disabled"):
		f.Fix = "this is no cluster: write --redis-url as redis://host:6379"
	case strings.Contains(f.Text, "all sentinels") && errors.Is(err, redis.Nil):
		f.Fix = "Sentinel knows no master of that name: correct master_name in --redis-url"
	case f.Reason != "":
		f.Fix = "see " + string(f.Reason) + " in docs/operations.md, States of Redis"
	}
	return f
}

// surroundings reads what Redis says of itself, and by how much its clock is ahead.
func (s *Store) surroundings(ctx context.Context) (fields map[string]string, skew time.Duration, err error) {
	node, err := s.db.Master(ctx)
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	pipe := node.Pipeline()
	clock := pipe.Time(ctx)
	sections := []*redis.StringCmd{}
	for _, section := range []string{"server", "memory", "persistence", "stats", "replication"} {
		sections = append(sections, pipe.Info(ctx, section))
	}
	fields = map[string]string{}
	_, err = pipe.Exec(ctx)
	switch reason := bos.ReasonOf(redisdb.Explain(err)); {
	case err == nil:
	case reason == bos.RedisNoPermission:
		fields["refused"] = "1"
	case reason != "" || !errors.As(err, new(redis.Error)):
		return nil, 0, err
	} // else it is an answer, too: of a server that does not know all that was asked
	for _, section := range sections {
		parseInfo(fields, section.Val()) // what is refused is found by its right
	}
	if clock.Err() == nil {
		skew = clock.Val().Sub(began.Add(time.Since(began) / 2))
	}
	return fields, skew, nil
}

// others are products that speak Redis' protocol and are not it: by the field of INFO that only they have.
var others = []struct{ field, name string }{
	{"dragonfly_version", "Dragonfly"}, {"upstash_version", "Upstash"}, {"garnet_version", "Garnet"}, {"kvrocks_version", "Kvrocks"},
}

// The least versions.
var (
	leastRedis  = []int{7, 0}
	leastValkey = []int{7, 2}
)

// engine looks at what program it is. That it is one of those which are tested is what all guarantees rest on: one script is one
// atomic write, and no two histories of the data have the same replication id.
func engine(fields map[string]string) bos.Finding {
	f := bos.Finding{Subject: "Redis version", Level: bos.Fine}
	const use = "use Redis 7.0 or later, or Valkey 7.2 or later"
	name, version, least := "Redis", fields["redis_version"], leastRedis
	if v := fields["valkey_version"]; v != "" {
		name, version, least = "Valkey", v, leastValkey
	}
	if strings.Contains(fields["executable"], "keydb") {
		return refused(f, "this is KeyDB "+version+", which lacks what Redis 7.0 has", use)
	}
	for _, other := range others {
		if v := fields[other.field]; v != "" {
			return refused(f, "this is "+other.name+" "+v+", whose scripts and replication are not those of Redis", use)
		}
	}
	f.Text = name + " " + version
	switch {
	case fields["refused"] != "" && version == "":
		f.Text = "not known: the user may not ask for it"
	case version == "":
		return refused(f, "it does not say which server it is: INFO server has no version", use)
	case slices.Compare(numbers(version), least) < 0:
		return refused(f, fmt.Sprintf("this is %s %s, and %d.%d is needed", name, version, least[0], least[1]), use)
	// Serverless offerings hide which server answers: nothing could prove that nothing was lost.
	case fields["master_replid"] == "" || fields["run_id"] == "":
		return refused(f, "INFO shows no replication id, by which a loss of data is noticed: this looks like a serverless offering", "use a Redis or Valkey that is a server of its own, or a cluster of such")
	}
	return f
}

// numbers are those of a version.
func numbers(version string) (all []int) {
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		all = append(all, n)
	}
	return all
}

// mode compares what it is with what the URL says.
func (s *Store) mode(fields map[string]string) bos.Finding {
	f := bos.Finding{Subject: "Redis mode", Level: bos.Fine, Text: fields["redis_mode"]}
	_, cluster := s.db.Client.(*redis.ClusterClient)
	switch {
	case fields["redis_mode"] == "sentinel":
		return refused(f, "this is a Sentinel, which keeps no data", "write --redis-url as redis+sentinel://host:26379?master_name=NAME")
	case fields["redis_mode"] == "cluster" && !cluster:
		return refused(f, "this is a node of a cluster, which has only some of the keys", "write --redis-url as redis+cluster://host:6379")
	}
	return f
}

// checkSchema looks at whose data the namespace has.
func (s *Store) checkSchema(ctx context.Context) bos.Finding {
	f := bos.Finding{Subject: "namespace", Level: bos.Fine, Text: s.options.Namespace}
	version, err := s.db.Client.HGet(ctx, s.db.Keys.Meta(), schema.Meta.Schema.Name).Result()
	switch {
	case err == redis.Nil:
		f.Text += ", empty"
	case err != nil:
		return broken(f.Subject, err)
	default:
		if err := redisdb.CheckSchema(version); err != nil {
			return refused(f, err.Error(), "see docs/operations.md, Upgrade")
		}
	}
	return f
}

// Used says whether a server has ever used the namespace in this Redis.
func (s *Store) Used(ctx context.Context) (bool, error) {
	n, err := s.db.Client.Exists(ctx, s.db.Keys.Meta()).Result()
	return n == 1, redisdb.Explain(err)
}

func checkRole(fields map[string]string) bos.Finding {
	f := bos.Finding{Subject: "Redis role", Level: bos.Fine, Text: fields["role"]}
	if fields["role"] != "master" {
		f.Level, f.Reason, f.Text = bos.Failure, bos.RedisReadOnly, "this is a replica of "+fields["master_host"]+", which takes no changes"
		f.Fix = "write --redis-url with the master, or with redis+sentinel:// or redis+cluster://, which find it"
	}
	return f
}

func checkPolicy(v *vitals) bos.Finding {
	f := bos.Finding{Subject: "maxmemory-policy", Level: bos.Fine, Text: v.policy}
	if v.policy != "noeviction" {
		f.Level, f.Reason, f.Text = bos.Warning, bos.RedisMayEvict, v.policy+": when its memory is full, Redis removes sessions instead of refusing changes"
		f.Fix = "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf"
	}
	return f
}

func checkSaving(v *vitals) bos.Finding {
	f := bos.Finding{Subject: "persistence", Level: bos.Fine, Text: "append-only file"}
	switch {
	case v.aofWrite == "err" || v.aofRewrite == "err" || v.rdbSave == "err":
		f.Level, f.Reason, f.Text, f.Fix = bos.Failure, bos.RedisDiskError, "Redis could not write to its disk", "see docs/operations.md, Redis cannot save"
	case !v.aof:
		f.Level, f.Text = bos.Warning, "the append-only file is off: a restart of Redis loses what changed since its last snapshot, or everything"
		f.Fix = "CONFIG SET appendonly yes, and the same in redis.conf"
	}
	return f
}

func checkMemory(v *vitals) bos.Finding {
	f := bos.Finding{Subject: "memory", Level: bos.Fine, Text: fmt.Sprintf("%d MB used, no bound", v.used>>20)}
	if v.maxMemory > 0 {
		f.Text = fmt.Sprintf("%d MB used of %d MB", v.used>>20, v.maxMemory>>20)
		if 100*v.used/v.maxMemory >= nearlyFull {
			f.Level, f.Reason, f.Fix = bos.Warning, bos.RedisMemoryNearMax, "raise maxmemory, see docs/operations.md, Out of memory"
		}
	}
	return f
}

func (s *Store) checkReplicas(fields map[string]string) bos.Finding {
	n, _ := strconv.Atoi(fields["connected_slaves"]) // 0 for what is no number
	f := bos.Finding{Subject: "replicas", Level: bos.Fine, Text: fmt.Sprint(n, " connected")}
	if n < s.options.Replicas {
		f.Level, f.Text = bos.Failure, fmt.Sprintf("%d connected, and --redis-wait waits for %d: every change is answered UNAVAILABLE", n, s.options.Replicas)
		f.Fix = "bring replicas back, or lower --redis-wait"
	}
	return f
}

func checkClock(skew time.Duration) bos.Finding {
	f := bos.Finding{Subject: "clock", Level: bos.Fine, Text: fmt.Sprintf("differs from that of Redis by %v", skew.Abs().Round(time.Millisecond))}
	if skew.Abs() > mostSkew {
		f.Level, f.Fix = bos.Warning, "synchronize both machines by NTP"
	}
	return f
}
