package cache

import (
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// The fields of s:<home>; doc.go says what they hold.
const (
	fieldIncarnation = "i"
	fieldVersion     = "v"
	fieldRevision    = "r"
	fieldFrozenAt    = "z"
	frozenPrefix     = "F"
)

// recordFields are the fields of the record and the snapshot: all but the
// counters, which belong to the scope.
var recordFields = strings.Fields("i v op tp fl src st b0 e0 del w k z Fr Fm Ft Ff Fs Fc Fo Fp Fa Fb")

// headFields are read with every session, statusFields for its status, besides.
var (
	headFields   = strings.Fields("i v op tp fl src st b0 e0 del z")
	statusFields = strings.Fields("r m t s f c o p a b Fr Fm Ft Fs Ff Fc Fo Fp Fa Fb")
)

// lead makes the fields that every write of a component reads and sets the first
// ones of a new hash: Redis finds a field of a small hash by going through it.
func (c *change) lead(h home) {
	for _, field := range append([]string{"w", fieldRevision}, counterFields...) {
		c.do("HSETNX", c.keys.session(h), field, "0")
	}
	c.do("HSETNX", c.keys.session(h), "k", noSample)
}

// store writes a session's record. The script sets its version.
func (c *change) store(h home, s *bos.Session) {
	flags := ""
	if s.Stage {
		flags += "s"
	}
	if s.IncludeDisabled {
		flags += "d"
	}
	watched := "0"
	switch {
	case s.SelfCompleting():
		watched = "1"
	case s.State == bos.StateRunning:
		watched = "3"
	}
	c.do("HSET", c.keys.session(h), "i", s.Incarnation, "op", string(s.Operation), "tp", s.TemplateName, "fl", flags,
		"src", string(s.Source), "st", string(s.State), "b0", string(s.StartTime), "e0", string(s.EndTime), "w", watched)
	c.do("HSET", c.keys.extras(h), "limit", s.Details.Limit, "error", s.Details.Error, "initial", s.Details.InitialComponents)
	c.do("ZADD", c.keys.alike(s), "0", sessionPosition(s))
}

// sessionHash is a session's hash as it was read.
type sessionHash map[string]string

func (m sessionHash) fill(fields []string, values []any) {
	for i, f := range fields {
		if v, ok := values[i].(string); ok {
			m[f] = v
		}
	}
}

// session makes the record of the hash, or nil where there is none.
func (m sessionHash) session(key bos.SessionKey) *bos.Session {
	if m[fieldIncarnation] == "" {
		return nil
	}
	s := &bos.Session{
		Incarnation: m[fieldIncarnation], SessionKey: key, Operation: bos.Operation(m["op"]), TemplateName: m["tp"],
		Stage: strings.Contains(m["fl"], "s"), IncludeDisabled: strings.Contains(m["fl"], "d"),
		Source: bos.Source(m["src"]), State: bos.State(m["st"]), StartTime: bos.Time(m["b0"]), EndTime: bos.Time(m["e0"]),
		Deleted: m["del"] != "", Version: m[fieldVersion],
	}
	// A session that completed by itself ended when it was frozen, on Redis'
	// clock, which may lie a little before the clock that it was started by.
	if frozen, ok := m.frozenAt(); ok && s.State == bos.StateComplete && s.EndTime == "" {
		s.EndTime = bos.TimeOf(frozen)
		if start, err := s.StartTime.UTC(); err == nil && start.After(frozen) {
			s.EndTime = s.StartTime
		}
	}
	return s
}

func (m sessionHash) frozenAt() (time.Time, bool) {
	seconds, micros, ok := strings.Cut(m[fieldFrozenAt], ".")
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(m.number(seconds), m.number(micros)*1000).UTC(), true
}

// number reads what Redis itself has counted.
func (sessionHash) number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// status makes the status of the hash: as it was frozen, or as it is.
func (m sessionHash) status(s *bos.Session, now time.Time) *bos.Status {
	st := &bos.Status{Session: s, AsOf: now.UTC()}
	prefix := ""
	if at, ok := m.frozenAt(); ok {
		prefix, st.FromSnapshot, st.AsOf = frozenPrefix, true, at
	}
	st.Revision = m.number(m[prefix+fieldRevision])
	count := func(field string) int { return int(m.number(m[prefix+field])) }
	st.Tally = bos.Tally{
		Managed: count("m"), Staged: count("t"), Successful: count("s"), Failed: count("f"), Configuring: count("c"),
		PoweringOff: count("o"), PoweringOn: count("p"), Active: count("a"), Both: count("b"),
	}
	st.Timing, _ = bos.TimingOf(s.StartTime, s.EndTime, now) // of a start that can't be read: 0
	return st
}

// frozenEntry is a session's entry in the list by time of freezing.
func frozenEntry(s *bos.Session) string { return s.Incarnation + ":" + s.SessionKey.String() }

func parseFrozenEntry(entry string) (incarnation string, key bos.SessionKey, ok bool) {
	incarnation, scope, ok := strings.Cut(entry, ":")
	return incarnation, bos.ParseSessionKey(scope), ok
}
