package cache

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// record is a component as it is stored, in two parts: a short one with all that
// decides what it counts as, and the rest as JSON, read and written only when
// needed. Both belong to one version.
type record struct {
	version    string // what its stored value begins with: random letters of each write, and a space; "" for no record at all
	epoch      string // of the version; "" unless it was read for a change
	body       string // what is stored under that version
	present    bool   // false: a tenant owns the id, but there is no component
	owners     []string
	since      string           // the second since when it has had its status; "" for unknown
	phaseSince string           // the second since when its session has it in its timed phase; "" for none, or unknown
	counted    bos.Contribution // what it was counted as when it was written
	digest     string           // of the rest; "" when that is empty
	detailed   bool             // the rest has been read into component
	component  bos.Component
}

// encode writes the short part under a version; "" where nothing is to be kept.
func (r *record) encode(version string) string { return string(r.append(nil, version)) }

// append is encode to the end of a buffer. Parts are separated by NUL, which no valid text contains.
func (r *record) append(to []byte, version string) []byte {
	// A tenant may own what BOS does not know yet: its record is kept for the owners alone.
	if !r.present && len(r.owners) == 0 {
		return to
	}
	c, end := &r.component, 0
	to = append(to, version...)
	for part := range schema.PartCount {
		if part > 0 {
			to = append(to, 0)
		}
		begin := len(to)
		switch part {
		case schema.PartFlags:
			to = r.appendFlags(to)
		case schema.PartMarks:
			to = strconv.AppendInt(to, int64(r.counted.Marks), 10)
		case schema.PartSession:
			to = append(to, c.Session...)
		case schema.PartStaged:
			to = append(to, c.StagedSession()...)
		case schema.PartPhase:
			to = append(to, c.Phase...)
		case schema.PartOverride:
			to = append(to, c.Override...)
		case schema.PartError:
			if longError(c.Error) {
				to = append(to, bos.DigestOf(c.Error)...)
			} else {
				to = append(to, c.Error...)
			}
		case schema.PartAction:
			if c.LastAction != nil {
				to = append(to, c.LastAction.Action...)
			}
		case schema.PartDigest:
			to = append(to, r.digest...)
		case schema.PartOwners:
			for i, owner := range r.owners {
				if i > 0 {
					to = append(to, ',')
				}
				to = append(to, owner...)
			}
		case schema.PartSince:
			to = append(to, r.since...)
		case schema.PartState:
			to = append(append(to, schema.StatusLetters[r.counted.Status]...), r.counted.Wait...)
		case schema.PartStay:
			to = appendStay(to, &c.Stay)
		case schema.PartPhaseSince:
			if r.phaseSince != r.since {
				to = append(to, r.phaseSince...)
			}
		}
		if part < schema.PartSince || len(to) > begin { // as before there were these parts, so that such a record stays the same
			end = len(to)
		}
	}
	return to[:end]
}

// appendFlags writes the letters of what is so.
func (r *record) appendFlags(to []byte) []byte {
	c, flags := &r.component, &schema.RecordFlags
	flag := func(on bool, letter string) {
		if on {
			to = append(to, letter...)
		}
	}
	flag(r.present, flags.Present.Letter)
	flag(c.Enabled, flags.Enabled.Letter)
	if c.Shape.Absent|c.Shape.Null != 0 {
		for _, one := range schema.ShapeFlags {
			flag(c.Shape.Absent&one.Field != 0, one.Absent)
			flag(c.Shape.Null&one.Field != 0, one.Null)
		}
	}
	flag(longError(c.Error), flags.LongError.Letter)
	if c.LastAction != nil {
		flag(true, flags.HasAction.Letter)
		flag(c.LastAction.Failed, flags.ActionFailed.Letter)
	}
	if c.EventStats != nil {
		on, off := c.Retries(bos.PhasePoweringOn), c.Retries(bos.PhasePoweringOff)
		flag(on == bos.TriedAgain, flags.OnAgain.Letter)
		flag(on == bos.LastTry, flags.OnLast.Letter)
		flag(off == bos.TriedAgain, flags.OffAgain.Letter)
		flag(off == bos.LastTry, flags.OffLast.Letter)
	}
	return to
}

func longError(text string) bool { return len(text) > bos.ShortText }

