package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
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
	plain, zipped []byte // zipped is nil where it is not smaller
	tag           string
}

func newFile(name string, read func() ([]byte, error)) *file {
	return &file{name, sync.OnceValues(func() (contents, error) {
		plain, err := read()
		if err != nil {
			return contents{}, err
		}
		sum := sha256.Sum256(plain)
		c := contents{plain: plain, tag: hex.EncodeToString(sum[:12])}
		if zipped := zip(plain); len(zipped) < len(plain) {
			c.zipped = zipped
		}
		return c, nil
	})}
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
		http.Error(w, "This page can't be read.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	kind, ok := kinds[path.Ext(f.name)]
	if !ok {
		kind = "application/octet-stream"
	}
	header.Set("Content-Type", kind)
	body, tag := c.plain, c.tag
	if c.zipped != nil {
		header.Add("Vary", "Accept-Encoding")
		if takesGzip(r) {
			body, tag = c.zipped, tag+"-gzip"
			header.Set("Content-Encoding", "gzip")
			header.Set("Content-Length", strconv.Itoa(len(body)))
		}
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(body))
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
