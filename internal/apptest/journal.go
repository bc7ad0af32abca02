package apptest

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// Journal keeps what is logged.
type Journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (j *Journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// String is what has been logged so far.
func (j *Journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TextLog is a log of every level, as text.
func TextLog(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// CountLines counts the lines of a log that have all of those.
func CountLines(log *Journal, having ...string) (n int) {
	for line := range strings.Lines(log.String()) {
		all := true
		for _, part := range having {
			all = all && strings.Contains(line, part)
		}
		if all {
			n++
		}
	}
	return n
}
