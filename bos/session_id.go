package bos

import (
	"encoding/base64"
	"strings"
)

// sessionID begins every opaque id of a session, so that nothing else that is written alike,
// such as a cursor, passes for one.
const sessionID = "session"

// ID is the session's opaque id: two sessions of one name have different ones.
func (s *Session) ID() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join([]string{sessionID, s.Tenant, s.Name, s.Incarnation}, "\x00")))
}

// ParseSessionID reads what [Session.ID] wrote.
func ParseSessionID(id string) (key SessionKey, incarnation string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(id) != base64.RawURLEncoding.EncodedLen(len(raw)) { // it skips line breaks
		return SessionKey{}, "", false
	}
	parts := strings.Split(string(raw), "\x00")
	if len(parts) != 4 || parts[0] != sessionID {
		return SessionKey{}, "", false
	}
	return SessionKey{parts[1], parts[2]}, parts[3], true
}
