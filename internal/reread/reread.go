// Package reread notices that files have changed, so that they are read again while the server
// runs.
package reread

import (
	"context"
	"os"
	"time"
)

// Files are files that belong together, such as a certificate and its key. It is not safe for
// concurrent use.
type Files struct {
	paths []string
	read  state // of the files when they were read last
	seen  state // at the last look
}

// state identifies one content of the files as far as that is possible without reading them.
// Kubernetes replaces a mounted file by another one, at which a symbolic link points; the
// file's identity shows that even if time and size are the same.
type state []os.FileInfo // nil for one that can't be looked at

// New follows files that are about to be read for the first time.
func New(paths ...string) *Files {
	f := &Files{paths: paths}
	f.read = f.look()
	f.seen = f.read
	return f
}

// Changed reports whether the files have to be read again, and takes it that they are. It waits
// until two looks have found the same: an editor that writes in place may be halfway through, and
// of two files that belong together one may still be the earlier one.
func (f *Files) Changed() bool {
	now := f.look()
	settled := now.same(f.seen)
	f.seen = now
	if !settled || now.same(f.read) {
		return false
	}
	f.read = now
	return true
}

// Follow calls read whenever the files have changed, until ctx is done. It looks at them that
// often, so a change is noticed within two looks.
func (f *Files) Follow(ctx context.Context, every time.Duration, read func()) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if f.Changed() {
				read()
			}
		}
	}
}

func (f *Files) look() state {
	now := make(state, len(f.paths))
	for i, path := range f.paths {
		if info, err := os.Stat(path); err == nil {
			now[i] = info
		}
	}
	return now
}

func (s state) same(t state) bool {
	for i := range s {
		if s[i] == nil || t[i] == nil {
			if s[i] != nil || t[i] != nil {
				return false
			}
		} else if !os.SameFile(s[i], t[i]) || s[i].Size() != t[i].Size() || !s[i].ModTime().Equal(t[i].ModTime()) {
			return false
		}
	}
	return true
}
