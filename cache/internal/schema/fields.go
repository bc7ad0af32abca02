package schema

import (
	"slices"

	"github.com/bosgraph/bosgraph/bos"
)

// Counter is one of the counters of a session: a letter with a number in one of the packed
// fields of its hash, in the snapshot of that, and in each sample of its progress.
type Counter struct {
	Letter   string // no other counter has it
	Name     string // in scripts, as COUNTER.<Name>, and in the documentation
	Of       func(*bos.Tally) *int
	Separate bool // is read only where it is asked for
	Cabinet  bool // is counted for each cabinet, too
}

// Counters are all of them. One that is not there counts 0.
var Counters = []Counter{
	{"m", "managed", func(t *bos.Tally) *int { return &t.Managed }, false, true},
	{"t", "staged", func(t *bos.Tally) *int { return &t.Staged }, false, true},
	{"s", "successful", func(t *bos.Tally) *int { return &t.Successful }, false, true},
	{"f", "failed", func(t *bos.Tally) *int { return &t.Failed }, false, true},
	{"c", "configuring", func(t *bos.Tally) *int { return &t.Configuring }, false, true},
	{"o", "poweringOff", func(t *bos.Tally) *int { return &t.PoweringOff }, false, true},
	{"p", "poweringOn", func(t *bos.Tally) *int { return &t.PoweringOn }, false, true},
	{"a", "active", func(t *bos.Tally) *int { return &t.Active }, false, true},
	{"b", "both", func(t *bos.Tally) *int { return &t.Both }, false, false},
	{"d", "disabled", func(t *bos.Tally) *int { return &t.Disabled }, true, true},
	{"h", "onHold", func(t *bos.Tally) *int { return &t.OnHold }, true, true},
	{"u", "powerOnCalled", func(t *bos.Tally) *int { return &t.PowerOnCalled }, true, false},
	{"v", "powerOffGracefully", func(t *bos.Tally) *int { return &t.PowerOffGracefully }, true, false},
	{"w", "powerOffForcefully", func(t *bos.Tally) *int { return &t.PowerOffForcefully }, true, false},
	{"x", "beyondPoweringOn", func(t *bos.Tally) *int { return &t.BeyondPoweringOn }, true, false},
	{"y", "beyondPoweringOff", func(t *bos.Tally) *int { return &t.BeyondPoweringOff }, true, false},
	{"z", "beyondConfiguring", func(t *bos.Tally) *int { return &t.BeyondConfiguring }, true, false},
}

// Field describes a field of a hash.
type Field struct {
	Name  string // as it is stored
	Use   Use    // of a session's hash
	Holds string // for the documentation
}

// Use says who needs a field of a session's hash. What is in neither list of reads is looked at by scripts, or
// read where it is asked for ([AllStatusFields]).
type Use uint8

const (
	OfRecord   Use = 1 << iota // belongs to one incarnation, and goes with it; the others belong to the scope
	InHead                     // is read with every session
	InRecord                   // is read with it, unless that is without bos.PartRecord
	InStatus                   // is read for its status, besides
	InRevision                 // is read for it, unless that is without bos.PartRevision
	InChanges                  // is read with its change log
	Leads                      // is looked at by every write of a component
)

