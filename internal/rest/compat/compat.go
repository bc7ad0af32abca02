// Package compat has the list of requests by which bosgraph's answers are compared with
// BOS's: all paths, filters, limits, methods, tenants and ways of paging of the read side.
// They change nothing where they are sent: what is no reading is left out by [Reads].
package compat

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

//go:embed requests.jsonl
var requests string

// Request is one request of the list, below the address of a BOS.
type Request struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	Path    string            `json:"path"` // with its query; names in braces stand for what a system has, see [Names]
	Headers map[string]string `json:"headers"`

	// How two answers are compared.
	Unordered bool     `json:"unordered"` // lists of BOS that are in no order
	Volatile  []string `json:"volatile"`  // fields that depend on the moment, by their paths
	Differs   string   `json:"differs"`   // which of [Differences] this is an example of, "" for none
}

// Names are what the requests are about in one system: an id or a name for each of
// component, other (another component), absent (an id that no component has), session
// (one that runs, without a tenant), complete (a session, likewise) and tenant.
type Names map[string]string

// Differences are the ways in which bosgraph answers differently on purpose, and why.
func Differences() map[string]string {
	return map[string]string{
		"writes":         "what changes something is refused with 405 and a hint where to send it: bosgraph answers the read side",
		"schema-text":    "BOS's detail continues after its first line with the schema that refused a value, descriptions and all; here it is that line",
		"phase-list":     "likewise; and the phases in the line are in an order of our own",
		"enabled-alone":  "BOS takes enabled=false for no filter when it is the only one; here it lists what is not enabled",
		"age-overflow":   "BOS answers 500 to an age that begins before the year 1; here all sessions are younger",
		"redirect-body":  "BOS redirects with a page of HTML and to a path without the gateway's prefix; here there is no page, and the path leads back",
		"long-request":   "BOS drops the query of a request line of more than 4,096 bytes and answers with everything; here the query is checked",
		"no-description": "BOS serves its own description and a page that shows it; ours is a file of the project",
	}
}

// Requests returns the list, in its order.
func Requests() ([]Request, error) {
	var all []Request
	for d := json.NewDecoder(strings.NewReader(requests)); d.More(); {
		var r Request
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("the list of requests can't be read: %w", err)
		}
		all = append(all, r)
	}
	return all, nil
}

// Reads says whether the request changes nothing at a BOS, whatever its answer is.
func (r *Request) Reads() bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
}

// Fill returns r about what a system has. Names that are not given stay as they are.
func (r Request) Fill(names Names) Request {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		pairs = append(pairs, "{"+name+"}", names[name])
	}
	fill := strings.NewReplacer(pairs...)
	r.Path = fill.Replace(r.Path)
	headers := make(map[string]string, len(r.Headers))
	for key, value := range r.Headers {
		headers[key] = fill.Replace(value)
	}
	r.Headers = headers
	return r
}
