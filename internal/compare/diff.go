package compare

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/bosgraph/bosgraph/internal/client"
	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// What differs between two answers.
const (
	whatAnswer = "answer" // one side gives none
	whatStatus = "status"
	whatType   = "content type"
	whatBody   = "body" // that is not JSON
	whatJSON   = "json"
)

// Difference is how the answers to a request differ: the first way found.
type Difference struct {
	Method   string `json:"method"`
	Path     string `json:"path"`
	Tenant   string `json:"tenant,omitempty"`
	What     string `json:"what"`         // answer, status, content type, body or json
	At       string `json:"at,omitempty"` // path of the first value that differs, of json; "$" is the whole
	BOS      string `json:"bos"`          // the values, as JSON if they are of JSON
	Bosgraph string `json:"bosgraph"`
	Argued   string `json:"argued,omitempty"` // the reason, if the difference is on purpose
}

// absent stands for a value that one side does not have.
const absent = "absent"

// compareAnswers returns how two answers differ; false if they don't. The order of keys
// is no difference, nor is that of lists which BOS has in no order.
func compareAnswers(r compat.Request, bos, ours answer, bosURL, ourURL string) (Difference, bool) {
	d := Difference{Method: r.Method, Path: r.Path, Tenant: r.Headers[client.TenantHeader]}
	differ := func(what, at, bos, ours string) (Difference, bool) {
		d.What, d.At, d.BOS, d.Bosgraph = what, at, bos, ours
		return d, true
	}
	switch {
	case bos.err != nil || ours.err != nil:
		return differ(whatAnswer, "", outcome(bos), outcome(ours))
	case bos.status != ours.status:
		return differ(whatStatus, "", fmt.Sprint(bos.status), fmt.Sprint(ours.status))
	case bos.kind != ours.kind:
		return differ(whatType, "", bos.kind, ours.kind)
	case r.Method == http.MethodHead || bytes.Equal(bos.body, ours.body):
		return d, false
	}
	theirs, bosJSON := decode(bos)
	own, ourJSON := decode(ours)
	if !bosJSON || !ourJSON {
		return differ(whatBody, "", short(string(bos.body)), short(string(ours.body)))
	}
	theirs, own = settle(theirs, r, bosURL), settle(own, r, ourURL)
	if at, a, b, differs := first("$", theirs, own); differs {
		return differ(whatJSON, at, a, b)
	}
	return d, false
}

// outcome is what came of a request, where one side has no answer to compare.
func outcome(a answer) string {
	if a.err != nil {
		return "none: " + a.err.Error()
	}
	return fmt.Sprint("status ", a.status)
}

// isJSON says whether a content type is JSON: problems have a type of their own that ends in
// +json.
func isJSON(kind string) bool {
	media, _, err := mime.ParseMediaType(kind)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// decode reads a body of JSON with numbers as they are written.
func decode(a answer) (v any, ok bool) {
	if !isJSON(a.kind) {
		return nil, false
	}
	// As numbers of Go, 1 and 1.0 would be the same, and large ones lose digits.
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil, false
	}
	// Something behind the value would make it no JSON: a decoder alone stops without looking.
	_, err := d.Token()
	return v, err == io.EOF
}

// settle makes of a body what can be compared: without what depends on the moment, on the
// address, or on an order that BOS does not keep.
func settle(body any, r compat.Request, base string) any {
	for _, path := range r.Volatile {
		remove(body, strings.Split(path, "."))
	}
	if items, ok := body.([]any); ok && r.Unordered {
		slices.SortStableFunc(items, func(a, b any) int { return cmp.Compare(sortKey(a), sortKey(b)) })
	}
	// Only a status has that field, so it needs no mark in the list of requests.
	if status, ok := body.(map[string]any); ok {
		if summary, ok := status["error_summary"].(map[string]any); ok {
			for _, group := range summary {
				sortIDs(group)
			}
		}
	}
	relative(body, base)
	return body
}

