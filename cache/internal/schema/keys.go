package schema

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// Keys names the keys of one namespace: it is the prefix of them all, a hash tag.
type Keys string

// KeysOf are the keys of the namespace of that name.
func KeysOf(namespace string) Keys { return Keys("{" + namespace + "}:") }

func (k Keys) Meta() string       { return k.key(Kinds.Meta, "") }
func (k Keys) Epoch() string      { return k.key(Kinds.Epoch, "") }
func (k Keys) IDs() string        { return k.key(Kinds.IDs, "") }
func (k Keys) ErrorIndex() string { return k.key(Kinds.ErrorIndex, "") }
func (k Keys) Texts() string      { return k.key(Kinds.Texts, "") }
func (k Keys) References() string { return k.key(Kinds.References, "") }
func (k Keys) Sessions() string   { return k.key(Kinds.Sessions, "") }
func (k Keys) Frozen() string     { return k.key(Kinds.Frozen, "") }
func (k Keys) Batches() string    { return k.key(Kinds.Batches, "") }
func (k Keys) Facets() string     { return k.key(Kinds.Facets, "") }
func (k Keys) Tenants() string    { return k.key(Kinds.Tenants, "") }
func (k Keys) Lease() string      { return k.key(Kinds.Lease, "") }
func (k Keys) Sender() string     { return k.key(Kinds.Sender, "") }
func (k Keys) Outbox() string     { return k.key(Kinds.Outbox, "") }
func (k Keys) Targets() string    { return k.key(Kinds.Targets, "") }
func (k Keys) Templates() string  { return k.key(Kinds.Templates, "") }
func (k Keys) Options() string    { return k.key(Kinds.Options, "") }

func (k Keys) Component(id string) string    { return k.key(Kinds.Component, id) }
func (k Keys) Details(id string) string      { return k.key(Kinds.Details, id) }
func (k Keys) Stays(id string) string        { return k.key(Kinds.Stays, id) }
func (k Keys) Tenant(name string) string     { return k.key(Kinds.Tenant, name) }
func (k Keys) Queue(target string) string    { return k.key(Kinds.Queue, target) }
func (k Keys) Failures(target string) string { return k.key(Kinds.Failures, target) }
func (k Keys) Dead(target string) string     { return k.key(Kinds.Dead, target) }
func (k Keys) Answer(write string) string    { return k.key(Kinds.Answer, write) }

func (k Keys) Session(h Home) string          { return k.key(Kinds.Session, string(h)) }
func (k Keys) Extras(h Home) string           { return k.key(Kinds.Extras, string(h)) }
func (k Keys) FrozenGroups(h Home) string     { return k.key(Kinds.FrozenGroups, string(h)) }
func (k Keys) FrozenErrors(h Home) string     { return k.key(Kinds.FrozenErrors, string(h)) }
func (k Keys) Failed(h Home) string           { return k.key(Kinds.Failed, string(h)) }
func (k Keys) FrozenFailed(h Home) string     { return k.key(Kinds.FrozenFailed, string(h)) }
func (k Keys) FrozenCabinets(h Home) string   { return k.key(Kinds.FrozenCabinets, string(h)) }
func (k Keys) Members(h Home) string          { return k.key(Kinds.Members, string(h)) }
func (k Keys) Staged(h Home) string           { return k.key(Kinds.Staged, string(h)) }
func (k Keys) Groups(h Home) string           { return k.key(Kinds.Groups, string(h)) }
func (k Keys) Errors(h Home) string           { return k.key(Kinds.Errors, string(h)) }
func (k Keys) Log(h Home) string              { return k.key(Kinds.Log, string(h)) }
func (k Keys) Progress(h Home) string         { return k.key(Kinds.Progress, string(h)) }
func (k Keys) Waiting(h Home) string          { return k.key(Kinds.Waiting, string(h)) }
func (k Keys) History(h Home) string          { return k.key(Kinds.History, string(h)) }
func (k Keys) Troubles(b Troubles) string     { return k.key(Kinds.Troubles, b.String()) }
func (k Keys) LastFailures(b Troubles) string { return k.key(Kinds.LastFailures, b.String()) }
func (k Keys) FrozenMembers(h Home) string    { return k.key(Kinds.FrozenMembers, string(h)) }
func (k Keys) FrozenStaged(h Home) string     { return k.key(Kinds.FrozenStaged, string(h)) }

// Alike lists the sessions that can be compared with one.
func (k Keys) Alike(s *bos.Session) string {
	return k.key(Kinds.Alike, string(s.Operation)+":"+s.Tenant+"/"+s.TemplateName)
}

// Notices is the channel of the notices of all writes.
func (k Keys) Notices() string { return string(k) + Channels.Notices.Prefix }

// Probes is the channel of the probes of one feed.
func (k Keys) Probes(feed string) string { return string(k) + Channels.Probes.Prefix + feed }

// Traces is the channel of writes that belong to traces.
func (k Keys) Traces() string { return string(k) + Channels.Traces.Prefix }

