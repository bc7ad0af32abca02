package bos

import (
	"crypto/sha256"
	"encoding/base64"
)

// SessionKey names a session within its tenant. As a scope it is also what
// components count towards, whether or not such a session exists.
type SessionKey struct {
	Tenant string // empty for none
	Name   string
}

// Marks are the counters of a session to which one of its components adds one.
type Marks uint8

// The marks, each with the counter of [Tally] it stands for.
const (
	MarkSuccessful  Marks = 1 << iota // BOS: status stable, disabled ones too
	MarkFailed                        // BOS: status failed, disabled ones too
	MarkConfiguring                   // BOS: the three phases: enabled, not on hold
	MarkPoweringOff
	MarkPoweringOn
	MarkActive // enabled: keeps the session from completing
	MarkDisabled
)

// Contribution is what a component counts as: all of a record that any tally, member
// list or error group depends on. It is stored beside the record, so that what
// was once added can be taken away again even if these rules have changed since.
type Contribution struct {
	Session string // counts in this session, with Marks and Error
	Staged  string // counts as staged, and active, in this one
	Marks   Marks
	Group   string          // [GroupKey] of the component's error; empty for none
	Status  ComponentStatus // of BOS's, or StatusOther; empty where a record from before it was kept counts
	Wait    Wait            // what keeps it active in Session; empty if it is not
}

// Contribution returns what c counts as.
// BOS: server/controllers/v2/sessions.py, _get_v2_session_status.
func (c *Component) Contribution() Contribution {
	k := Contribution{Session: c.Session, Staged: c.StagedSession()}
	if k.Session == "" {
		return k
	}
	k.Group = GroupKey(c.Error)
	k.Status = c.Status().Kind()
	switch k.Status {
	case StatusStable:
		k.Marks |= MarkSuccessful
	case StatusFailed:
		k.Marks |= MarkFailed
	}
	if !c.Enabled {
		k.Marks |= MarkDisabled
	} else {
		k.Marks |= MarkActive
		k.Wait = c.wait(k.Status)
		if c.Override != OverrideOnHold {
			switch c.Phase {
			case PhaseConfiguring:
				k.Marks |= MarkConfiguring
			case PhasePoweringOff:
				k.Marks |= MarkPoweringOff
			case PhasePoweringOn:
				k.Marks |= MarkPoweringOn
			}
		}
	}
	return k
}

// Tally holds the integers behind one session's status.
type Tally struct {
	Managed     int // of the session, plus staged in it
	Staged      int
	Successful  int
	Failed      int
	Configuring int
	PoweringOff int
	PoweringOn  int
	Active      int // enabled ones of the session, plus staged; 0 completes it
	Both        int // counted twice in Managed: of the session and staged in it
	Disabled    int // of the session
	// Of the session, with one of these statuses; disabled ones too.
	PowerOnCalled      int
	PowerOffGracefully int // called
	PowerOffForcefully int // called
	OnHold             int
	// How many more have a status of a phase than count in that phase: disabled ones do, and those whose
	// status is overridden do not. So the usual step from one phase to the next changes no more counters than those of the two.
	BeyondPoweringOn  int
	BeyondPoweringOff int
	BeyondConfiguring int
}

// StatusCount is how many components of a session have a status.
type StatusCount struct {
	Status ComponentStatus // StatusOther: any that BOS does not have
	Count  int
}

// StatusCounts are the counts of each status that components of the session have, in the order in which
// a boot goes through them. They add up to the managed components but for the staged ones.
func (t Tally) StatusCounts() []StatusCount {
	other := t.Managed - t.Staged
	var counts []StatusCount
	for _, s := range AllStatuses {
		n := t.with(s)
		if s == StatusOther {
			n = other
		}
		other -= n
		if n > 0 {
			counts = append(counts, StatusCount{s, n})
		}
	}
	return counts
}

// with is how many have a status that BOS has.
func (t Tally) with(s ComponentStatus) int {
	switch s {
	case StatusPowerOnPending:
		return t.PoweringOn + t.BeyondPoweringOn - t.PowerOnCalled
	case StatusPowerOnCalled:
		return t.PowerOnCalled
	case StatusPowerOffPending:
		return t.PoweringOff + t.BeyondPoweringOff - t.PowerOffGracefully - t.PowerOffForcefully
	case StatusPowerOffGracefullyCalled:
		return t.PowerOffGracefully
	case StatusPowerOffForcefullyCalled:
		return t.PowerOffForcefully
	case StatusConfiguring:
		return t.Configuring + t.BeyondConfiguring
	case StatusStable:
		return t.Successful
	case StatusFailed:
		return t.Failed
	case StatusOnHold:
		return t.OnHold
	}
	return 0
}

