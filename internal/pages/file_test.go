package pages

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestOnlyClientsThatTakeItGetCompression shows who gets what is compressed.
func TestOnlyClientsThatTakeItGetCompression(t *testing.T) {
	t.Parallel()
	h := handler(t, "")
	for accept, zipped := range map[string]bool{
		"": false, "gzip": true, "br, GZip;q=0.5": true, "deflate, br": false, "gzip;q=0": false, "gzip;q=0.0, *": false, "gzip;q=x": false,
		"*": true, "*;q=0": false, "identity": false, "*;q=0, gzip": true,
	} {
		r := ask(h, http.MethodGet, "/assets/index-a1.js", "Accept-Encoding", accept)
		raw := body(t, r)
		if got := r.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("%q: zipped is %v", accept, got)
			continue
		}
		if !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%q: varies by %v", accept, r.Header.Values("Vary"))
		}
		if zipped {
			unzip, err := gzip.NewReader(bytes.NewReader([]byte(raw)))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(unzip)
			if err != nil || len(raw) >= len(script) || r.ContentLength != int64(len(raw)) {
				t.Errorf("%q: %d bytes, said to be %d: %v", accept, len(raw), r.ContentLength, err)
			}
			raw = string(text)
		}
		if raw != script {
			t.Errorf("%q: another text", accept)
		}
	}
	if r := ask(h, http.MethodGet, "/assets/dot-b2.svg", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("what does not get smaller is compressed")
	}
}

// TestWhatAClientHasIsNotSentAgain shows that what a client has is not sent again, and that each
// encoding and each base path is a state of its own.
func TestWhatAClientHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	tags := map[string]string{}
	for _, base := range []string{"", "/boot"} {
		h := handler(t, base)
		for _, path := range []string{"/", "/graphiql", "/assets/index-a1.js"} {
			for _, encoding := range []string{"identity", "gzip"} {
				what := base + path + " " + encoding
				first := ask(h, http.MethodGet, base+path, "Accept-Encoding", encoding)
				tag := first.Header.Get("ETag")
				if other, taken := tags[tag]; tag == "" || taken && path != "/assets/index-a1.js" {
					t.Errorf("%s has the tag %s of %s", what, tag, other)
				}
				tags[tag] = what
				again := ask(h, http.MethodGet, base+path, "Accept-Encoding", encoding, "If-None-Match", tag)
				if again.StatusCode != http.StatusNotModified || body(t, again) != "" || again.Header.Get("ETag") != tag ||
					again.Header.Get("Cache-Control") != first.Header.Get("Cache-Control") {
					t.Errorf("%s: asked again: %d, %v", what, again.StatusCode, again.Header)
				}
				if r := ask(h, http.MethodGet, base+path, "If-None-Match", `"old"`); r.StatusCode != http.StatusOK {
					t.Errorf("%s: with another tag: %d", what, r.StatusCode)
				}
			}
		}
	}
}
