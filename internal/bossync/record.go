package bossync

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// lenient is how BOS's JSON is read: names that are not known are passed over, null
// is an empty value, and text that is no UTF-8 is mended.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readList reads a JSON array to its end, item by item.
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

var seed = maphash.MakeSeed()

// digestOf tells whether a record has changed; it is never 0.
func digestOf(raw []byte) uint64 { return maphash.Bytes(seed, raw) | 1 }

// idOf is the id of a component's record, whatever else is in it.
func idOf(raw jsontext.Value) (string, error) {
	var record struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, &record, lenient); err != nil || record.ID == "" {
		return "", fmt.Errorf("a component has no id: %w", err)
	}
	return record.ID, nil
}

// decodeComponent reads a component's record. Times that can't be read are left out:
// no number depends on them, and the rest of the record is worth having.
func decodeComponent(raw jsontext.Value) (bos.Component, error) {
	var c bos.Component
	if err := json.Unmarshal(raw, &c, lenient); err != nil {
		return bos.Component{}, err
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
	return c, nil
}

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
	if err := json.Unmarshal(raw, &r, lenient); err != nil || r.Name == "" {
		return bos.SessionKey{}, fmt.Errorf("a session has no name: %w", err)
	}
	return bos.SessionKey{Tenant: r.Tenant, Name: r.Name}, nil
}

// decodeSession reads a session's record. BOS: one without a status is pending.
func decodeSession(raw jsontext.Value) (bos.SourceSession, error) {
	var r sessionRecord
	if err := json.Unmarshal(raw, &r, lenient); err != nil {
		return bos.SourceSession{}, err
	}
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
	return s, nil
}
