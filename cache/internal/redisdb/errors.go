package redisdb

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// state is a condition of Redis in which it does not do what it is asked. docs/operations.md
// has a row for each.
type state struct {
	reason  bos.Reason
	log     string // the log line when it begins
	message string // what users read: true in this state, without addresses
	wide    bool   // nothing works: any answer of Redis ends it
}

const (
	AskAdministrator = "ask the administrator, see docs/operations.md"
	sendAgain        = "try again in a moment; a change that was sent may be sent again"
)

// states are all of them, by reason.
var states = byReason(
	state{bos.RedisUnreachable, "Redis unreachable", "Redis cannot be reached: " + sendAgain, true},
	state{bos.RedisTimeout, "Redis does not answer in time", "Redis does not answer: " + sendAgain, true},
	state{bos.RedisLoading, "Redis is loading its data", "Redis has just started and is loading its data: " + sendAgain, true},
	state{bos.RedisReadOnly, "Redis is a read-only replica; writes fail",
		"Redis is a read-only replica now: nothing was changed; try again in a moment, or " + AskAdministrator, false},
	state{bos.RedisOutOfMemory, "Redis is out of memory; writes fail",
		"Redis is out of memory: nothing was changed; " + AskAdministrator, false},
	state{bos.RedisDiskError, "Redis cannot write to its disk; writes fail",
		"Redis cannot write to its disk and takes no changes: nothing was changed; " + AskAdministrator, false},
	state{bos.RedisNoPermission, "Redis user lacks a permission",
		"this server's Redis user lacks a permission: nothing was changed; " + AskAdministrator, false},
	state{bos.RedisAuthentication, "Redis rejects the user or password",
		"Redis does not accept this server's user or password: " + AskAdministrator, true},
	state{bos.RedisClusterDown, "Redis Cluster is down",
		"the Redis Cluster is down or does not serve this part of the data: " + sendAgain, true},
	state{bos.RedisBusy, "Redis is busy", "Redis is busy: " + sendAgain, true},
	state{bos.RedisMaxClients, "Redis accepts no more connections",
		"Redis accepts no more connections: try again in a moment, or " + AskAdministrator, true},
	state{bos.RedisNoReplicas, "Redis has too few replicas; writes fail",
		"Redis has fewer replicas than it needs to take changes: nothing was changed; " + AskAdministrator, false},
	state{bos.TooManyOpenFiles, "cannot connect to Redis: too many open files",
		"this server has no file descriptors left to reach Redis: try again in a moment, or " + AskAdministrator, true},
)

func byReason(all ...state) map[bos.Reason]*state {
	m := make(map[bos.Reason]*state, len(all))
	for _, s := range all {
		m[s.reason] = &s
	}
	return m
}

// words are the beginnings of errors, and what they mean.
var words = []struct {
	prefix string
	reason bos.Reason
}{
	{"LOADING", bos.RedisLoading},
	{"MASTERDOWN", bos.RedisReadOnly}, // a replica that has lost its master and serves nothing
	{"READONLY", bos.RedisReadOnly},
	{"OOM", bos.RedisOutOfMemory},
	{"MISCONF", bos.RedisDiskError},
	{"NOPERM", bos.RedisNoPermission},
	{"ERR The user executing the script", bos.RedisNoPermission}, // NOPERM, as 7.0 says it of scripts
	{"ERR ACL failure in script", bos.RedisNoPermission},
	{"NOAUTH", bos.RedisAuthentication},
	{"WRONGPASS", bos.RedisAuthentication},
	{"ERR AUTH", bos.RedisAuthentication}, // a password is sent, but Redis has none
	{"CLUSTERDOWN", bos.RedisClusterDown},
	{"MOVED", bos.RedisClusterDown}, // too often for the client, which follows a few
	{"ASK", bos.RedisClusterDown},
	{"TRYAGAIN", bos.RedisBusy},
	{"BUSY", bos.RedisBusy},
	{"ERR Script attempted to", bos.RedisClusterDown}, // what a cluster says of a script that it stops, before its first write
	{"ERR max number of clients", bos.RedisMaxClients},
	{"NOREPLICAS", bos.RedisNoReplicas},
	{"tls: ", bos.RedisUnreachable}, // not Redis' own: of its certificate, or of a server that has none
}

// stateOf says in which state of Redis an error arose: nil if it is about something else.
func stateOf(err error) *state {
	// What the client puts in front of Redis' own words differs: those count, wherever the
	// chain has them.
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, w := range words {
			if strings.HasPrefix(e.Error(), w.prefix) {
				return states[w.reason]
			}
		}
	}
	var netErr net.Error
	text := err.Error()
	switch {
	// First: it is an error of the network as well, and would be taken for a Redis that is
	// away.
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return states[bos.TooManyOpenFiles]
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, redis.ErrPoolTimeout), errors.As(err, &netErr) && netErr.Timeout():
		return states[bos.RedisTimeout]
	case netErr != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, redis.ErrClosed), errors.Is(err, net.ErrClosed),
		strings.HasPrefix(text, "redis: all sentinels"), strings.Contains(text, "cluster has no nodes"):
		return states[bos.RedisUnreachable]
	}
	return nil
}

// Explain makes an error of Redis into one for users where it is about the state that
// Redis is in; all others are internal.
func Explain(err error) error {
	var known *bos.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	s := stateOf(err)
	if s == nil {
		return err
	}
	return &bos.Error{Code: bos.Unavailable, Reason: s.reason, Message: s.message, Err: err}
}