// decode reads a stored value; "" is no record. A long error is left as its
// digest: see [Store.readRecords].
func (r *record) decode(id, value string) (longError bos.Digest, err error) {
	r.component.ID = id
	if value == "" {
		return "", nil
	}
	version := strings.IndexByte(value, ' ')
	r.version, r.body = value[:version+1], value[version+1:]
	var f [schema.PartCount]string
	// Records of an earlier version have fewer parts: those that lack are empty.
	for i, rest := 0, r.body; i < len(f); i++ {
		end := strings.IndexByte(rest, 0)
		if end < 0 {
			f[i] = rest
			break
		}
		f[i], rest = rest[:end], rest[end+1:]
	}
	marks, err := strconv.ParseUint(f[schema.PartMarks], 10, 8)
	if err != nil || version <= 0 {
		return "", fmt.Errorf("the stored record of component %q can't be read", id)
	}
	flags := &schema.RecordFlags
	letters, known := f[schema.PartFlags], 0
	has := func(flag schema.RecordFlag) bool {
		n := strings.Count(letters, flag.Letter)
		known += n
		return n > 0
	}
	present, enabled, isLong, acted, failed := has(flags.Present), has(flags.Enabled), has(flags.LongError), has(flags.HasAction), has(flags.ActionFailed)
	on, off := retries(has(flags.OnAgain), has(flags.OnLast)), retries(has(flags.OffAgain), has(flags.OffLast))
	r.present, r.digest, r.since = present, f[schema.PartDigest], f[schema.PartSince]
	if f[schema.PartOwners] != "" {
		r.owners = strings.Split(f[schema.PartOwners], ",")
	}
	c := &r.component
	if c.StatusSince, err = parseSecond(r.since); err != nil {
		return "", fmt.Errorf("the stored record of component %q can't be read: %w", id, err)
	}
	if c.Stay, err = decodeStay(f[schema.PartStay]); err != nil {
		return "", fmt.Errorf("the stored record of component %q can't be read: %w", id, err)
	}
	c.Enabled, c.Session = enabled, f[schema.PartSession]
	if known < len(letters) { // most records are whole
		for _, flag := range schema.ShapeFlags {
			if strings.Contains(letters, flag.Absent) {
				c.Shape.Absent |= flag.Field
			}
			if strings.Contains(letters, flag.Null) {
				c.Shape.Null |= flag.Field
			}
		}
	}
	c.Phase, c.Override = bos.Phase(f[schema.PartPhase]), f[schema.PartOverride]
	// Usually the phase has begun with the status, and then only that is stored.
	if c.TimedPhase() != bos.PhaseNone {
		r.phaseSince = cmp.Or(f[schema.PartPhaseSince], r.since)
	}
	if isLong {
		longError = bos.Digest(f[schema.PartError])
	} else {
		c.Error = f[schema.PartError]
	}
	// Only what decides the contribution. decodeRest replaces all of these by the whole.
	if f[schema.PartStaged] != "" {
		c.StagedState = &bos.StagedState{Session: f[schema.PartStaged]}
	}
	if acted {
		c.LastAction = &bos.LastAction{Action: f[schema.PartAction], Failed: failed}
	}
	r.counted = bos.Contribution{Session: c.Session, Staged: f[schema.PartStaged], Marks: bos.Marks(marks)}
	if state := f[schema.PartState]; state != "" {
		r.counted.Status, r.counted.Wait = statusOf[state[:1]], bos.Wait(state[1:])
	}
	if on != bos.FirstTry || off != bos.FirstTry {
		c.EventStats = bos.Decisive(on, off)
	}
	r.setError(c.Error)
	return longError, nil
}

// statusOf are the statuses by their letters.
var statusOf = func() map[string]bos.ComponentStatus {
	of := make(map[string]bos.ComponentStatus, len(schema.StatusLetters))
	for status, letter := range schema.StatusLetters {
		of[letter] = status
	}
	return of
}()

func retries(again, last bool) bos.Retries {
	switch {
	case last:
		return bos.LastTry
	case again:
		return bos.TriedAgain
	}
	return bos.FirstTry
}

// setError sets the error that the record had when it was written. Only a component of a
// session has a group: without one its error counts nowhere.
func (r *record) setError(text string) {
	r.component.Error = text
	if r.component.Session != "" {
		r.counted.Group = bos.GroupKey(text)
	}
}

