package graph

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// ComponentBatch is the list of an input for many components. It is decoded from
// JSON straight into records: making maps of it first, validating them by
// reflection and coercing them field by field takes several times as long, and
// that is most of what a large write costs. The checks are the same.
type ComponentBatch struct{ Components []bos.ComponentPatch }

// Held is a list of components that has been left as JSON, checked to be valid,
// until execution needs it.
type Held jsontext.Value

// Decoded is a list of components that has been decoded before execution.
type Decoded []bos.ComponentPatch

// Decode decodes a list of components; ok is false if it is not one, which validation then reports
// as of any other input.
func Decode(list jsontext.Value) (batch Decoded, ok bool) {
	batch, err := decodeBatch(string(list))
	return batch, err == nil
}

// MarshalGQL is there for gqlgen alone: no answer holds a batch.
func (ComponentBatch) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, "null") }

// UnmarshalGQL reads an input whose only field, components, is a list that was
// held, or one that was decoded like any other value.
func (b *ComponentBatch) UnmarshalGQL(v any) (err error) {
	input, ok := v.(map[string]any)
	if !ok {
		return notA("input of components", v)
	}
	list := input["components"]
	switch given := list.(type) {
	case Decoded:
		b.Components = given
		return nil
	case Held:
		b.Components, err = decodeBatch(string(given))
		return err
	case []any:
		if given == nil { // an empty list in the document, which would become null
			list = []any{}
		}
	case map[string]any:
		list = []any{given} // as GraphQL coerces a single item; one in a variable is in a list by now
	}
	raw, err := json.Marshal(list)
	if err == nil {
		b.Components, err = decodeBatch(string(raw))
	}
	return err
}

// decodeBatch decodes a list of components from valid JSON.
func decodeBatch(list string) ([]bos.ComponentPatch, error) {
	r := newReader(list)
	if r.next() != '[' {
		return nil, inBatch(r.wrong("a list"))
	}
	r.at++
	// An estimate, and nearly always exact: growing a slice of 5,000 patches copies each
	// several times.
	batch := make([]bos.ComponentPatch, 0, strings.Count(list, `"id"`))
	for r.next() != ']' {
		batch = append(batch, bos.ComponentPatch{})
		p := &batch[len(batch)-1]
		var id *string
		err := r.object("an object", func(name string) error {
			if name == "id" {
				return r.id(&id)
			}
			return r.component(p, name)
		})
		// Its type in the schema is ID!, which null and absence fall short of. An empty text is an ID,
		// if none of a component: that is said of the item alone.
		if err == nil && id == nil {
			err = bos.Errorf(bos.BadUserInput, "give an id")
		}
		if err != nil {
			return nil, inBatch(within(strconv.Itoa(len(batch)-1), err))
		}
		p.ID = *id
	}
	return batch, nil
}

// inBatch puts the place of an error into its message: an input that is refused as
// a whole has no other place for it.
func inBatch(err error) error {
	var known *bos.Error
	if !errors.As(err, &known) {
		return err
	}
	return bos.Errorf(bos.BadUserInput, "%s: %w", strings.Join(append([]string{"components"}, known.Field...), "."), err)
}

// component reads one field of a component, but for its id. By a switch and not by reflection, for the reason
// given at [ComponentBatch]: a field that the schema has and this lacks is refused.
func (r *reader) component(p *bos.ComponentPatch, name string) error {
	switch name {
	case "enabled":
		return r.boolean(&p.Enabled)
	case "error":
		return r.string(&p.Error)
	case "session":
		return r.string(&p.Session)
	case "retryPolicy":
		return r.int(&p.RetryPolicy)
	case "status":
		return part(r, &p.Status, func(s *bos.StatusPatch, name string) error {
			switch name {
			case "phase":
				return r.string(&s.Phase)
			case "statusOverride":
				return r.string(&s.StatusOverride)
			}
			return unknownField()
		})
	case "desiredState":
		return part(r, &p.DesiredState, func(s *bos.DesiredStatePatch, name string) error {
			switch name {
			case "bootArtifacts":
				return part(r, &s.BootArtifacts, r.bootArtifacts)
			case "configuration":
				return r.string(&s.Configuration)
			case "bssToken":
				return r.string(&s.BssToken)
			case "lastUpdated":
				return r.time(&s.LastUpdated)
			}
			return unknownField()
		})
	case "actualState":
		return part(r, &p.ActualState, func(s *bos.ActualStatePatch, name string) error {
			switch name {
			case "bootArtifacts":
				return part(r, &s.BootArtifacts, r.bootArtifacts)
			case "bssToken":
				return r.string(&s.BssToken)
			case "lastUpdated":
				return r.time(&s.LastUpdated)
			}
			return unknownField()
		})
	case "stagedState":
		return part(r, &p.StagedState, func(s *bos.StagedStatePatch, name string) error {
			switch name {
			case "bootArtifacts":
				return part(r, &s.BootArtifacts, r.bootArtifacts)
			case "configuration":
				return r.string(&s.Configuration)
			case "session":
				return r.string(&s.Session)
			case "lastUpdated":
				return r.time(&s.LastUpdated)
			}
			return unknownField()
		})
	case "lastAction":
		return part(r, &p.LastAction, func(l *bos.LastActionPatch, name string) error {
			switch name {
			case "action":
				return r.string(&l.Action)
			case "failed":
				return r.boolean(&l.Failed)
			case "lastUpdated":
				return r.time(&l.LastUpdated)
			}
			return unknownField()
		})
	case "eventStats":
		return part(r, &p.EventStats, func(e *bos.EventStatsPatch, name string) error {
			switch name {
			case "powerOnAttempts":
				return r.int(&e.PowerOnAttempts)
			case "powerOffGracefulAttempts":
				return r.int(&e.PowerOffGracefulAttempts)
			case "powerOffForcefulAttempts":
				return r.int(&e.PowerOffForcefulAttempts)
			}
			return unknownField()
		})
	}
	return unknownField()
}

func (r *reader) bootArtifacts(b *bos.BootArtifactsPatch, name string) error {
	switch name {
	case "kernel":
		return r.string(&b.Kernel)
	case "kernelParameters":
		return r.string(&b.KernelParameters)
	case "initrd":
		return r.string(&b.Initrd)
	}
	return unknownField()
}
