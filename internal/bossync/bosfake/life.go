package bosfake

import (
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// CreateSession creates a pending session, as POST does: a reboot, unless what is
// laid over its record says otherwise. Components that bear its name already are its
// own from then on, as in BOS.
func (b *BOS) CreateSession(key bos.SessionKey, over ...Record) {
	r := Record{
		"name": key.Name, "tenant": nil, "operation": "reboot", "template_name": "compute", "limit": "", "components": "",
		"stage": false, "include_disabled": false,
		"status": Record{"status": "pending", "start_time": bos.TimeOf(b.Now()), "end_time": nil, "error": nil},
	}
	if key.Tenant != "" {
		r["tenant"] = key.Tenant
	}
	for _, o := range over {
		merge(r, o)
	}
	b.PutSessionText(key, string(encode(r)))
}

// PutSessionText stores a session whose record is answered as this very text,
// whatever it is, in place of the one that is there. No status of it is saved.
func (b *BOS) PutSessionText(key bos.SessionKey, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions[key] = &session{key: key, text: []byte(text)}
}

// PatchSession lays changes over a session's record.
func (b *BOS) PatchSession(key bos.SessionKey, changes Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.patchSession(key, changes)
}

func (b *BOS) patchSession(key bos.SessionKey, changes Record) {
	s := b.session(key)
	s.text = encode(merge(decode(s.text), changes))
}

func (b *BOS) session(key bos.SessionKey) *session {
	s := b.sessions[key]
	if s == nil {
		panic("bosfake: there is no session " + key.String())
	}
	return s
}

// DeleteSession removes a session; its components keep its name, as in BOS.
func (b *BOS) DeleteSession(key bos.SessionKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.sessions, b.session(key).key)
}

// Start does what BOS's set-up does: the components are the session's, enabled and on
// hold, or staged if it is a session that stages, and it runs.
func (b *BOS) Start(key bos.SessionKey, ids ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := bos.TimeOf(b.Now())
	changes := Record{
		"error": "", "session": key.Name, "enabled": true, "status": Record{"status_override": bos.OverrideOnHold},
		"last_action": Record{"action": bos.ActionSessionSetup, "failed": false, "last_updated": at},
	}
	if b.session(key).seen().Stage {
		changes = Record{"error": "", "staged_state": Record{"session": key.Name, "last_updated": at}}
	}
	b.patch(changes, ids)
	b.patchSession(key, Record{"components": strings.Join(ids, ","), "status": Record{"status": bos.StateRunning}})
}

// Finish makes components stable and disabled: they have become what their session
// wanted.
func (b *BOS) Finish(ids ...string) {
	b.Patch(Record{"enabled": false, "status": Record{"phase": "", "status_override": ""}}, ids...)
}

// Complete says that a session is complete and ended now, as BOS's completion operator
// does. BOS saves its status a moment later: until it is told to here
// ([BOS.SaveStatus], [BOS.SaveStatusAfter]), it is still computed.
func (b *BOS) Complete(key bos.SessionKey) {
	b.PatchSession(key, Record{"status": Record{"status": bos.StateComplete, "end_time": bos.TimeOf(b.Now())}})
}

// FailSetup is a set-up that fails: the session is complete, without components, and
// has the reason.
func (b *BOS) FailSetup(key bos.SessionKey, reason string) {
	b.PatchSession(key, Record{"status": Record{"status": bos.StateComplete, "end_time": bos.TimeOf(b.Now()), "error": reason}})
}

// SaveStatus saves a session's status as it is now. It is answered from then on, as
// long as the session is complete.
func (b *BOS) SaveStatus(key bos.SessionKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.session(key)
	text, err := b.status(s)
	if err != nil {
		panic("bosfake: " + key.String() + ": " + err.Error())
	}
	s.saved = text
}

// SaveStatusAfter saves a complete session's status once it has been computed for n
// more reads: what the last of them was answered is what is saved.
func (b *BOS) SaveStatusAfter(key bos.SessionKey, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.session(key).live = n
}
