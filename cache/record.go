package cache

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// record is a component as it is stored, in two parts: a short one with all that
// decides what it counts as, and the rest as JSON, read and written only when
// needed. Both belong to one version.
type record struct {
	version   string // "" for no record at all
	body      string // what is stored under that version
	present   bool   // false: a tenant owns the id, but there is no component
	owners    []string
	since     string       // the second since when it has had its status; "" for unknown
	counted   bos.Counting // what it was counted as when it was written
	digest    string       // of the rest; "" when that is empty
	detailed  bool         // the rest has been read into component
	component bos.Component
}

// The short part is these fields, separated by NUL, which no text of a component
// may hold.
const (
	fieldFlags = iota
	fieldMarks
	fieldSession
	fieldStaged
	fieldPhase
	fieldOverride
	fieldError // a long one's digest
	fieldAction
	fieldDigest
	fieldOwners
	fieldSince // left out where it is not known, as in records from before there was one
	fieldCount
)

const (
	flagPresent      = "P"
	flagEnabled      = "E"
	flagLongError    = "L"
	flagHasAction    = "A"
	flagActionFailed = "F"
)

// encode writes the short part without its version; "" where nothing is to be kept.
func (r *record) encode() string {
	if !r.present && len(r.owners) == 0 {
		return ""
	}
	c := &r.component
	var f [fieldCount]string
	if r.present {
		f[fieldFlags] += flagPresent
	}
	if c.Enabled {
		f[fieldFlags] += flagEnabled
	}
	f[fieldError] = c.Error
	if longError(c.Error) {
		f[fieldFlags] += flagLongError
		f[fieldError] = string(bos.DigestOf(c.Error))
	}
	if c.LastAction != nil {
		f[fieldFlags] += flagHasAction
		if c.LastAction.Failed {
			f[fieldFlags] += flagActionFailed
		}
		f[fieldAction] = c.LastAction.Action
	}
	f[fieldMarks] = strconv.Itoa(int(r.counted.Marks))
	f[fieldSession], f[fieldStaged] = c.Session, c.StagedSession()
	f[fieldPhase], f[fieldOverride] = string(c.Phase), c.Override
	f[fieldDigest], f[fieldOwners] = r.digest, strings.Join(r.owners, ",")
	if r.since == "" {
		return strings.Join(f[:fieldSince], "\x00")
	}
	f[fieldSince] = r.since
	return strings.Join(f[:], "\x00")
}

func longError(text string) bool { return len(text) > bos.ShortText }

// decode reads a stored value; "" is no record. A long error is left as its
// digest: see [Store.readRecords].
func decode(id, value string) (r record, longError bos.Digest, err error) {
	r.component.ID = id
	if value == "" {
		return r, "", nil
	}
	version, body, _ := strings.Cut(value, " ")
	r.body = body
	var f [fieldCount]string
	for i := range fieldCount {
		f[i], body, _ = strings.Cut(body, "\x00")
	}
	marks, err := strconv.ParseUint(f[fieldMarks], 10, 8)
	if err != nil || version == "" {
		return r, "", fmt.Errorf("the stored record of component %q can't be read", id)
	}
	has := func(flag string) bool { return strings.Contains(f[fieldFlags], flag) }
	r.version, r.present, r.digest, r.since = version, has(flagPresent), f[fieldDigest], f[fieldSince]
	if f[fieldOwners] != "" {
		r.owners = strings.Split(f[fieldOwners], ",")
	}
	c := &r.component
	if c.StatusSince, err = parseSecond(r.since); err != nil {
		return r, "", fmt.Errorf("the stored record of component %q can't be read: %w", id, err)
	}
	c.Enabled, c.Session = has(flagEnabled), f[fieldSession]
	c.Phase, c.Override = bos.Phase(f[fieldPhase]), f[fieldOverride]
	if has(flagLongError) {
		longError = bos.Digest(f[fieldError])
	} else {
		c.Error = f[fieldError]
	}
	if f[fieldStaged] != "" {
		c.StagedState = &bos.StagedState{Session: f[fieldStaged]}
	}
	if has(flagHasAction) {
		c.LastAction = &bos.LastAction{Action: f[fieldAction], Failed: has(flagActionFailed)}
	}
	r.counted = bos.Counting{Session: c.Session, Staged: f[fieldStaged], Marks: bos.Marks(marks)}
	r.setError(c.Error)
	return r, longError, nil
}

// setError sets the error that the record had when it was written.
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
}

func restOf(c *bos.Component) rest {
	return rest{c.RetryPolicy, c.DesiredState, c.ActualState, c.StagedState, c.LastAction, c.EventStats}
}

// encodeRest writes the rest of a component.
func encodeRest(c *bos.Component) (string, error) {
	raw, err := json.Marshal(restOf(c))
	return string(raw), err
}

// digestRest is what tells whether the rest of a component has changed, without
// writing it as JSON; "" where it is empty.
func digestRest(c *bos.Component) string {
	if restOf(c) == (rest{}) {
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
	sum := sha256.Sum256(d)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// digester collects values so that different ones never look the same.
type digester []byte

func (d *digester) has(there bool) bool {
	if there {
		*d = append(*d, 1)
	} else {
		*d = append(*d, 0)
	}
	return there
}

func (d *digester) int(n int) { *d = binary.AppendVarint(*d, int64(n)) }

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
	return nil
}