// remove takes a field out of an object.
func remove(body any, steps []string) {
	object, ok := body.(map[string]any)
	switch {
	case !ok:
	case len(steps) == 1:
		delete(object, steps[0])
	default:
		remove(object[steps[0]], steps[1:])
	}
}

// sortKey is by what items of a list are recognised: sessions by their names.
func sortKey(item any) string {
	if object, ok := item.(map[string]any); ok && object["name"] != nil {
		return fmt.Sprint(object["name"], "\x00", object["tenant"])
	}
	return text(item)
}

// sortIDs orders the ids of a group of errors. BOS names the first of a set: which ones
// these are of a long list, and their order, is up to chance.
func sortIDs(group any) {
	object, ok := group.(map[string]any)
	if !ok {
		return
	}
	ids, ok := object["list"].(string)
	if !ok {
		return
	}
	if strings.HasSuffix(ids, "...") {
		object["list"] = "…"
		return
	}
	parts := strings.Split(ids, ",")
	slices.Sort(parts)
	object["list"] = strings.Join(parts, ",")
}

// relative makes links relative to the service that they are of. A gateway may answer
// with another scheme or host than it was asked by, so only the path counts.
func relative(v any, base string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			relative(item, base)
		}
	case map[string]any:
		for key, value := range v {
			if href, ok := value.(string); ok && key == "href" {
				v[key] = underRoot(href, pathOf(base))
			} else {
				relative(value, base)
			}
		}
	}
}

// underRoot is a link with {root} for the address of its service, which has that path. BOS
// names the gateway's path in links, even where it is asked behind the gateway.
func underRoot(href, path string) string {
	link := pathOf(href)
	for _, prefix := range []string{path, "/apis/bos"} {
		if rest, ok := strings.CutPrefix(link, prefix); ok && prefix != "" {
			return "{root}" + rest
		}
	}
	if path == "" {
		return "{root}" + link
	}
	return link
}

// pathOf is what follows the host in an address.
func pathOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		host, _, _ := strings.Cut(rest, "/")
		return rest[len(host):]
	}
	return address
}

// first finds the first value that differs, keys in their order, and says where it is.
func first(at string, a, b any) (where, left, right string, differs bool) {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			break
		}
		// Of both sides, so that a field that only one has is found as well.
		keys := maps.Clone(a)
		maps.Copy(keys, b)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			below := at + "." + key
			one, inA := a[key]
			other, inB := b[key]
			if !inA || !inB {
				return below, textOr(one, inA), textOr(other, inB), true
			}
			if where, left, right, differs = first(below, one, other); differs {
				return where, left, right, true
			}
		}
		return "", "", "", false
	case []any:
		b, ok := b.([]any)
		if !ok {
			break
		}
		for i := range max(len(a), len(b)) {
			below := fmt.Sprintf("%s[%d]", at, i)
			if i >= len(a) {
				return below, absent, textOr(b[i], true), true
			}
			if i >= len(b) {
				return below, textOr(a[i], true), absent, true
			}
			if where, left, right, differs = first(below, a[i], b[i]); differs {
				return where, left, right, true
			}
		}
		return "", "", "", false
	}
	// Values of different kinds end here as well: an object and a text differ as JSON does.
	if one, other := text(a), text(b); one != other {
		return at, short(one), short(other), true
	}
	return "", "", "", false
}

// textOr is a value as it is shown, or that there is none.
func textOr(v any, there bool) string {
	if !there {
		return absent
	}
	return short(text(v))
}

// text is a value as JSON, the keys sorted.
func text(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("compare: decoded JSON can't be encoded: %v", err))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// maxShown is how many characters of a value are shown.
const maxShown = 160

// short cuts a value by characters: a body may have megabytes, and one line is to show it.
func short(s string) string {
	runes := []rune(s)
	if len(runes) <= maxShown {
		return s
	}
	return string(runes[:maxShown]) + "…"
}