// Session are the fields of a session's hash, apart from those of cabinets and of stays.
var Session = struct {
	Mode, Revision, Sampled, Counters, Separate                     Field
	Incarnation, Version, Operation, Template, Flags, Source, State Field
	Start, End, Removal, FrozenAt, Saved, Revised, FrozenRevision   Field
	FrozenCounters, FrozenSeparate                                  Field
	Noted, Stalled                                                  Field
	LongestOff, LongestOn, LongestConfiguring, LongestOther         Field
}{
	Mode: Field{"w", OfRecord | Leads,
		ModeArmed + " while it runs and completes by itself, " + ModeRunning + " while it runs at BOS and a sweep has stored its components, " + ModeFrozen + " frozen, else " + ModeOther},
	Revision:       Field{"r", InRevision | InChanges | Leads, "revision"},
	Sampled:        Field{"k", OfRecord | Leads, `until when no sample is due, and how far apart they are to be, "<ms> <ms>"`},
	Counters:       Field{"n", InStatus | Leads, "counters that every status has, packed"},
	Separate:       Field{"n2", 0, "the others, which are read only where they are asked for"},
	Incarnation:    Field{"i", OfRecord | InHead | InChanges, "incarnation; absent if there is no such session"},
	Version:        Field{"v", OfRecord | InRecord, "revision at which the record changed last"},
	Operation:      Field{"op", OfRecord | InRecord, "operation"},
	Template:       Field{"tp", OfRecord | InRecord, "name of the template"},
	Flags:          Field{"fl", OfRecord | InRecord, FlagStage + " for stage, " + FlagIncludeDisabled + " for include_disabled"},
	Source:         Field{"src", OfRecord | InRecord | InChanges, "source (bos.Source)"},
	State:          Field{"st", OfRecord | InHead | InChanges, "state"},
	Start:          Field{"b0", OfRecord | InRecord, "start time"},
	End:            Field{"e0", OfRecord | InRecord, "end time"},
	Removal:        Field{"del", OfRecord | InHead | InChanges, "why it is history (bos.Removal)"},
	FrozenAt:       Field{"z", OfRecord | InHead | InChanges, `moment of freezing by Redis' clock, "<seconds>.<microseconds>"`},
	Saved:          Field{"bs", OfRecord | InStatus, "numbers of the status that BOS itself has saved (bos.SavedStatus)"},
	Revised:        Field{"ar", OfRecord | InRevision, "revision at which that replaced an earlier one"},
	FrozenRevision: Field{"Fr", OfRecord | InRevision | InChanges, "revision of the snapshot"},
	FrozenCounters: Field{"Fn", OfRecord | InStatus, "n in the snapshot"},
	FrozenSeparate: Field{"Fn2", OfRecord, "n2 in the snapshot"},
	Noted:          Field{"nf", OfRecord, "the largest percentage of failures that an event was made for"},
	Stalled:        Field{"ns", OfRecord, "what it was stalled at when the last event of that was made"},

	LongestOff:         Field{"q1", OfRecord, "the longest stay in powering_off, in seconds"},
	LongestOn:          Field{"q2", OfRecord, "that in powering_on"},
	LongestConfiguring: Field{"q3", OfRecord, "that in configuring"},
	LongestOther:       Field{"q4", OfRecord, "that in a phase that BOS does not have"},
}

// LongestStays are where the longest stays in the timed phases are.
var LongestStays = map[bos.Phase]string{
	bos.PhasePoweringOff: Session.LongestOff.Name, bos.PhasePoweringOn: Session.LongestOn.Name,
	bos.PhaseConfiguring: Session.LongestConfiguring.Name, bos.PhaseOther: Session.LongestOther.Name,
}

// What the field Mode says; it is absent where there is no session.
const (
	ModeOther   = "0"
	ModeArmed   = "1"
	ModeFrozen  = "2"
	ModeRunning = "3"
)

// What the field Flags holds.
const (
	FlagStage           = "s"
	FlagIncludeDisabled = "d"
)

// Extras are the fields of the hash with the parts of a session that can be long.
var Extras = struct{ Limit, Error, Initial, Shape, Saved Field }{
	Limit:   Field{Name: "limit", Holds: "limit"},
	Error:   Field{Name: "error", Holds: "why its set-up failed"},
	Initial: Field{Name: "initial", Holds: "components that it was made for"},
	Shape:   Field{Name: "shape", Holds: "how its record was received, if not whole (bos.Shape)"},
	Saved:   Field{Name: "saved", Holds: "the status that BOS has saved, as received"},
}

