package bossync

import (
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// lenient is how BOS's JSON is read: names that are not known are passed over, null
// is an empty value, and text that is no UTF-8 is repaired.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readList reads a JSON array to its end, item by item, so that a page of 50,000 records is never
// in memory as one text. What follows the array is an error: a concatenated or repeated answer
// must not pass for a complete one.
func readList(r io.Reader, each func(raw jsontext.Value) error) error {
	d := jsontext.NewDecoder(r, lenient)
	if t, err := d.ReadToken(); err != nil {
		return err
	} else if t.Kind() != '[' {
		return errors.New("it is not a list")
	}
	for d.PeekKind() != ']' {
		raw, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := each(raw); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return errors.New("something follows the list")
	}
	return nil
}

// seed differs in each process. That is enough, because digests are compared only with those of
// the same tenure, and it keeps records from being made to collide.
var seed = maphash.MakeSeed()

// digestOf is a digest by which a changed record is noticed; it is never 0.
func digestOf(raw []byte) uint64 { return maphash.Bytes(seed, raw) | 1 }

// idOf is the id of a component's record, whatever else is in it.
func idOf(raw jsontext.Value) (string, error) {
	var record struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, &record, lenient); err != nil {
		return "", fmt.Errorf("a component's record can't be read: %w", err)
	}
	if record.ID == "" {
		return "", errors.New("a component has no id")
	}
	return record.ID, nil
}

// decodeComponent reads a component's record. Values that can't be read and that no
// number depends on are left out of the fields: the rest of the record is worth having,
// and its shape keeps them as they came. What can be read and is too much to be kept is
// made to fit, and misfit says what that was.
func decodeComponent(raw jsontext.Value) (c bos.Component, misfit, err error) {
	// The whole record first: nearly all are readable, and taking one apart costs many times more.
	if json.Unmarshal(raw, &c, lenient) != nil {
		c = bos.Component{}
		if err := json.Unmarshal(readableParts(raw), &c, lenient); err != nil {
			return bos.Component{}, nil, unreadable(err)
		}
	}
	if s := c.DesiredState; s != nil {
		readable(&s.LastUpdated)
	}
	if s := c.ActualState; s != nil {
		readable(&s.LastUpdated)
	}
	if s := c.StagedState; s != nil {
		readable(&s.LastUpdated)
	}
	if l := c.LastAction; l != nil {
		readable(&l.LastUpdated)
	}
	c.Shape = bos.ComponentShape(raw, c)
	return c, c.Fit(), nil
}

// unreadable says in words of BOS's API which value of a record is of no type it can be of.
func unreadable(err error) error {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return errors.New("it is not JSON")
	}
	kind, ok := map[jsontext.Kind]string{'{': "an object", '[': "a list", '"': "a text", '0': "a number", 't': "true", 'f': "false"}[semantic.JSONKind]
	if !ok {
		kind = "what it is"
	}
	path := strings.Join(slices.Collect(semantic.JSONPointer.Tokens()), ".")
	return fmt.Errorf("its %s can't be %s", cmp.Or(path, "record"), kind)
}

// deciding are the parts of a record that must be readable.
var deciding = []string{"id", "enabled", "error", "session", "status"}

// readableParts is a record without the values that are of no type they can be of, but
// for the deciding ones. It is for the rare record that can't be read as it is.
func readableParts(raw jsontext.Value) jsontext.Value {
	return members(raw, nil, func(path []string, value jsontext.Value) jsontext.Value {
		switch {
		case path[0] == "status" && value.Kind() == '{':
			return members(value, path, phaseAsText)
		case slices.Contains(deciding, path[0]):
			return value
		}
		return readableValue(path, value)
	})
}

// phaseAsText makes a text of a phase that is none: like any phase that BOS does not have, it
// is that of no percentage.
func phaseAsText(path []string, value jsontext.Value) jsontext.Value {
	if path[1] == "phase" && value.Kind() != '"' && value.Kind() != 'n' {
		return must(jsontext.AppendQuote(nil, value))
	}
	return value
}

