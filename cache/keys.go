package cache

import (
	"fmt"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// keys names the keys of one namespace; doc.go says what they hold.
type keys string // the prefix

func keysOf(namespace string) keys { return keys("{" + namespace + "}:") }

func (k keys) meta() string       { return string(k) + "meta" }
func (k keys) ids() string        { return string(k) + "ids" }
func (k keys) errorIndex() string { return string(k) + "ei" }
func (k keys) texts() string      { return string(k) + "tx" }
func (k keys) sessions() string   { return string(k) + "sx" }
func (k keys) frozen() string     { return string(k) + "rx" }

func (k keys) component(id string) string { return string(k) + "c:" + id }
func (k keys) details(id string) string   { return string(k) + "d:" + id }
func (k keys) tenant(name string) string  { return string(k) + "tn:" + name }

func (k keys) session(h home) string      { return string(k) + "s:" + string(h) }
func (k keys) extras(h home) string       { return string(k) + "x:" + string(h) }
func (k keys) frozenGroups(h home) string { return string(k) + "fg:" + string(h) }
func (k keys) frozenErrors(h home) string { return string(k) + "fe:" + string(h) }
func (k keys) members(h home) string      { return string(k) + "m:" + string(h) }
func (k keys) staged(h home) string       { return string(k) + "st:" + string(h) }
func (k keys) groups(h home) string       { return string(k) + "g:" + string(h) }
func (k keys) errors(h home) string       { return string(k) + "e:" + string(h) }
func (k keys) log(h home) string          { return string(k) + "log:" + string(h) }
func (k keys) course(h home) string       { return string(k) + "co:" + string(h) }
func (k keys) active(h home) string       { return string(k) + "a:" + string(h) }
func (k keys) history(h home) string      { return string(k) + "h:" + string(h) }

// alike lists the sessions that can be compared with one.
func (k keys) alike(s *bos.Session) string {
	return string(k) + "al:" + string(s.Operation) + ":" + s.Tenant + "/" + s.TemplateName
}

// listNotices is the channel of the list of sessions, notices that of a scope, and
// allNotices the pattern of the channels of all scopes.
func (k keys) listNotices() string                 { return string(k) + "sessions" }
func (k keys) notices(scope bos.SessionKey) string { return string(k) + "n:" + scope.String() }
func (k keys) allNotices() string                  { return string(k) + "n:*" }
func (k keys) probes(feed string) string           { return string(k) + "p:" + feed }

// noticed returns the scope whose channel it is.
func (k keys) noticed(channel string) bos.SessionKey {
	return bos.ParseSessionKey(strings.TrimPrefix(channel, string(k)+"n:"))
}

// home is where the keys of a session are: at its scope, or apart.
type home string

func scopeHome(scope bos.SessionKey) home { return home(scope.String()) }
func historyHome(incarnation string) home { return home("@" + incarnation) }

// sessionPosition is a session's place in the list of all: by start, then by
// incarnation. The width keeps the order of text that of numbers.
func sessionPosition(s *bos.Session) string {
	return startPosition(s.StartTime) + ":" + s.Incarnation + ":" + s.SessionKey.String()
}

func parseSessionPosition(p string) (key bos.SessionKey, incarnation string, ok bool) {
	parts := strings.SplitN(p, ":", 3)
	if len(parts) != 3 {
		return bos.SessionKey{}, "", false
	}
	return bos.ParseSessionKey(parts[2]), parts[1], true
}

func historyPosition(s *bos.Session) string {
	return startPosition(s.StartTime) + ":" + s.Incarnation
}

// startPosition orders starts by their microseconds; one that can't be read
// comes first.
func startPosition(t bos.Time) string {
	at, err := t.UTC()
	if err != nil || at.Unix() < 0 {
		return fmt.Sprintf("%018d", 0)
	}
	return fmt.Sprintf("%018d", at.UnixMicro())
}