// Meta are the fields of the hash with the state of the namespace.
var Meta = struct{ Schema, Epoch, Revision, Batched, History, Repairs, Unnoted Field }{
	Schema:   Field{Name: "schema", Holds: "version of this schema"},
	Epoch:    Field{Name: "epoch", Holds: "epoch"},
	Revision: Field{Name: "rev", Holds: "the last revision that was given out"},
	Batched:  Field{Name: "batched", Holds: "the last one whose write has kept bt"},
	History:  Field{Name: "history", Holds: "Redis' replication id under which the epoch was begun"},
	Repairs:  Field{Name: "repairs", Holds: "how many repairs of sums a recount has made"},
	Unnoted:  Field{Name: "unnoted", Holds: "how many events were dropped because the outbox was full"},
}

// Entry are the fields of an entry of the outbox and of the queues. An event of a session has the
// fields that are read for its status ([ShownStatusFields]) besides, as they were then.
var Entry = struct{ ID, Event, Scope, Time, Above, Reason, Attempts Field }{
	ID:       Field{Name: "id", Holds: "id of an event that is not made of a session's"},
	Event:    Field{Name: "event", Holds: "kind of the event (bos.EventKind)"},
	Scope:    Field{Name: "scope", Holds: "scope of its session"},
	Time:     Field{Name: "time", Holds: "when it happened, in milliseconds"},
	Above:    Field{Name: "above", Holds: "the percentage of failures that was exceeded"},
	Reason:   Field{Name: "reason", Holds: "why: of a session that is stalled, or of a sync that is lost"},
	Attempts: Field{Name: "attempts", Holds: "of wd: alone: as in wf:"},
}

// OutboxLength is how many events the outbox holds, and the queue of a target, at most.
const OutboxLength = 150_000

// StaysLength is how many sessions are kept that a component has left.
const StaysLength = bos.MaxStays

// Lease are the fields of the lease.
var Lease = struct{ Holder, Expires, Fence, Epoch, Note, Noted, Accepted Field }{
	Holder:   Field{Name: "holder", Holds: "its holder, random for each process"},
	Expires:  Field{Name: "until", Holds: "when it expires, in seconds"},
	Fence:    Field{Name: "fence", Holds: "random for each tenure"},
	Epoch:    Field{Name: "epoch", Holds: "epoch that the tenure belongs to"},
	Note:     Field{Name: "note", Holds: "the holder's report on its progress"},
	Noted:    Field{Name: "noted", Holds: "when it reported that, in seconds"},
	Accepted: Field{Name: "accepted", Holds: "the doubt that an operator has accepted"},
}

// The parts of a component's record, separated by NUL, which no text of a component may
// hold. Their number is their place.
const (
	PartFlags = iota
	PartMarks
	PartSession
	PartStaged
	PartPhase
	PartOverride
	PartError
	PartAction
	PartDigest
	PartOwners
	PartSince
	PartState
	PartStay
	PartPhaseSince
	PartCount
)

// Parts says what they hold.
var Parts = [PartCount]string{
	PartFlags:    "flags, see below",
	PartMarks:    "what the component counted as when it was written (bos.Marks)",
	PartSession:  "session",
	PartStaged:   "session that it is staged in",
	PartPhase:    "phase",
	PartOverride: "status override",
	PartError:    "error; of a long one the digest",
	PartAction:   "last action",
	PartDigest:   "digest of the rest; empty if there is no rest",
	PartOwners:   `tenants that own the id, separated by ","`,
	PartSince:    "the second since when it has had its status; empty if unknown",
	PartState:    "the letter of its status and, if the session waits for it, that of what for (bos.Wait); absent without a session",
	PartStay: "since when it is in its session, and the seconds in each of bos.StayPhases that are over, in base 36, separated by a dot, " +
		`and "!" if it has failed there; absent without a session, and from before stays were kept`,
	PartPhaseSince: "the second since when the session has it in its phase, where that is another than that of its status",
}

// RecordFlag is a letter among the flags of a record.
type RecordFlag struct{ Letter, Holds string }

