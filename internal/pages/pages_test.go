package pages

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bosgraph/bosgraph/web"
)

var script = strings.Repeat("export const state = 'stable';\n", 100)

// bundle is one as it is embedded.
func bundle() fstest.MapFS {
	page := func(name string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("<!doctype html>\n<head>\n<base href=\"/\" />\n<title>" + name + "</title>\n" +
			strings.Repeat("<link href=\"./assets/index-a1.js\">\n", 10))}
	}
	return fstest.MapFS{
		"index.html":            page("the dashboard"),
		"graphiql.html":         page("the playground"),
		"assets/index-a1.js.gz": {Data: zip([]byte(script))},
		"assets/dot-b2.svg":     {Data: []byte("<svg/>")},
		"assets/odd-c3.thing":   {Data: []byte("?")},
		"notes.txt":             {Data: []byte("not to be served")},
	}
}

func handler(t *testing.T, base string) http.Handler {
	t.Helper()
	h, err := Handler(bundle(), base, false)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestWhichPathAnswersWhat shows which path answers what, with and without a base path.
func TestWhichPathAnswersWhat(t *testing.T) {
	t.Parallel()
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	const forever, always, never = "public, max-age=31536000, immutable", "no-cache", "no-store"
	tests := []struct {
		path, accept string
		status       int
		kind, holds  string
		cache        string
	}{
		{"/", browser, 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/", "", 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/sessions/monday", browser, 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/sessions/monday-2.1", "*/*", 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/sessions/monday", "text/*", 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/sessions/monday/", browser, 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/components/x3000c0s13b0n0", browser, 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/troubled", browser, 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/compare?a=x&b=y", browser, 200, "text/html; charset=utf-8", "the dashboard", always},
		{"/sessions/monday", "application/json", 404, "application/problem+json", `"status":404`, never},
		{"/sessions", browser, 404, "text/html; charset=utf-8", "nothing here", never},
		{"/sessions/monday/errors", "*/*", 404, "text/plain; charset=utf-8", "nothing here", never},
		{"/metrics", "text/plain", 404, "text/plain; charset=utf-8", "nothing here", never},
		{"/metrics", browser, 404, "text/html; charset=utf-8", "/metrics is no page", never},
		{"/<script>", browser, 404, "text/html; charset=utf-8", "&lt;script&gt; is no page", never},
		{"/wp-login.php/x", "application/json", 404, "application/problem+json", `"status":404`, never},
		{"/graphiql", browser, 200, "text/html; charset=utf-8", "the playground", always},
		{"/graphiql", "application/json", 200, "text/html; charset=utf-8", "the playground", always},
		{"/assets/index-a1.js", "*/*", 200, "text/javascript; charset=utf-8", script, forever},
		{"/assets/dot-b2.svg", "image/*", 200, "image/svg+xml", "<svg/>", forever},
		{"/assets/odd-c3.thing", "*/*", 200, "application/octet-stream", "?", forever},
		{"/assets/index-a0.js", browser, 404, "text/html; charset=utf-8", "nothing here", never},
		{"/assets/", browser, 404, "text/html; charset=utf-8", "nothing here", never},
		{"/assets/../notes.txt", browser, 404, "text/html; charset=utf-8", "nothing here", never},
		{"/notes.txt", browser, 404, "text/html; charset=utf-8", "nothing here", never},
		{"/index.html", browser, 404, "text/html; charset=utf-8", "nothing here", never},
		{"/favicon.ico", "image/*", 404, "text/plain; charset=utf-8", "nothing here", never},
	}
	for _, base := range []string{"", "/boot/status"} {
		h := handler(t, base)
		for _, test := range tests {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				var headers []string
				if test.accept != "" {
					headers = []string{"Accept", test.accept}
				}
				r := ask(h, method, base+test.path, headers...)
				text := body(t, r)
				what := method + " " + base + test.path + " as " + test.accept
				if r.StatusCode != test.status || r.Header.Get("Content-Type") != test.kind || r.Header.Get("Cache-Control") != test.cache {
					t.Errorf("%s: %d, %s, %s; want %d, %s, %s", what, r.StatusCode, r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"),
						test.status, test.kind, test.cache)
				}
				if method == http.MethodGet && !strings.Contains(text, test.holds) {
					t.Errorf("%s: %q, want %q in it", what, text, test.holds)
				}
				if test.status == http.StatusOK && strings.HasPrefix(test.kind, "text/html") && method == http.MethodGet &&
					!strings.Contains(text, `<base href="`+base+`/" />`) {
					t.Errorf("%s has not got its base path: %q", what, text)
				}
			}
		}
	}
}

// TestSecurityHeadersOfEveryAnswer shows what every answer says to keep a browser from doing harm.
func TestSecurityHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	h := handler(t, "")
	for _, path := range []string{"/", "/graphiql", "/assets/index-a1.js", "/assets/none.js"} {
		header := ask(h, http.MethodGet, path).Header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := map[string]string{}
		for directive := range strings.SplitSeq(header.Get("Content-Security-Policy"), ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), " ")
			if _, twice := policy[name]; twice {
				t.Errorf("%s: %s is there twice, and the second time does not count", path, name)
			}
			policy[name] = value
		}
		want := map[string]string{
			"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "font-src": "'self'",
			"connect-src": "'self'", "base-uri": "'self'", "form-action": "'none'", "frame-ancestors": "'none'", "require-trusted-types-for": "'script'",
		}
		if path == "/graphiql" { // its editor can't do without, and no other page gets it
			want["style-src"], want["img-src"] = "'self' 'unsafe-inline'", "'self' data:"
			delete(want, "require-trusted-types-for")
		}
		for name, value := range want {
			if policy[name] != value {
				t.Errorf("%s: %s is %q, want %q", path, name, policy[name], value)
			}
			delete(policy, name)
		}
		if len(policy) > 0 {
			t.Errorf("%s allows also %v", path, policy)
		}
	}
}

