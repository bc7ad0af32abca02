package rest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/bosgraph/bosgraph/internal/auth"
)

// location is where in BOS's paths a request's path is.
type location struct {
	prefix string // that BOS's paths are below here: the base, or the gateway's path
	path   string // BOS's own, beginning with a slash
}

// locate finds a path among BOS's, which are below a base, under either address.
func locate(base, path string) (location, bool) {
	rest, ok := strings.CutPrefix(path, base)
	if !ok {
		return location{}, false
	}
	if below, ok := under(gateway, rest); ok {
		return location{base + gateway, below}, true
	}
	_, ok = under(service, rest)
	return location{base, rest}, ok
}

// Has says whether a path below the base is answered as one of BOS's, under either address: also
// one that BOS does not have.
func Has(path string) bool {
	_, ok := locate("", path)
	return ok
}

// under says whether a path is a folder's, and what it is below that.
func under(folder, path string) (below string, ok bool) {
	below, ok = strings.CutPrefix(path, folder)
	return below, ok && (below == "" || below[0] == '/')
}

// request is a request at one of BOS's paths, with its parameters checked.
type request struct {
	*http.Request
	at    location
	id    string            // that the path names
	query map[string]string // as it was sent; see [parseQuery]
}

// route is a path, and what is to be done there. In the path, {} stands for an id.
type route struct {
	path     string
	get      func(w http.ResponseWriter, r *request) error // nil where BOS has no GET
	writes   instead
	id       parameter   // that the path names
	query    []parameter // in the order in which BOS checks them
	tenanted bool        // BOS looks at the header that names a tenant
	needs    auth.Action // what the access of a request has to allow
}

// instead names the mutations that do what BOS does by other methods, "" where there is
// none.
type instead map[string]string

// match says whether a path is that of the route, and which id it names.
func (to *route) match(path string) (id string, ok bool) {
	// http.ServeMux would do for the paths, but cleans them and redirects in its own words, where
	// BOS answers 404 or redirects in others.
	before, after, has := strings.Cut(to.path, "{}")
	if !has {
		return "", path == to.path
	}
	id, ok = strings.CutPrefix(path, before)
	if ok {
		id, ok = strings.CutSuffix(id, after)
	}
	return id, ok && id != "" && !strings.Contains(id, "/")
}

// find finds the route of a path of BOS's.
func (h *handler) find(path string) (to *route, id string) {
	for i := range h.routes {
		if id, ok := h.routes[i].match(path); ok {
			return &h.routes[i], id
		}
	}
	return nil, ""
}

// serve answers a request at one of BOS's paths.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, at location) {
	to, id := h.find(at.path)
	if at.path == "/" { // of the gateway: the base's own is the dashboard
		to = &route{path: "/", get: h.versions, needs: auth.ReadServer}
	}
	if to == nil {
		h.elsewhere(w, r, at)
		return
	}
	answer := &Answered{ResponseWriter: w}
	defer h.recover(answer, r)
	if err := h.answer(answer, &request{Request: r, at: at, id: id}, to); err != nil {
		h.fail(w, r, err)
	}
}

// elsewhere answers where there is no such path. BOS: Werkzeug looks again with every
// pair of slashes merged, and redirects to what it finds then.
func (h *handler) elsewhere(w http.ResponseWriter, r *http.Request, at location) {
	merged := strings.ReplaceAll(at.path, "//", "/")
	if to, _ := h.find(merged); to == nil || merged == at.path || !to.has(r.Method) {
		h.fail(w, r, notThere())
		return
	}
	// The path alone, so that no answer leads to another host.
	target := url.URL{Path: at.prefix + merged, RawQuery: r.URL.RawQuery}
	w.Header().Set("Location", target.String())
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusPermanentRedirect)
}

// has says whether BOS knows the method at the route.
func (to *route) has(method string) bool {
	_, writes := to.writes[method]
	reads := to.get != nil && (method == http.MethodGet || method == http.MethodHead)
	return reads || writes || method == http.MethodOptions
}

// answer answers at a route. An error is one from before the answer began.
func (h *handler) answer(w http.ResponseWriter, r *request, to *route) error {
	// A request that is limited to a tenant names it: see [tenantOf].
	if _, err := auth.AccessOf(r.Context()).View(to.needs); err != nil {
		return err
	}
	switch {
	case r.Method == http.MethodOptions: // BOS: Flask answers, and checks no parameter
		w.Header().Set("Allow", to.allow())
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		return nil
	case to.get == nil || r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", to.allow())
		return to.refuse(r.Method)
	}
	r.query = parseQuery(r.URL.RawQuery)
	if err := to.check(r); err != nil {
		return err
	}
	return to.get(w, r)
}

// allow lists the methods that are answered.
func (to *route) allow() string {
	if to.get == nil {
		return "OPTIONS"
	}
	return "GET, HEAD, OPTIONS"
}

// refuse refuses what is no reading, and says what to do instead of what BOS would do.
func (to *route) refuse(method string) *problem {
	mutation, ok := to.writes[method]
	switch {
	case !ok: // BOS: Werkzeug's words
		return newProblem(http.StatusMethodNotAllowed, "Method Not Allowed", "The method is not allowed for the requested URL.")
	case mutation == "":
		return newProblem(http.StatusMethodNotAllowed, "Method Not Allowed", "This address is only for reading: send this request to BOS")
	}
	return newProblem(http.StatusMethodNotAllowed, "Method Not Allowed",
		"This address is only for reading: send the GraphQL mutation %s, or this request to BOS", mutation)
}

// check checks the parameters. BOS: connexion, which looks at those of the query first,
// then of the path, then at headers.
func (to *route) check(r *request) error {
	for _, p := range to.query {
		if value, ok := r.query[p.name]; ok {
			if err := p.check(value); err != nil {
				return err
			}
		}
	}
	if to.id.check != nil {
		if err := to.id.check(r.id); err != nil {
			return err
		}
	}
	if to.tenanted {
		return tenantParameter().check(tenantOf(r.Request))
	}
	return nil
}

// parseQuery reads a query. Of a parameter that comes several times, the last one
// counts, and what is not encoded as it should be is taken as it is. BOS: Werkzeug
// reads it, and connexion takes the last.
func parseQuery(raw string) map[string]string {
	query := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			query[unescape(name)] = unescape(value)
		}
	}
	return query
}

// unescape decodes what can be decoded.
func unescape(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	// Python decodes what is valid and leaves the rest, where Go's decoder refuses the whole text.
	parts := strings.Split(strings.ReplaceAll(s, "+", " "), "%")
	var text strings.Builder
	text.WriteString(parts[0])
	for _, part := range parts[1:] {
		if decoded, err := url.PathUnescape("%" + part[:min(2, len(part))]); err == nil {
			text.WriteString(decoded + part[2:])
		} else {
			text.WriteString("%" + part)
		}
	}
	return strings.ToValidUTF8(text.String(), "\ufffd")
}
