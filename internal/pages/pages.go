// Package pages serves what browsers show: the dashboard, the playground, and what
// they load. It knows how to serve them well, not what is in them.
package pages

import (
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// What the pages may do. All that they load is of this server, and nothing is in
// line: a text that gets into a page as markup runs no script, loads nothing and
// sends nothing away. Nor can code of the dashboard make markup of a text by accident.
// 'self' covers WebSockets of this server, too.
const (
	nothingElse = "default-src 'none'; script-src 'self'; font-src 'self'; connect-src 'self'; " +
		"base-uri 'self'; form-action 'none'; frame-ancestors 'none'; "
	dashboardPolicy = nothingElse + "style-src 'self'; img-src 'self'; require-trusted-types-for 'script'"
	// The playground's editor makes its styles as it goes, and draws with images in them.
	playgroundPolicy = nothingElse + "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)

// The names of the pages' files, and of the folder with what they load.
const (
	dashboardFile  = "index.html"
	playgroundFile = "graphiql.html"
	assets         = "assets/"
)

type site struct {
	base                  string
	login                 bool
	dashboard, playground *file
	assets                map[string]*file // by path
}

// Handler serves the pages of a bundle below a base path, which has a slash in front
// and none at its end, or is empty. A page's <base href="/" /> is set to it. What the pages load
// may be compressed in the bundle, with .gz behind its name, and is then sent as it is.
//
// The playground is at /graphiql. What the pages load, below /assets/, has names that
// change with its contents, and may be kept for ever. The other paths of pages are the views of
// the dashboard; anything else is 404.
//
// With login, the pages ask who is there before they show anything.
func Handler(bundle fs.FS, base string, login bool) (http.Handler, error) {
	s := &site{base: base, login: login, assets: map[string]*file{}}
	var err error
	if s.dashboard, err = s.page(bundle, dashboardFile); err != nil {
		return nil, err
	}
	if s.playground, err = s.page(bundle, playgroundFile); err != nil {
		return nil, err
	}
	err = fs.WalkDir(bundle, path.Clean(assets), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			served, packed := strings.CutSuffix(name, ".gz")
			s.assets[served] = newFile(served, packed, func() ([]byte, error) { return fs.ReadFile(bundle, name) })
		}
		return err
	})
	return s, err
}

// page is a page of the bundle, with its base path filled in.
func (s *site) page(bundle fs.FS, name string) (*file, error) {
	const placeholder = `<base href="/" />`
	text, err := fs.ReadFile(bundle, name)
	if err != nil {
		return nil, err
	}
	before, after, found := strings.Cut(string(text), placeholder)
	if !found {
		return nil, fmt.Errorf("%s has no %s to put the base path into", name, placeholder)
	}
	base := `<base href="` + html.EscapeString(s.base+"/") + `"`
	if s.login {
		base += ` data-login`
	}
	based := []byte(before + base + " />" + after)
	return newFile(name, false, func() ([]byte, error) { return based, nil }), nil
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", dashboardPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // names of sessions are in the addresses
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin") // a page that opens this one gets no hold of it
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "This is a page: it can only be read. GraphQL is at "+s.base+"/graphql.", http.StatusMethodNotAllowed)
		return
	}
	switch name := strings.TrimPrefix(r.URL.Path, s.base+"/"); {
	case strings.HasPrefix(name, assets):
		f, ok := s.assets[name]
		if !ok {
			s.missing(w, r)
			return
		}
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
		f.serve(w, r)
	case name == "graphiql":
		header.Set("Content-Security-Policy", playgroundPolicy)
		header.Set("Cache-Control", "no-cache")
		s.playground.serve(w, r)
	case name == "graphiql/":
		http.Redirect(w, r, s.base+"/graphiql", http.StatusMovedPermanently)
	// A program that asks for JSON where there is none must not get a page and "200 OK".
	case !isView(name), !wanted(r):
		s.missing(w, r)
	default:
		header.Add("Vary", "Accept")
		header.Set("Cache-Control", "no-cache")
		s.dashboard.serve(w, r)
	}
}

// wanted says whether a request takes a page for an answer.
func wanted(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return accept == "" || named(r) || strings.Contains(accept, "*/*") || strings.Contains(accept, "text/*")
}

// named says whether a request asks for a page by name, as browsers do when they go
// to an address.
func named(r *http.Request) bool {
	return strings.Contains(strings.Join(r.Header.Values("Accept"), ","), "text/html")
}

// Playable sends a browser that was pointed at GraphQL itself, with nothing to ask,
// to the playground.
func Playable(graphql http.Handler, base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.URL.RawQuery == "" && named(r) {
			w.Header().Set("Vary", "Accept")
			http.Redirect(w, r, base+"/graphiql", http.StatusFound)
			return
		}
		graphql.ServeHTTP(w, r)
	})
}