// TestOnlyGETAndHEADAreTaken shows that nothing but GET and HEAD is taken.
func TestOnlyGETAndHEADAreTaken(t *testing.T) {
	t.Parallel()
	h := handler(t, "")
	for _, path := range []string{"/", "/graphiql", "/assets/index-a1.js", "/sessions/monday"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace} {
			r := ask(h, method, path)
			if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, allowed %q", method, path, r.StatusCode, r.Header.Get("Allow"))
			}
		}
	}
}

func TestPlaygroundHasOneAddress(t *testing.T) {
	t.Parallel()
	r := ask(handler(t, "/boot"), http.MethodGet, "/boot/graphiql/")
	if r.StatusCode != http.StatusMovedPermanently || r.Header.Get("Location") != "/boot/graphiql" {
		t.Errorf("%d to %s", r.StatusCode, r.Header.Get("Location"))
	}
}

// TestBrowsersGetThePlayground shows which requests to GraphQL go to the playground: a browser's,
// with nothing to ask.
func TestBrowsersGetThePlayground(t *testing.T) {
	t.Parallel()
	h := Playable(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), "/boot")
	const browser = "text/html,*/*;q=0.8"
	for _, test := range []struct {
		method, path, accept string
		moved                bool
	}{
		{http.MethodGet, "/boot/graphql", browser, true},
		{http.MethodHead, "/boot/graphql", browser, true},
		{http.MethodGet, "/boot/graphql?query={__typename}", browser, false},
		{http.MethodGet, "/boot/graphql", "*/*", false},
		{http.MethodGet, "/boot/graphql", "text/event-stream", false},
		{http.MethodPost, "/boot/graphql", browser, false},
	} {
		r := ask(h, test.method, test.path, "Accept", test.accept)
		if moved := r.StatusCode == http.StatusFound && r.Header.Get("Location") == "/boot/graphiql"; moved != test.moved ||
			!moved && r.StatusCode != http.StatusTeapot {
			t.Errorf("%s %s as %s: %d to %q", test.method, test.path, test.accept, r.StatusCode, r.Header.Get("Location"))
		}
	}
}

func TestBrokenBundlesAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(fstest.MapFS){
		"no dashboard":        func(b fstest.MapFS) { delete(b, "index.html") },
		"no playground":       func(b fstest.MapFS) { delete(b, "graphiql.html") },
		"a page without base": func(b fstest.MapFS) { b["index.html"].Data = []byte("<head></head>") },
		"no assets": func(b fstest.MapFS) {
			for name := range b {
				if strings.HasPrefix(name, assets) {
					delete(b, name)
				}
			}
		},
	} {
		b := bundle()
		spoil(b)
		if _, err := Handler(b, "", false); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestTheBundleIsComplete shows that the bundle of this program is one to serve: each file's type
// is known, and all that the pages load is there.
func TestTheBundleIsComplete(t *testing.T) {
	t.Parallel()
	h, err := Handler(web.Pages(), "/boot", false)
	if err != nil {
		t.Fatal(err)
	}
	for name := range h.(*site).assets {
		if r := ask(h, http.MethodGet, "/boot/"+name); r.StatusCode != http.StatusOK ||
			r.Header.Get("Content-Type") == "application/octet-stream" {
			t.Errorf("%s: %d, %s", name, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/boot/", "/boot/graphiql"} {
		text := body(t, ask(h, http.MethodGet, path))
		loaded := strings.Split(text, `"./`)[1:]
		if len(loaded) < 2 {
			t.Errorf("%s loads %d files", path, len(loaded))
		}
		for _, rest := range loaded {
			name, _, _ := strings.Cut(rest, `"`)
			if r := ask(h, http.MethodGet, "/boot/"+name); r.StatusCode != http.StatusOK {
				t.Errorf("%s loads %s: %d", path, name, r.StatusCode)
			}
		}
		if strings.Contains(text, "://") || strings.Contains(text, `="/assets`) {
			t.Errorf("%s leads elsewhere: %s", path, text)
		}
	}
}