// readableValue is what can be read of the value at a path, nil for nothing.
func readableValue(path []string, value jsontext.Value) jsontext.Value {
	// Whether the value fits is found out by decoding a record that has nothing else in it: so the
	// types stand in bos.Component alone, and a new field needs no line here.
	reads := func(value jsontext.Value) bool {
		for _, key := range slices.Backward(path) {
			value = slices.Concat([]byte("{"), must(jsontext.AppendQuote(nil, key)), []byte(":"), value, []byte("}"))
		}
		var c bos.Component
		return json.Unmarshal(value, &c, lenient) == nil
	}
	switch {
	case reads(value):
		return value
	case value.Kind() == '{' && reads(jsontext.Value("{}")):
		return members(value, path, readableValue)
	}
	return nil
}

// members rebuilds an object from what keep leaves of its members, path being its own.
func members(object jsontext.Value, path []string, keep func(path []string, value jsontext.Value) jsontext.Value) jsontext.Value {
	var all map[string]jsontext.Value
	if json.Unmarshal(object, &all, lenient) != nil {
		return object
	}
	for key, value := range all {
		if stored := keep(append(slices.Clip(path), key), value); stored != nil {
			all[key] = stored
		} else {
			delete(all, key)
		}
	}
	return must(json.Marshal(all, lenient))
}

// must is for what is JSON already.
func must(text []byte, err error) []byte {
	if err != nil {
		return nil
	}
	return text
}

// readable empties a time that cannot be read. Its text is still in the shape, for REST.
func readable(t *bos.Time) {
	if _, err := t.UTC(); err != nil {
		*t = ""
	}
}

// sessionRecord is BOS's record of a session.
type sessionRecord struct {
	Name            string        `json:"name"`
	Tenant          string        `json:"tenant"`
	Operation       bos.Operation `json:"operation"`
	TemplateName    string        `json:"template_name"`
	Limit           string        `json:"limit"`
	Stage           bool          `json:"stage"`
	IncludeDisabled bool          `json:"include_disabled"`
	Components      string        `json:"components"`
	Status          struct {
		Status    bos.State `json:"status"`
		StartTime bos.Time  `json:"start_time"`
		EndTime   bos.Time  `json:"end_time"`
		Error     string    `json:"error"`
	} `json:"status"`
}

// keyOf is what a session's record is known by, whatever else is in it.
func keyOf(raw jsontext.Value) (bos.SessionKey, error) {
	var r struct {
		Name   string `json:"name"`
		Tenant string `json:"tenant"`
	}
	if err := json.Unmarshal(raw, &r, lenient); err != nil {
		return bos.SessionKey{}, fmt.Errorf("a session's record can't be read: %w", err)
	}
	if r.Name == "" {
		return bos.SessionKey{}, errors.New("a session has no name")
	}
	return bos.SessionKey{Tenant: r.Tenant, Name: r.Name}, nil
}

// decodeSession reads a session's record. BOS: one without a status is pending.
func decodeSession(raw jsontext.Value) (bos.SourceSession, error) {
	var r sessionRecord
	if err := json.Unmarshal(raw, &r, lenient); err != nil {
		return bos.SourceSession{}, unreadable(err)
	}
	// The start is not emptied: it distinguishes incarnations of a name.
	readable(&r.Status.EndTime)
	s := bos.SourceSession{
		NewSession: bos.NewSession{
			SessionKey: bos.SessionKey{Tenant: r.Tenant, Name: r.Name}, Operation: r.Operation, TemplateName: r.TemplateName,
			Limit: r.Limit, Stage: r.Stage, IncludeDisabled: r.IncludeDisabled, StartTime: r.Status.StartTime, Source: bos.SourceBOS,
		},
		State: r.Status.Status, EndTime: r.Status.EndTime, Error: r.Status.Error, InitialComponents: r.Components,
	}
	if s.State == "" {
		s.State = bos.StatePending
	}
	s.Shape = s.ShapeOf(raw)
	return s, nil
}
