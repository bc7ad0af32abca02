package pages

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
)

// views are the paths of the dashboard's views, below the base path, as path.Match takes them. The dashboard routes
// them itself (web/src/dashboard/model/route.ts): a view that is added there is added here.
var views = []string{"", "sessions/*", "components/*", "troubled", "compare"}

// isView says whether a path is that of a view. A path that is none answers 404: with a page and "200 OK", a
// program that asks for the metrics of a server that has none there would get something that looks like an answer.
func isView(name string) bool {
	name = strings.TrimSuffix(name, "/")
	return slices.ContainsFunc(views, func(view string) bool {
		matches, _ := path.Match(view, name)
		return matches
	})
}

// missing answers for a path at which there is nothing: with a page for browsers, else as the client takes it.
func (s *site) missing(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Add("Vary", "Accept")
	accept := strings.Join(r.Header.Values("Accept"), ",")
	kind, text := "text/plain; charset=utf-8", "There is nothing here.\n"
	switch {
	case named(r):
		// It loads nothing: what the pages load has names that only they know.
		kind, text = kinds[".html"], "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"+
			"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Not found - bosgraph</title>\n</head>\n"+
			"<body>\n<main>\n<h1>There is nothing here</h1>\n<p>"+html.EscapeString(r.URL.Path)+" is no page of this server.</p>\n"+
			"<p><a href=\""+html.EscapeString(s.base)+"/\">All sessions</a></p>\n</main>\n</body>\n</html>\n"
	case strings.Contains(accept, "json"):
		problem, _ := json.Marshal(map[string]any{"type": "about:blank", "title": "Not Found", "status": http.StatusNotFound, "detail": "There is nothing at " + r.URL.Path + "."})
		kind, text = "application/problem+json", string(problem)+"\n"
	}
	header.Set("Content-Type", kind)
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, text) // of a HEAD, the server drops it
}
