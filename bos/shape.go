package bos

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Shape says how a record that was received differs from one that has all of BOS's
// fields with values of their types. Zero for a complete record. Nothing is counted by
// it: where a field is absent, its empty value counts.
type Shape struct {
	Absent Fields // fields that the record does not have
	Null   Fields // fields that are null in it
	Extra  string // a JSON object to be laid over the record: unknown fields, and values of other types
}

// MaxExtra is the most bytes of a record's unknown fields and odd values.
const MaxExtra = 64 << 10

// Fields is a set of fields of a record that is received from BOS. A record of a
// component has other fields than one of a session.
type Fields uint32

// The fields of a component that can be absent or null. An object that is absent is nil
// in [Component]; then none of its fields is in the set.
const (
	FieldEnabled Fields = 1 << iota
	FieldError
	FieldSession
	FieldPhase
	FieldOverride
	fieldDesiredArtifacts // and its fields in the order of artifactFields
	_
	_
	_
	fieldDesiredConfiguration
	fieldDesiredToken
	fieldActualArtifacts
	_
	_
	_
	fieldActualToken
	fieldStagedArtifacts
	_
	_
	_
	fieldStagedConfiguration
	fieldStagedSession
	fieldAction
	fieldActionFailed
	fieldPowerOn
	fieldPowerOffGraceful
	fieldPowerOffForceful
)

// ShortFields are the fields of a component, besides its objects, that decide what it
// counts as.
const ShortFields = FieldEnabled | FieldError | FieldSession | FieldPhase | FieldOverride

// Fields of boot artifacts, as multiples of their object's own.
const (
	artifactKernel = 2 << iota
	artifactParameters
	artifactInitrd
	artifactFields = 1 + artifactKernel + artifactParameters + artifactInitrd
)

const (
	desiredFields = fieldDesiredArtifacts*artifactFields | fieldDesiredConfiguration | fieldDesiredToken
	actualFields  = fieldActualArtifacts*artifactFields | fieldActualToken
	stagedFields  = fieldStagedArtifacts*artifactFields | fieldStagedConfiguration | fieldStagedSession
	actionFields  = fieldAction | fieldActionFailed
	statsFields   = fieldPowerOn | fieldPowerOffGraceful | fieldPowerOffForceful
)

// The fields of a session that can be absent or null.
const (
	fieldComponents Fields = 1 << iota
	fieldIncludeDisabled
	fieldLimit
	fieldOperation
	fieldStage
	fieldTemplate
	fieldTenant
	fieldStatus
	fieldState
	fieldStart
	fieldEnd
	fieldSessionError
)

// ComponentShape is the shape of the record that c was read from. BOS: what it computes
// for an answer, status.status and a status where there is none, is no part of a record.
func ComponentShape(received []byte, c Component) Shape {
	return layout(componentLayout).shape(received, func(s Shape) []byte {
		c.Shape = s
		return c.AppendJSON(make([]byte, 0, len(received)+512))
	}, "status.status", "status")
}

func sessionShape(received []byte, s *Session) Shape {
	return layout(sessionLayout).shape(received, func(shape Shape) []byte {
		s.Details.Shape = shape
		return s.AppendJSON(make([]byte, 0, len(received)+512))
	})
}

// shape compares a record as it was received with how what was read of it is written.
// computed are paths of what is left out of account where it is different or missing.
// The order of keys is BOS's, so most records are written as they came, some fields of
// them left out: that is tried first, for every record that has changed comes this way.
func (l layout) shape(received []byte, written func(Shape) []byte, computed ...string) Shape {
	complete := written(Shape{})
	if sameText(received, complete) {
		return Shape{}
	}
	if s := (Shape{Absent: l.fields(complete, "") &^ l.fields(received, "")}); sameText(received, written(s)) {
		return s
	}
	var s Shape
	if extra := l.compare(&s, "", objectOf(received), objectOf(complete), computed); extra != nil {
		s.Extra = string(extra)
	}
	return s
}

