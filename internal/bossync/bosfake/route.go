package bosfake

import (
	"net/http"
	"strings"
)

// route is a path of BOS's, "{id}" standing for one segment of it, and what answers there; nil
// where BOS only writes.
type route struct {
	pattern string
	get     getter
}

// find is the route of a path. BOS: Werkzeug matches the decoded path, so that an encoded slash
// is one, and "." and ".." are names like others.
func (b *BOS) find(path string) (to *route, id string) {
	for i := range b.routes {
		before, after, named := strings.Cut(b.routes[i].pattern, "{id}")
		if !named && path == before {
			return &b.routes[i], ""
		}
		rest, ok := strings.CutPrefix(path, before)
		if !named || !ok {
			continue
		}
		if id, ok := strings.CutSuffix(rest, after); ok && id != "" && !strings.Contains(id, "/") {
			return &b.routes[i], id
		}
	}
	return nil, ""
}

// elsewhere answers where there is no such path. BOS: Werkzeug looks again with every pair of
// slashes merged, and redirects to what it finds then.
func (b *BOS) elsewhere(r *http.Request, path string) answer {
	merged := strings.ReplaceAll(path, "//", "/")
	if to, _ := b.find(merged); to != nil && merged != path {
		a := text(http.StatusPermanentRedirect, "text/html; charset=utf-8", "")
		if a.location = merged; r.URL.RawQuery != "" {
			a.location += "?" + r.URL.RawQuery
		}
		return a
	}
	return getNothing(r, nil)
}