// addStatus adds n times what a status counts as, besides the marks.
func (t *Tally) addStatus(s ComponentStatus, m Marks, n int) {
	if s == "" { // of a record from before statuses were counted
		return
	}
	t.BeyondPoweringOn -= n * m.one(MarkPoweringOn)
	t.BeyondPoweringOff -= n * m.one(MarkPoweringOff)
	t.BeyondConfiguring -= n * m.one(MarkConfiguring)
	switch s {
	case StatusPowerOnPending:
		t.BeyondPoweringOn += n
	case StatusPowerOnCalled:
		t.BeyondPoweringOn += n
		t.PowerOnCalled += n
	case StatusPowerOffPending:
		t.BeyondPoweringOff += n
	case StatusPowerOffGracefullyCalled:
		t.BeyondPoweringOff += n
		t.PowerOffGracefully += n
	case StatusPowerOffForcefullyCalled:
		t.BeyondPoweringOff += n
		t.PowerOffForcefully += n
	case StatusConfiguring:
		t.BeyondConfiguring += n
	case StatusOnHold:
		t.OnHold += n
	}
}

// Complete is the number of components that are done: successful or failed.
func (t Tally) Complete() int { return t.Successful + t.Failed }

// Components is the number of distinct components.
func (t Tally) Components() int { return t.Managed - t.Both }

// Add adds n times (1, or -1 to take away) what k contributes to the session of
// that name.
func (t *Tally) Add(k Contribution, name string, n int) {
	in, staged := k.Session == name, k.Staged == name
	if in {
		t.Managed += n
		t.Successful += n * k.Marks.one(MarkSuccessful)
		t.Failed += n * k.Marks.one(MarkFailed)
		t.Configuring += n * k.Marks.one(MarkConfiguring)
		t.PoweringOff += n * k.Marks.one(MarkPoweringOff)
		t.PoweringOn += n * k.Marks.one(MarkPoweringOn)
		t.Active += n * k.Marks.one(MarkActive)
		t.Disabled += n * k.Marks.one(MarkDisabled)
		t.addStatus(k.Status, k.Marks, n)
	}
	if staged {
		t.Managed += n
		t.Staged += n
		t.Active += n
	}
	if in && staged {
		t.Both += n
	}
}

// one is 1 if m has the mark, else 0.
func (m Marks) one(mark Marks) int {
	if m&mark != 0 {
		return 1
	}
	return 0
}

// SameCounts says whether two contributions to the same sessions count the same in each cabinet, where single
// statuses are not counted but for on_hold.
func (k Contribution) SameCounts(other Contribution) bool {
	return k.Marks == other.Marks && (k.Status == StatusOnHold) == (other.Status == StatusOnHold)
}

// WaitIn is what keeps the component active in a session, if anything does: a staged one waits to
// be applied, and one that was applied but is still staged never stops to.
func (k Contribution) WaitIn(name string) Wait {
	switch in, staged := k.Session == name, k.Staged == name; {
	case in && k.Marks&MarkActive != 0:
		return k.Wait
	case in && staged:
		return WaitUnstage
	case staged:
		return WaitApply
	}
	return ""
}

// Scopes calls yield with every scope that a component counts towards: the
// untenanted sessions of its names, and those of every tenant that owns it.
func (k Contribution) Scopes(owners []string, yield func(SessionKey)) {
	for i := -1; i < len(owners); i++ {
		tenant := ""
		if i >= 0 {
			tenant = owners[i]
		}
		if k.Session != "" {
			yield(SessionKey{tenant, k.Session})
		}
		if k.Staged != "" && k.Staged != k.Session {
			yield(SessionKey{tenant, k.Staged})
		}
	}
}

// Digest stands for an error's text where the text would be too long: 128 bits
// of its SHA-256, 22 characters. Empty for no error.
type Digest string

// DigestOf returns the digest of an error's text.
func DigestOf(text string) Digest {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return Digest(base64.RawURLEncoding.EncodeToString(sum[:16]))
}

// ShortText is the longest error text, in bytes, that is kept wherever it is
// needed; longer ones are kept once and referred to by their digest.
const ShortText = 256

// ErrorGroup is one error message and the components of a session that have it.
type ErrorGroup struct {
	Digest  Digest
	Message string
	Count   int
	First   []string // the first ids, ascending; at most ListLength+1
	Listed  string   // BOS's own list, where its status is shown
}

// GroupKey names the group of an error message, and orders groups of one size: by
// message, byte by byte, and by digest where the first ShortText bytes are the
// same. It may end within a character. Empty for no error.
func GroupKey(message string) string {
	if message == "" {
		return ""
	}
	return message[:min(len(message), ShortText)] + "\x00" + string(DigestOf(message))
}

// digestLength is the length of every digest but the empty one.
const digestLength = 22

// GroupDigest returns the digest that a group key ends with; "" if it has none.
func GroupDigest(key string) Digest {
	i := len(key) - digestLength - 1
	if i < 0 || key[i] != 0 {
		return ""
	}
	return Digest(key[i+1:])
}

// ParseGroupKey returns what a group key holds: the digest and, if it is short
// enough to be all there, the message.
func ParseGroupKey(key string) (d Digest, message string, whole bool) {
	if d = GroupDigest(key); d == "" {
		return "", "", false
	}
	message = key[:len(key)-digestLength-1]
	if DigestOf(message) != d {
		return d, "", false
	}
	return d, message, true
}