// sameText says whether two texts of JSON are the same but for blanks between the parts
// of the first.
func sameText(spaced, compact []byte) bool {
	at, quoted := 0, false
	for i := 0; i < len(spaced); i++ {
		c := spaced[i]
		if !quoted && (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
			continue
		}
		if at == len(compact) || compact[at] != c {
			return false
		}
		at++
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(spaced): // what follows does not end the text
			i++
			if at == len(compact) || compact[at] != spaced[i] {
				return false
			}
			at++
		}
	}
	return at == len(compact)
}

// compare compares two objects. It returns what has to be laid over the complete one, nil
// for nothing.
func (l layout) compare(s *Shape, path string, have, want map[string]json.RawMessage, computed []string) []byte {
	var extra map[string]json.RawMessage
	add := func(key string, value json.RawMessage) {
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[key] = value
	}
	for key, value := range have {
		at := path + key
		known, ok := want[key]
		switch {
		case ok && equalJSON(value, known), slices.Contains(computed, at) && !(ok && value[0] == '{'):
		case ok && known[0] == '{' && value[0] == '{':
			if more := l.compare(s, at+".", objectOf(value), objectOf(known), computed); more != nil {
				add(key, more)
			}
		case ok && string(value) == "null" && l(at) != 0:
			s.Null |= l(at)
		default:
			add(key, value)
		}
	}
	for key := range want {
		if _, ok := have[key]; !ok && !slices.Contains(computed, path+key) {
			s.Absent |= l(path+key) | l.fields(want[key], path+key+".")
		}
	}
	if extra == nil {
		return nil
	}
	return encodeObject(extra)
}

// objectOf reads a JSON object, nil for any other value. Of names that come twice, the
// last one counts.
func objectOf(raw []byte) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// encodeObject writes an object with its keys in order and its values as they are.
func encodeObject(o map[string]json.RawMessage) []byte {
	dst := []byte{'{'}
	for i, key := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, key), ':')
		var value bytes.Buffer
		_ = json.Compact(&value, o[key]) // it was read as JSON
		dst = append(dst, value.Bytes()...)
	}
	return append(dst, '}')
}

// equalJSON compares two values that are not both objects. Numbers must be written alike.
func equalJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var s, t string
	return a[0] == '"' && b[0] == '"' && json.Unmarshal(a, &s) == nil && json.Unmarshal(b, &t) == nil && s == t
}

// overlay lays an object over another: objects key by key, other values in place of
// those that are there.
func overlay(record, extra []byte) []byte {
	under, over := objectOf(record), objectOf(extra)
	for key, value := range over {
		if into := under[key]; objectOf(into) != nil && objectOf(value) != nil {
			value = overlay(into, value)
		}
		under[key] = value
	}
	return encodeObject(under)
}

// given notes that a field has got a value now.
func (s *Shape) given(f Fields, path ...string) {
	s.Absent &^= f
	s.Null &^= f
	if s.Extra != "" {
		if s.Extra = string(without([]byte(s.Extra), path)); s.Extra == "{}" {
			s.Extra = ""
		}
	}
}

// without is an object without the value at a path, unless that is an object itself:
// then there are unknown fields in it.
func without(extra []byte, path []string) []byte {
	o := objectOf(extra)
	value, ok := o[path[0]]
	inside := objectOf(value) != nil
	switch {
	case !ok, inside && len(path) == 1:
		return extra
	case !inside:
		delete(o, path[0])
	default:
		if o[path[0]] = without(value, path[1:]); string(o[path[0]]) == "{}" {
			delete(o, path[0])
		}
	}
	return encodeObject(o)
}

// check checks that a shape is not too large to be kept.
func (s Shape) check() *Error {
	switch {
	case len(s.Extra) > MaxExtra:
		return Errorf(BadUserInput, "the fields that are not known have more than %d bytes", MaxExtra)
	case strings.ContainsRune(s.Extra, 0):
		return Errorf(BadUserInput, "a field that is not known has a NUL character in it")
	}
	return nil
}
