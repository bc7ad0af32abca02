package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// kinds are the types of what the bundler writes. The system's own tables, which
// differ from one machine to the next, are not asked.
var kinds = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".ttf":   "font/ttf",
	".woff2": "font/woff2",
}

// file is one file, read and compressed when it is first asked for: most servers are
// never asked for the playground, which is large.
type file struct {
	name     string
	contents func() (contents, error)
}

// contents are a file's bytes, in both encodings, and the name of this state of it.
type contents struct {
	plain  func() ([]byte, error)
	zipped []byte // nil where it is not smaller
	tag    string
}

// newFile is a file that read reads: compressed already if it is packed, else as it is.
func newFile(name string, packed bool, read func() ([]byte, error)) *file {
	return &file{name, sync.OnceValues(func() (contents, error) {
		text, err := read()
		if err != nil {
			return contents{}, err
		}
		// By content: replicas of one version give it the same name, so that a browser which
		// changes between them need not load it again.
		sum := sha256.Sum256(text)
		c := contents{tag: hex.EncodeToString(sum[:12])}
		if packed {
			// Not kept: rare is a client that takes no gzip.
			c.plain, c.zipped = func() ([]byte, error) { return unzip(text) }, text
			return c, nil
		}
		c.plain = func() ([]byte, error) { return text, nil }
		if zipped := zip(text); len(zipped) < len(text) {
			c.zipped = zipped
		}
		return c, nil
	})}
}

func unzip(zipped []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func zip(plain []byte) []byte {
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a valid one
	}
	_, _ = w.Write(plain) // a buffer takes everything
	_ = w.Close()
	return zipped.Bytes()
}

// serve answers with the file, or that the client has it already.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	c, err := f.contents()
	if err != nil {
		unreadable(w)
		return
	}
	header := w.Header()
	if c.zipped != nil {
		header.Add("Vary", "Accept-Encoding")
	}
	// Each encoding has a tag of its own, as their bytes differ (RFC 9110, 8.8.3).
	body, tag := c.zipped, c.tag+"-gzip"
	if c.zipped == nil || !takesGzip(r) {
		if body, err = c.plain(); err != nil {
			unreadable(w)
			return
		}
		tag = c.tag
	} else {
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	kind, ok := kinds[path.Ext(f.name)]
	if !ok {
		kind = "application/octet-stream"
	}
	header.Set("Content-Type", kind)
	header.Set("ETag", `"`+tag+`"`)
	// Without a time: embedded files have none, and the tag decides.
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(body))
}

func unreadable(w http.ResponseWriter) {
	http.Error(w, "This page can't be read.", http.StatusInternalServerError)
}

// takesGzip says whether the client takes gzip: named, or as any encoding, and not
// with quality 0. Where both are there, the name counts.
func takesGzip(r *http.Request) bool {
	takes := false
	for item := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, parameter, _ := strings.Cut(item, ";")
		name = strings.TrimSpace(name)
		_, text, weighted := strings.Cut(parameter, "=")
		quality, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		good := !weighted || err == nil && quality > 0
		switch {
		case strings.EqualFold(name, "gzip"):
			return good
		case name == "*":
			takes = good
		}
	}
	return takes
}
