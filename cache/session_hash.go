package cache

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// lead makes the fields that every write of a component reads and sets the first
// ones of a new hash: Redis finds a field of a small hash by going through it.
func (c *change) lead(h schema.Home) {
	for _, field := range schema.LeadingFields {
		value := "0"
		switch field {
		case schema.Session.Sampled.Name:
			value = noSample
		case schema.Session.Counters.Name:
			value = ""
		}
		c.do("HSETNX", c.keys.Session(h), field, value)
	}
}

// store writes a session's record. The script sets its version.
func (c *change) store(h schema.Home, s *bos.Session) {
	flags := ""
	if s.Stage {
		flags += schema.FlagStage
	}
	if s.IncludeDisabled {
		flags += schema.FlagIncludeDisabled
	}
	// One command each for what every read needs and for what can be long: a hash with a long
	// value is kept as a table by Redis, and takes several times the memory.
	f := &schema.Session
	c.do("HSET", c.keys.Session(h), f.Incarnation.Name, s.Incarnation, f.Operation.Name, string(s.Operation), f.Template.Name, s.TemplateName,
		f.Flags.Name, flags, f.Source.Name, string(s.Source), f.State.Name, string(s.State), f.Start.Name, string(s.StartTime),
		f.End.Name, string(s.EndTime))
	switch {
	case s.Source == bos.SourceBOS: // it has one, which Swept changes
	case s.SelfCompleting():
		c.do("HSET", c.keys.Session(h), f.Mode.Name, schema.ModeArmed)
	default:
		c.do("HSET", c.keys.Session(h), f.Mode.Name, schema.ModeOther)
	}
	x := &schema.Extras
	c.do("HSET", c.keys.Extras(h), x.Limit.Name, s.Details.Limit, x.Error.Name, s.Details.Error, x.Initial.Name, s.Details.InitialComponents)
	if s.Details.Shape == (bos.Shape{}) {
		// Explicitly, as the record before may have had one.
		c.do("HDEL", c.keys.Extras(h), x.Shape.Name)
	} else {
		c.do("HSET", c.keys.Extras(h), x.Shape.Name, encodeShape(s.Details.Shape))
	}
	c.do("ZADD", c.keys.Alike(s), "0", schema.SessionPosition(s))
	c.list(s)
}

// encodeShape writes a shape as two numbers and the rest.
func encodeShape(s bos.Shape) string {
	return strconv.FormatUint(uint64(s.Absent), 10) + " " + strconv.FormatUint(uint64(s.Null), 10) + " " + s.Extra
}

// decodeShape reads what encodeShape wrote; "" is the shape of a whole record.
func decodeShape(text string) (s bos.Shape, err error) {
	if text == "" {
		return s, nil
	}
	parts := append(strings.SplitN(text, " ", 3), "", "")
	absent, err := strconv.ParseUint(parts[0], 10, 32)
	null, err2 := strconv.ParseUint(parts[1], 10, 32)
	if err = errors.Join(err, err2); err != nil {
		return s, fmt.Errorf("the stored shape of a session can't be read: %w", err)
	}
	return bos.Shape{Absent: bos.Fields(absent), Null: bos.Fields(null), Extra: parts[2]}, nil
}

// sessionHash is a session's hash as it was read: the fields that were asked for, and what
// Redis answered. They are few, so that looking for one costs less than a map of all.
type sessionHash struct {
	fields  []string
	values  []string // "" where the hash lacks it
	without bos.Parts
}

// get returns the value of a field, "" if there is none.
func (m sessionHash) get(field string) string {
	for i, f := range m.fields {
		if f == field {
			return m.values[i]
		}
	}
	return ""
}

// session makes the record of the hash, or nil where there is none.
func (m sessionHash) session(key bos.SessionKey) *bos.Session {
	f := &schema.Session
	if m.get(f.Incarnation.Name) == "" {
		return nil
	}
	removal := bos.Removal(m.get(f.Removal.Name))
	s := &bos.Session{
		Incarnation: m.get(f.Incarnation.Name), SessionKey: key, State: bos.State(m.get(f.State.Name)), Deleted: removal != "", Removal: removal,
	}
	if m.without&bos.PartRecord == 0 {
		m.record(s)
	}
	return s
}

// record sets the rest of the record.
func (m sessionHash) record(s *bos.Session) {
	f := &schema.Session
	flags := m.get(f.Flags.Name)
	s.Operation, s.TemplateName = bos.Operation(m.get(f.Operation.Name)), m.get(f.Template.Name)
	s.Stage, s.IncludeDisabled = strings.Contains(flags, schema.FlagStage), strings.Contains(flags, schema.FlagIncludeDisabled)
	s.Source, s.Version = bos.Source(m.get(f.Source.Name)), m.get(f.Version.Name)
	s.StartTime, s.EndTime = bos.Time(m.get(f.Start.Name)), bos.Time(m.get(f.End.Name))
	// A session that completed by itself ended when it was frozen, on Redis'
	// clock, which may lie a little before the clock that it was started by.
	if frozen, ok := m.frozenAt(); ok && s.State == bos.StateComplete && s.EndTime == "" {
		s.EndTime = bos.TimeOf(frozen)
		if start, err := s.StartTime.UTC(); err == nil && start.After(frozen) {
			s.EndTime = s.StartTime
		}
	}
}

// frozenAt is the moment of the snapshot by Redis' clock, to the microsecond; false if there is
// none.
func (m sessionHash) frozenAt() (time.Time, bool) {
	seconds, micros, ok := strings.Cut(m.get(schema.Session.FrozenAt.Name), ".")
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(m.number(seconds), m.number(micros)*1000).UTC(), true
}

// number reads what Redis itself has counted. Nothing else writes those fields, so what can't
// be read is absent: 0.
func (sessionHash) number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// status makes the status of the hash: as it was frozen, or as it is.
func (m sessionHash) status(s *bos.Session, now time.Time) (*bos.Status, error) {
	st := &bos.Status{Session: s, AsOf: now.UTC()}
	at, frozen := m.frozenAt()
	revision := schema.Session.Revision.Name
	if frozen {
		revision, st.FromSnapshot, st.AsOf = schema.Session.FrozenRevision.Name, true, at
	}
	if m.without&bos.PartRevision == 0 {
		// Counters of the scope may move on after the session is frozen; that is no revision of its
		// status. A status that BOS saved later is.
		st.Revision = max(m.number(m.get(revision)), m.number(m.get(schema.Session.Revised.Name)))
	}
	st.Tally = m.tally(frozen)
	if s.Unfinished() { // its time stopped when it was deleted
		now = st.AsOf
	}
	if m.without&bos.PartRecord == 0 {
		st.Timing, _ = bos.TimingOf(s.StartTime, s.EndTime, now) // of a start that can't be read: 0
	}
	var err error
	st.Saved, err = decodeSaved(m.get(schema.Session.Saved.Name))
	return st, err
}

// tally are the counters of the hash: as they are, or as they were frozen. Separate ones are 0 where they were not asked for.
func (m sessionHash) tally(frozen bool) bos.Tally {
	f := &schema.Session
	if frozen {
		return schema.Tally(m.get(f.FrozenCounters.Name), m.get(f.FrozenSeparate.Name))
	}
	return schema.Tally(m.get(f.Counters.Name), m.get(f.Separate.Name))
}
