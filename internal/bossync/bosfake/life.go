package bosfake

import (
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// CreateSession creates a pending session, as POST does: a reboot, unless what is
// laid over its record says otherwise. Components that have its name already belong to
// it from then on, as in BOS.
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
// does. BOS saves its status a moment later: here that is
// a call of its own ([BOS.SaveStatus], [BOS.SaveStatusAfter]), and until then it is computed.
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

// CompleteEmpty does what BOS's completion operator does: it ends running sessions of
// which no component is left that is enabled or staged, and saves their statuses.
// Cray-HPE/bos: src/bos/operators/session_completion.py.
func (b *BOS) CompleteEmpty() {
	b.mu.Lock()
	defer b.mu.Unlock()
	active := map[string]bool{}
	for _, c := range b.components {
		if c.seen.Enabled {
			active[c.seen.Session] = true
		}
		active[c.seen.StagedSession()] = true
	}
	for key, s := range b.sessions {
		if !s.seen().is(bos.StateRunning) || active[key.Name] {
			continue
		}
		b.patchSession(key, Record{"status": Record{"status": bos.StateComplete, "end_time": bos.TimeOf(b.Now())}})
		s.saved, _ = b.status(s) // what can't be computed is not saved
	}
}

// FlushComponents loses all components at once, as a flush of BOS's database does.
func (b *BOS) FlushComponents() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.components, b.order = map[string]*component{}, nil
}

// FlushSessions loses all sessions at once, with their saved statuses.
func (b *BOS) FlushSessions() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions = map[bos.SessionKey]*session{}
}

// Backup keeps what BOS's database has now. The function returned restores it.
func (b *BOS) Backup() (restore func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	// By value: records are replaced in place, and a backup must not change with them.
	components, sessions := map[string]component{}, map[bos.SessionKey]session{}
	for id, c := range b.components {
		components[id] = *c
	}
	for key, s := range b.sessions {
		sessions[key] = *s
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.components, b.order, b.stale = map[string]*component{}, nil, true
		b.sessions = map[bos.SessionKey]*session{}
		for id, c := range components {
			b.components[id] = &c
			b.order = append(b.order, &c)
		}
		for key, s := range sessions {
			b.sessions[key] = &s
		}
	}
}