// RecordFlags are those that do not depend on how a record was received; see [ShapeFlags].
var RecordFlags = struct {
	Present, Enabled, LongError, HasAction, ActionFailed RecordFlag
	OnAgain, OnLast, OffAgain, OffLast                   RecordFlag
}{
	Present:      RecordFlag{"P", "there is a component: without it, a tenant owns the id only"},
	Enabled:      RecordFlag{"E", "enabled"},
	LongError:    RecordFlag{"L", "the error is kept in tx"},
	HasAction:    RecordFlag{"A", "there is a last action"},
	ActionFailed: RecordFlag{"F", "the last action has failed"},
	OnAgain:      RecordFlag{"T", "power on was tried more than once"},
	OnLast:       RecordFlag{"X", "power on was tried as often as it may be"},
	OffAgain:     RecordFlag{"t", "power off was tried more than once"},
	OffLast:      RecordFlag{"x", "power off was tried as often as it may be"},
}

// StatusLetters are those of PartState.
var StatusLetters = map[bos.ComponentStatus]string{
	bos.StatusPowerOnPending: "p", bos.StatusPowerOnCalled: "b", bos.StatusPowerOffPending: "o", bos.StatusPowerOffGracefullyCalled: "g",
	bos.StatusPowerOffForcefullyCalled: "d", bos.StatusConfiguring: "c", bos.StatusStable: "n", bos.StatusFailed: "f",
	bos.StatusOnHold: "h", bos.StatusOther: "z",
}

// ShapeFlags say which fields of the short part a record does not have, and which are
// null in it: so a patch of them need not read the rest.
var ShapeFlags = [...]struct {
	Field        bos.Fields
	Name         string
	Absent, Null string
}{
	{bos.FieldEnabled, "enabled", "e", "1"},
	{bos.FieldError, "error", "r", "2"},
	{bos.FieldSession, "session", "s", "3"},
	{bos.FieldPhase, "phase", "p", "4"},
	{bos.FieldOverride, "override", "o", "5"},
}

// The lists that are made of the above. Nobody changes them.
var (
	// LeadingCounters are those that are read with every status, SeparateCounters the others.
	LeadingCounters  = counters(func(c Counter) bool { return !c.Separate })
	SeparateCounters = counters(func(c Counter) bool { return c.Separate })
	// CabinetCounters are those that are counted for each cabinet.
	CabinetCounters = counters(func(c Counter) bool { return c.Cabinet })
	// RecordFields are the fields of the record and the snapshot of a session: all that
	// goes with an incarnation.
	RecordFields = slices.Concat(sessionFields(OfRecord), stayFields)
	// ChangeFields are read with the change log.
	ChangeFields = sessionFields(InChanges)
	// LeadingFields come first in a new hash: Redis finds a field of a small hash by
	// going through it.
	LeadingFields = sessionFields(Leads)
	// ShownStatusFields are what is read for a status without its separate counters.
	ShownStatusFields = ReadFields(true, 0)
	// AllStatusFields are those and the separate counters.
	AllStatusFields = slices.Concat(ShownStatusFields, []string{Session.Separate.Name, Session.FrozenSeparate.Name})
)

// ReadFields are the fields that are read for a session, and its status, without those parts.
func ReadFields(status bool, without bos.Parts) []string {
	head, rest := InHead, InStatus
	if without&bos.PartRecord == 0 {
		head |= InRecord
	}
	if !status {
		return sessionFields(head)
	}
	if without&bos.PartRevision == 0 {
		rest |= InRevision
	}
	// With the frozen copies: which of the two counts is known only when the hash is there.
	return slices.Concat(sessionFields(head), sessionFields(rest))
}

func counters(are func(Counter) bool) (some []Counter) {
	for _, c := range Counters {
		if are(c) {
			some = append(some, c)
		}
	}
	return some
}

func sessionFields(use Use) []string {
	var names []string
	for _, f := range valuesOf[Field](Session) {
		if f.Use&use != 0 {
			names = append(names, f.Name)
		}
	}
	return slices.Clip(names)
}
