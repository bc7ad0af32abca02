package cache

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
	"github.com/bosgraph/bosgraph/cache/lua"
)

// rights are the commands that a store runs, itself or in its scripts, as rights.lua tries them: K stands for a key of
// the namespace, C for one of its channels.
var rights = []string{
	"COPY K K", "DEL K", "EVAL 1 0", "EVAL_RO 1 0", "EVALSHA 1 0", "EVALSHA_RO 1 0", "EXEC", "EXISTS K", "GET K", "HDEL K f", "HEXISTS K f", "HGET K f", "HGETALL K", "HINCRBY K f 1", "HKEYS K",
	"HMGET K f", "HSET K f v", "HSETNX K f v", "HSTRLEN K f", "INFO", "LLEN K", "LRANGE K 0 1", "LTRIM K 0 1", "MGET K", "MSET K v", "MULTI",
	"PEXPIRE K 1", "PING", "PUBLISH C m", "RPUSH K v", "SCAN 0", "SCRIPT LOAD 1", "SELECT 0", "SET K v", "STRLEN K", "SUBSCRIBE C", "TIME", "XADD K * f v", "XDEL K 0-1", "XLEN K", "XRANGE K - +", "ZADD K 0 m", "ZCARD K",
	"ZCOUNT K 0 1", "ZINCRBY K 1 m", "ZLEXCOUNT K - +", "ZMSCORE K m", "ZRANGE K 0 1", "ZRANGEBYLEX K - +", "ZRANGEBYSCORE K 0 1", "ZRANK K m", "ZREM K m",
	"ZREVRANGEBYLEX K + -", "ZSCAN K 0", "ZSCORE K m",
}

// Those that only some need: of a cluster, its client's; with Options.Replicas, to wait for them.
var (
	clusterRights = []string{"ASKING", "CLUSTER SLOTS", "COMMAND"}
	waitRight     = "WAIT 1 1"
)

// subcommands are those of which the right is one of a part.
var subcommands = []string{"CLUSTER", "SCRIPT"}

// rightOf is how an ACL writes the right to a command.
func rightOf(command string) string {
	words := strings.Fields(strings.ToLower(command))
	if slices.Contains(subcommands, strings.ToUpper(words[0])) {
		return "+" + words[0] + "|" + words[1]
	}
	return "+" + words[0]
}

// channelsOf is the rule of the channels.
func channelsOf(namespace string) string { return "&{" + namespace + "}:*" }

// ACL is what a user of Redis needs for a namespace, as ACL SETUSER takes it.
func ACL(namespace string) []string {
	rules := []string{"~{" + namespace + "}:*", channelsOf(namespace)}
	for _, command := range slices.Concat(rights, clusterRights, []string{waitRight}) {
		rules = append(rules, rightOf(command))
	}
	return rules
}

// lacking returns the rules of the ACL that the user lacks, and the commands that the server does not
// know. Nothing is written.
func (s *Store) lacking(ctx context.Context) (rules, unknown []string, err error) {
	all := slices.Clone(rights)
	if _, cluster := s.db.Client.(*redis.ClusterClient); cluster {
		all = append(all, clusterRights...)
	}
	if s.options.Replicas > 0 {
		all = append(all, waitRight)
	}
	var args []any
	for _, command := range all {
		words := strings.Fields(command)
		args = append(args, len(words))
		for _, w := range words {
			switch w {
			case "K":
				w = s.db.Keys.Meta()
			case "C":
				w = s.db.Keys.Notices()
			}
			args = append(args, w)
		}
	}
	found, err := lua.Rights.Eval(ctx, s.db.Client, []string{s.db.Keys.Meta()}, args...).Int64Slice()
	if err != nil {
		return nil, nil, err
	}
	for _, n := range found {
		if n < 0 {
			unknown = append(unknown, strings.Fields(all[-n-1])[0])
		} else {
			rules = append(rules, rightOf(all[n-1]))
		}
	}
	return rules, unknown, nil
}

// manyRights is how many commands a user lacks whose keys or channels are the cause.
const manyRights = 20

// checkRights tries what the user may do.
func (s *Store) checkRights(ctx context.Context) bos.Finding {
	f := bos.Finding{Subject: "Redis rights", Level: bos.Fine, Text: "the user may do all that is needed"}
	rules, unknown, err := s.lacking(ctx)
	switch {
	case bos.ReasonOf(redisdb.Explain(err)) == bos.RedisNoPermission:
		return refused(f, fmt.Sprintf("the user may not run EVAL on ~{%s}:*: %v", s.options.Namespace, err), "ACL SETUSER with the rights in docs/operations.md, The ACL user")
	case bos.ReasonOf(redisdb.Explain(err)) != "":
		return broken(f.Subject, err)
	case err != nil:
		return refused(f, "its scripts do not run: "+err.Error(), "use Redis 7.0 or later, or Valkey 7.2 or later")
	case len(unknown) > 0:
		return refused(f, "the server does not know "+strings.Join(unknown, ", "), "use Redis 7.0 or later, or Valkey 7.2 or later; a command that was renamed needs its name back")
	case len(rules) >= manyRights:
		rules = []string{fmt.Sprintf("~{%s}:*", s.options.Namespace)}
	}
	// What the command and its channel have in common can't be distinguished: both are named, and to have both helps in any case.
	if slices.ContainsFunc(rules, func(r string) bool { return slices.Contains([]string{"+publish", "+subscribe"}, r) }) {
		rules = append(rules, channelsOf(s.options.Namespace))
	}
	if len(rules) > 0 {
		return refused(f, "the user lacks "+strings.Join(rules, " "), "ACL SETUSER "+s.user()+" "+strings.Join(rules, " ")+", see docs/operations.md, The ACL user")
	}
	return f
}

// user is whom it logs in as.
func (s *Store) user() string {
	u, err := url.Parse(s.options.URL)
	if err != nil {
		u = &url.URL{}
	}
	return cmp.Or(s.options.User, u.User.Username(), "default")
}

// refused makes a finding one with which a server does not start.
func refused(f bos.Finding, text, fix string) bos.Finding {
	f.Level, f.Text, f.Fix, f.Refused = bos.Failure, text, fix, true
	return f
}