// Home is where the keys of a session are: at its scope or, once a newer session has taken
// the name of one that was deleted, at its incarnation.
type Home string

// ScopeHome is the home of the session that has the name now, HistoryHome that of an
// incarnation whose name was taken again.
func ScopeHome(scope bos.SessionKey) Home { return Home(scope.String()) }
func HistoryHome(incarnation string) Home { return Home(historyMark + incarnation) }

// historyMark is in front of no tenant's name.
const historyMark = "@"

// IsHistory says whether a home is that of an incarnation, and so has no scope's keys.
func (h Home) IsHistory() bool { return strings.HasPrefix(string(h), historyMark) }

// SessionPosition is a session's place in the list of all: by start, then by
// incarnation. The width keeps the order of text that of numbers.
func SessionPosition(s *bos.Session) string {
	return SessionAt(HistoryPosition(s), s.SessionKey)
}

// SessionAt is SessionPosition of the session at a position among those of its name (HistoryPosition).
func SessionAt(history string, key bos.SessionKey) string { return history + ":" + key.String() }

// ParseSessionPosition reads what SessionPosition wrote.
func ParseSessionPosition(p string) (key bos.SessionKey, incarnation string, ok bool) {
	parts := strings.SplitN(p, ":", 3)
	if len(parts) != 3 {
		return bos.SessionKey{}, "", false
	}
	return bos.ParseSessionKey(parts[2]), parts[1], true
}

// HistoryPosition is a session's place among those of its name.
func HistoryPosition(s *bos.Session) string {
	return StartPosition(s.StartTime) + ":" + s.Incarnation
}

// HistoryIncarnation is the incarnation in what HistoryPosition wrote.
func HistoryIncarnation(p string) string {
	_, incarnation, _ := strings.Cut(p, ":")
	return incarnation
}

// StartPosition orders starts by their microseconds; one that cannot be read
// comes first.
func StartPosition(t bos.Time) string {
	at, err := t.UTC()
	if err != nil || at.Unix() < 0 {
		return StartAt(0)
	}
	return StartAt(at.UnixMicro())
}

// StartAt is StartPosition of a moment in microseconds, in Unix time.
func StartAt(micros int64) string { return fmt.Sprintf("%018d", micros) }

// FrozenEntry is a session's entry in the list by time of freezing.
func FrozenEntry(s *bos.Session) string { return s.Incarnation + ":" + s.SessionKey.String() }

// ParseFrozenEntry reads what FrozenEntry wrote.
func ParseFrozenEntry(entry string) (incarnation string, key bos.SessionKey, ok bool) {
	incarnation, scope, ok := strings.Cut(entry, ":")
	return incarnation, bos.ParseSessionKey(scope), ok
}

// waitSpan is how many seconds there is room for in a score behind what is waited for: with the 53
// bits of a score, it is exact for a million kinds of wait.
const waitSpan = 1 << 33

// WaitScore is the score of a component that waits: those that wait for the same are a range, ordered by the second
// since when they have had their status. 0 is for an unknown time.
func WaitScore(w bos.Wait, since int64) int64 {
	return int64(slices.Index(bos.Waits, w))*waitSpan + since
}

// ParseWaitScore reads the second of what WaitScore wrote.
func ParseWaitScore(score float64) (since int64) { return int64(score) % waitSpan }

// WaitRange is the first score of those that wait for the same, and the first behind them.
func WaitRange(w bos.Wait) (first, end int64) {
	first = WaitScore(w, 0)
	return first, first + waitSpan
}

// Troubles are the failures of a day (UTC), counted from 1970: those in a tenant's sessions, or in any for "", of a template, or
// of any for "".
type Troubles struct {
	Day              int64
	Tenant, Template string
}

func (t Troubles) String() string { return fmt.Sprintf("%d:%s/%s", t.Day, t.Tenant, t.Template) }

// ParseTroubles reads what String wrote.
func ParseTroubles(text string) (t Troubles, ok bool) {
	day, rest, ok := strings.Cut(text, ":")
	tenant, template, ok2 := strings.Cut(rest, "/")
	n, err := strconv.ParseInt(day, 10, 64)
	return Troubles{n, tenant, template}, ok && ok2 && err == nil
}

// maxSessions is how many sessions of a day there is room for in a score, below the failures.
const maxSessions = 1 << 20

// TroubleScore is the score of a component that failed so many times, and for the first time in so many sessions.
func TroubleScore(failures, sessions int) int64 { return int64(failures)*maxSessions + int64(sessions) }

// ParseTroubleScore reads a sum of what TroubleScore wrote.
func ParseTroubleScore(score int64) (failures, sessions int) {
	return int(score / maxSessions), int(score % maxSessions)
}

// ErrorEntry is a component's entry in an index of errors.
func ErrorEntry(d bos.Digest, id string) string { return string(d) + " " + id }

// EntryID is the id in an entry of an index of errors.
func EntryID(entry string) string {
	_, id, _ := strings.Cut(entry, " ")
	return id
}
