package status

import (
	"strconv"
	"strings"
)

// Namespace is bosgraph's namespace of the benchmark.
const Namespace = "bench"

// The names of keys and channels; bosgraph's package cache documents them. The
// sessions have no tenant, so that the part before the slash is empty.
const (
	Meta    = "{" + Namespace + "}:meta" // hash; its field rev counts revisions
	session = "{" + Namespace + "}:s:/"
	notices = "{" + Namespace + "}:n:/"

	// Notices is where bosgraph follows all changes: see Notice.
	Notices = "{" + Namespace + "}:n"

	// AllNotices is a pattern that the channels of all sessions match.
	AllNotices = notices + "*"
)

// Key is the hash that a session's status is made of.
func Key(name string) string { return session + name }

// Notice is what is published of an update of one session.
func Notice(name string, revision int64) string {
	return strconv.FormatInt(revision, 10) + "\n/" + name
}

// Channel is where changes of a session are published besides: the other servers follow these, and earlier versions of bosgraph.
func Channel(name string) string { return notices + name }

// Named is the session that a channel is about.
func Named(channel string) string { return strings.TrimPrefix(channel, notices) }