// rest is the part of a component that no tally depends on, in BOS's spelling.
// Staged state and last action are here whole, though their deciding fields are
// in the short part too.
type rest struct {
	RetryPolicy  *int              `json:"retry_policy,omitempty"`
	DesiredState *bos.DesiredState `json:"desired_state,omitempty"`
	ActualState  *bos.ActualState  `json:"actual_state,omitempty"`
	StagedState  *bos.StagedState  `json:"staged_state,omitempty"`
	LastAction   *bos.LastAction   `json:"last_action,omitempty"`
	EventStats   *bos.EventStats   `json:"event_stats,omitempty"`

	// How these parts were received, if not whole; see [bos.Shape].
	Absent bos.Fields `json:"absent,omitempty"`
	Null   bos.Fields `json:"null,omitempty"`
	Extra  string     `json:"extra,omitempty"`
}

// restOf takes the rest out of a component. Of its shape it has only the bits of its own parts:
// the others are flags of the short part, which changes without it.
func restOf(c *bos.Component) rest {
	return rest{
		c.RetryPolicy, c.DesiredState, c.ActualState, c.StagedState, c.LastAction, c.EventStats,
		c.Shape.Absent &^ bos.ShortFields, c.Shape.Null &^ bos.ShortFields, c.Shape.Extra,
	}
}

// encodeRest writes the rest of a component.
func encodeRest(c *bos.Component) (string, error) {
	raw, err := json.Marshal(restOf(c))
	return string(raw), err
}

// digestRest is what shows whether the rest of a component has changed, without
// writing it as JSON; "" where it is empty.
func digestRest(c *bos.Component) string {
	// By hand and not as JSON: a write of 5,000 components compares as many rests, and nearly
	// all of them are what they were.
	all := restOf(c)
	if all == (rest{}) {
		return ""
	}
	d := digester(make([]byte, 0, 2048))
	if d.has(c.RetryPolicy != nil) {
		d.int(*c.RetryPolicy)
	}
	if s := c.DesiredState; d.has(s != nil) {
		d.artifacts(s.BootArtifacts)
		d.texts(s.Configuration, s.BSSToken, string(s.LastUpdated))
	}
	if s := c.ActualState; d.has(s != nil) {
		d.artifacts(s.BootArtifacts)
		d.texts(s.BSSToken, string(s.LastUpdated))
	}
	if s := c.StagedState; d.has(s != nil) {
		d.artifacts(s.BootArtifacts)
		d.texts(s.Configuration, s.Session, string(s.LastUpdated))
	}
	if l := c.LastAction; d.has(l != nil) {
		d.texts(l.Action, string(l.LastUpdated))
		d.has(l.Failed)
	}
	if e := c.EventStats; d.has(e != nil) {
		d.int(e.PowerOnAttempts)
		d.int(e.PowerOffGracefulAttempts)
		d.int(e.PowerOffForcefulAttempts)
	}
	if all.Absent != 0 || all.Null != 0 || all.Extra != "" { // else the digest is that from before there were shapes
		d.int(int(all.Absent))
		d.int(int(all.Null))
		d.texts(all.Extra)
	}
	sum := sha256.Sum256(d)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// digester collects values so that different ones never look the same. A text has its length in
// front, a value that may be missing a byte that says so.
type digester []byte

// has notes whether a value is there. Without it, two neighbouring values of which one is
// missing would look the same either way.
func (d *digester) has(there bool) bool {
	if there {
		*d = append(*d, 1)
	} else {
		*d = append(*d, 0)
	}
	return there
}

func (d *digester) int(n int) { *d = binary.AppendVarint(*d, int64(n)) }

// texts notes texts with their lengths, so that a byte which moves from one to the next is a
// difference.
func (d *digester) texts(texts ...string) {
	for _, t := range texts {
		*d = append(binary.AppendUvarint(*d, uint64(len(t))), t...)
	}
}

func (d *digester) artifacts(b bos.BootArtifacts) { d.texts(b.Kernel, b.KernelParameters, b.Initrd) }

// decodeRest reads the rest into the component.
func (r *record) decodeRest(text string) error {
	r.detailed = true
	if text == "" {
		return nil
	}
	var rest rest
	if err := json.Unmarshal([]byte(text), &rest); err != nil {
		return fmt.Errorf("the stored details of component %q can't be read: %w", r.component.ID, err)
	}
	c := &r.component
	c.RetryPolicy, c.DesiredState, c.ActualState = rest.RetryPolicy, rest.DesiredState, rest.ActualState
	c.StagedState, c.LastAction, c.EventStats = rest.StagedState, rest.LastAction, rest.EventStats
	// The short part's own bits are there already: decode has read its flags.
	c.Shape.Absent |= rest.Absent
	c.Shape.Null |= rest.Null
	c.Shape.Extra = rest.Extra
	return nil
}
