package transport

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
)

// accepted is the media type that a request is to be answered in, by RFC 9110 section 12.5.1;
// empty if it accepts none of ours. A client that prefers none of the two gets application/json,
// and so does one that says nothing: that is what clients of before the other one expect.
func accepted(r *http.Request) string {
	lines := r.Header["Accept"]
	switch {
	case len(lines) == 0:
		return typeJSON
	case len(lines) == 1: // what most clients send
		switch lines[0] {
		case typeJSON, "*/*":
			return typeJSON
		case typeResponse:
			return typeResponse
		}
	}
	accept := strings.Join(lines, ",")
	response, named := quality(accept, typeResponse)
	plain, _ := quality(accept, typeJSON)
	switch {
	case response > plain, response > 0 && response == plain && named:
		return typeResponse
	case plain > 0:
		return typeJSON
	default:
		return ""
	}
}

// quality is the weight that an Accept header gives a media type, by the most specific of its
// ranges that the type is in, and whether that range is the type itself.
func quality(accept, mediaType string) (weight float64, named bool) {
	kind, _, _ := strings.Cut(mediaType, "/")
	most := 0
	for item := range strings.SplitSeq(accept, ",") {
		within, parameters, _ := strings.Cut(item, ";")
		specific := 0
		switch within = strings.TrimSpace(within); {
		case strings.EqualFold(within, mediaType):
			specific = 3
		case strings.EqualFold(within, kind+"/*"):
			specific = 2
		case within == "*/*":
			specific = 1
		}
		if specific > most {
			most, weight, named = specific, weightOf(parameters), specific == 3
		}
	}
	return weight, named
}

// weightOf is the weight of a range with these parameters: 0 if it is for another character set
// than ours.
func weightOf(parameters string) float64 {
	weight := 1.0
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch {
		case strings.EqualFold(name, "q"):
			weight, _ = strconv.ParseFloat(value, 64) // one that can't be read is none: 0
		case strings.EqualFold(name, "charset") && !utf8Name(value):
			return 0
		}
	}
	return weight
}

func utf8Name(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// notAcceptable refuses a request that accepts none of our media types.
func notAcceptable() *bos.Error {
	return bos.Errorf(bos.BadUserInput, "answers are %s or %s, in UTF-8, and subscriptions %s: accept one of them", typeResponse, typeJSON, typeEvents)
}

// headersWithPreflight are headers that a web page can't send to another origin unless its browser
// has asked there first, which this server never allows.
var headersWithPreflight = []string{"Authorization", "Graphql-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With"}

// deliberate says whether a GET was made by a program that means GraphQL. An image, a script, a
// frame or a link, which any web page may point at any address, can have neither an Accept with
// our types nor a header of its own. The check of Origin and Sec-Fetch-Site in front of all this
// relies on the browser to send them; old ones, and those on plain HTTP, do not.
func deliberate(r *http.Request) bool {
	for _, name := range headersWithPreflight {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	accept := strings.ToLower(strings.Join(r.Header["Accept"], ","))
	return strings.Contains(accept, typeJSON) || strings.Contains(accept, typeResponse) || strings.Contains(accept, typeEvents)
}
