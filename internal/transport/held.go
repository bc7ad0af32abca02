package transport

import (
	"bytes"
	stdjson "encoding/json"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph"
)

// heldFrom is from how many bytes on any list is held back. Shorter ones are only where nothing but
// components can be in the list: producers that report each node by itself send many of these.
const heldFrom = 4096

// request is a GraphQL request as it came. Lists of components are held back
// as JSON, with an empty list in their place, so that the request can be validated
// without them; they are put back once their variables turn out to be such lists, short
// ones decoded: an error in one of these is found before anything is executed.
type request struct {
	*graphql.RawParams
	held map[string]jsontext.Value // by variable
}

// wire is the JSON of a request, its variables still undecoded.
type wire struct {
	Query         string                    `json:"query"`
	OperationName *string                   `json:"operationName"`
	Variables     map[string]jsontext.Value `json:"variables"`
	Extensions    map[string]any            `json:"extensions"`
}

// request decodes the variables, except for lists that are held back.
func (w *wire) request() *request {
	r := &request{RawParams: &graphql.RawParams{Query: w.Query, Extensions: w.Extensions}}
	if w.OperationName != nil {
		r.OperationName = *w.OperationName
	}
	if w.Variables != nil {
		r.Variables = make(map[string]any, len(w.Variables))
	}
	for name, raw := range w.Variables {
		if list, rest, ok := hold(raw); ok {
			if r.held == nil {
				r.held = map[string]jsontext.Value{}
			}
			r.held[name], raw = list, rest
		}
		r.Variables[name] = plain(raw)
	}
	return r
}

// hold takes a list out of a variable: the variable itself if it is long, or its field
// components if it has no other.
func hold(raw jsontext.Value) (list, rest jsontext.Value, ok bool) {
	// Any long list is taken out, of whatever type: the type is known only after validation, and
	// validating with the list is what costs the time.
	if raw.Kind() == '[' && len(raw) >= heldFrom {
		return raw, jsontext.Value("[]"), true
	}
	if raw.Kind() != '{' {
		return nil, nil, false
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	_, _ = d.ReadToken()
	name, err := d.ReadToken()
	if err != nil || name.String() != "components" || d.PeekKind() != '[' {
		return nil, nil, false
	}
	// The list is only skipped: decoding the request has shown that it is valid.
	start := bytes.IndexByte(raw[d.InputOffset():], '[') + int(d.InputOffset())
	end := start + valueEnd(raw[start:])
	// Another field behind it would be lost with the empty list in the place of the whole
	// variable.
	if rest := bytes.TrimLeft(raw[end:], " \t\r\n"); rest[0] != '}' {
		return nil, nil, false
	}
	return raw[start:end], jsontext.Value(`{"components":[]}`), true
}

// valueEnd is where the list or object ends that valid JSON begins with.
func valueEnd(raw []byte) int {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			end, _ := textEnd(raw[i+1:], false)
			i += 1 + end
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(raw)
}

// plain decodes JSON that is known to be valid as gqlgen expects it, numbers as
// they were written.
func plain(raw jsontext.Value) (value any) {
	if raw.Kind() == '"' && bytes.IndexByte(raw, '\\') < 0 { // most variables are short texts
		return string(raw[1 : len(raw)-1])
	}
	d := stdjson.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

// putBack gives the operation the lists that were held. It is false if one is not
// a list of components: then the request has to be validated with it.
func (r *request) putBack(op *graphql.OperationContext) bool {
	for name, list := range r.held {
		definition := op.Operation.VariableDefinitions.ForName(name)
		if definition == nil {
			continue // the document does not have that variable, which is allowed
		}
		switch value := op.Variables[name].(type) {
		case map[string]any:
			if !batchInputs[definition.Type.Name()] {
				return false
			}
			value["components"] = graph.Held(list)
			if len(list) < heldFrom {
				batch, ok := graph.Decode(list)
				if !ok {
					return false
				}
				value["components"] = batch
			}
		default:
			if !isList(definition.Type) || !batchItems[definition.Type.Name()] {
				return false
			}
			op.Variables[name] = graph.Held(list)
		}
	}
	return true
}

func isList(t *ast.Type) bool { return t.Elem != nil && t.Elem.Elem == nil }

// The types whose values graph decodes from what is held.
var (
	batchInputs = map[string]bool{"PutComponentsInput": true, "PatchComponentsInput": true}
	batchItems  = map[string]bool{"ComponentInput": true, "ComponentPatch": true}
)

// whole puts what was held back into the variables.
func (r *request) whole() {
	for name, list := range r.held {
		if input, ok := r.Variables[name].(map[string]any); ok {
			input["components"] = plain(list)
		} else {
			r.Variables[name] = plain(list)
		}
	}
}

// tooLong refuses variables with a list that is longer than any may be. The bodies of
// requests are looked at while they come; this is for those whose document came last.
func (w *wire) tooLong() *bos.Error {
	most := maxList
	if strings.Contains(w.Query, tenantField) {
		most = maxTenantList
	}
	for _, raw := range w.Variables {
		if len(raw) < 2*maxList { // too short to hold so many items: each takes a byte and a comma
			continue
		}
		s := screen{seen: true, tenant: most == maxTenantList}
		if _, err := s.see(raw); err != nil {
			return err
		}
	}
	return nil
}
