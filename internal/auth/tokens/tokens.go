// Package tokens verifies tokens against a file of their digests. The file holds no token:
// if somebody reads it, they learn who has access but cannot use it.
package tokens

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bosgraph/bosgraph/internal/auth"
	"github.com/bosgraph/bosgraph/internal/reread"
)

// Options say where the tokens are.
type Options struct {
	Path string
	// Interval is how often the file is looked at for changes; a change takes effect within
	// two of them. Zero: every second.
	Interval time.Duration
	Log      *slog.Logger
}

// File is a verifier that knows the tokens of a file. It is safe for concurrent use.
type File struct {
	o       Options
	entries atomic.Pointer[[]entry]

	// Only Run uses these.
	files   *reread.Files
	problem string
}

// Open reads the file. An error names the line that is wrong.
func Open(o Options) (*File, error) {
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	f := &File{o: o, files: reread.New(o.Path)}
	entries, err := load(o.Path)
	if err != nil {
		return nil, err
	}
	f.keep(entries)
	return f, nil
}

// Run follows changes of the file until ctx is done. A file that is missing or wrong is
// logged once, and the tokens stay those of the last good one: a typing error must not lock
// everybody out.
func (f *File) Run(ctx context.Context) {
	f.files.Follow(ctx, f.o.Interval, f.refresh)
}

// refresh reads the file again.
func (f *File) refresh() {
	entries, err := load(f.o.Path)
	if err != nil {
		if text := err.Error(); text != f.problem {
			f.problem = text
			f.o.Log.Error("token file unusable; the tokens stay as they were", "error", err)
		}
		return
	}
	f.problem = ""
	f.o.Log.Info("token file read again", "tokens", len(entries))
	f.keep(entries)
}

// keep takes over what was read. No tokens are no error: they may have been withdrawn on purpose.
func (f *File) keep(entries []entry) {
	f.entries.Store(&entries)
	if len(entries) == 0 {
		f.o.Log.Warn("token file has no tokens; nobody can use this server", "file", f.o.Path)
	}
}

// Verify finds the token in the file. Every entry is compared, each in constant time, so the
// time taken says nothing about what the file contains but its length.
func (f *File) Verify(_ context.Context, token string) (auth.Principal, error) {
	if token == "" {
		return auth.Principal{}, auth.Refuse(auth.Missing, "no token")
	}
	if len(token) > auth.MaxToken {
		return auth.Principal{}, auth.Refuse(auth.Malformed, "the token has %d bytes", len(token))
	}
	digest := sha256.Sum256([]byte(token))
	entries := *f.entries.Load()
	found := -1
	for i := range entries {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(entries[i].digest[:], digest[:]), i, found)
	}
	if found < 0 {
		return auth.Principal{}, auth.Refuse(auth.Unknown, "no such token among %d", len(entries))
	}
	p := entries[found].principal
	if !p.Expires.IsZero() && !time.Now().Before(p.Expires) {
		return auth.Principal{}, auth.Refuse(auth.Expired, "the token of %q expired at %s", p.Name, p.Expires.Format(time.RFC3339))
	}
	return p, nil
}

var _ auth.Verifier = (*File)(nil)
