package graph

import (
	stdjson "encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// ComponentBatch is the list of an input for many components. It is decoded from
// JSON straight into records: making maps of it first, validating them by
// reflection and coercing them field by field takes several times as long, and
// that is most of what a large write costs. The checks are the same.
type ComponentBatch struct{ Components []bos.ComponentPatch }

// Held is a list of components that has been left as JSON until execution needs it.
type Held jsontext.Value

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
	if held, ok := list.(Held); ok {
		b.Components, err = decodeBatch(jsontext.Value(held))
		return err
	}
	if _, ok := list.([]any); !ok {
		list = []any{list} // as GraphQL coerces a single item
	}
	raw, err := stdjson.Marshal(list)
	if err == nil {
		b.Components, err = decodeBatch(raw)
	}
	return err
}

// decoding are the rules of GraphQL: a field that the input does not have is an
// error, a name is written as it is, an Int has 32 bits, and a DateTime is checked.
var decoding = json.JoinOptions(
	json.RejectUnknownMembers(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFromFunc(decodeTime), json.UnmarshalFromFunc(decodeInt))),
)

func decodeTime(d *jsontext.Decoder, t *bos.Time) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' {
		return bos.Errorf(bos.BadUserInput, "a DateTime is a string")
	}
	*t, err = bos.ParseTime(token.String())
	return err
}

func decodeInt(d *jsontext.Decoder, n *int) error {
	value, err := d.ReadValue()
	if err != nil {
		return err
	}
	i, err := strconv.ParseInt(string(value), 10, 32)
	if err != nil {
		return bos.Errorf(bos.BadUserInput, "an Int is a whole number of 32 bits")
	}
	*n = int(i)
	return nil
}

func decodeBatch(raw jsontext.Value) ([]bos.ComponentPatch, error) {
	var batch []bos.ComponentPatch
	err := json.Unmarshal(raw, &batch, decoding)
	if err == nil {
		for i := range batch {
			if batch[i].ID == "" { // or null, or no item at all
				return nil, bos.Errorf(bos.BadUserInput, "components.%d: give an id", i)
			}
		}
		return batch, nil
	}
	var at *json.SemanticError
	if !errors.As(err, &at) {
		return nil, bos.Errorf(bos.BadUserInput, "components: this is not valid JSON: %w", err)
	}
	field := "components" + strings.ReplaceAll(string(at.JSONPointer), "/", ".")
	switch known := (*bos.Error)(nil); {
	case errors.As(at.Err, &known):
		return nil, bos.Errorf(bos.BadUserInput, "%s: %w", field, known)
	case errors.Is(at.Err, json.ErrUnknownName):
		return nil, bos.Errorf(bos.BadUserInput, "%s: there is no such field", field)
	default:
		return nil, bos.Errorf(bos.BadUserInput, "%s can't be a JSON %s%s", field, KindName(at.JSONKind), instead(at.GoType))
	}
}

// KindName is what a kind of JSON value is called.
func KindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "list"
	}
	return "value"
}

func instead(t reflect.Type) string {
	if t == nil {
		return ""
	}
	switch t.Kind() {
	case reflect.String:
		return ": give a string"
	case reflect.Bool:
		return ": give a boolean"
	case reflect.Slice:
		return ": give a list"
	default:
		return ": give an object"
	}
}
