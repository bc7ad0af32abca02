package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Where lines may go besides a file.
const (
	None   = "none"
	Stdout = "stdout"
	Stderr = "stderr"
)

const (
	// queued is how many lines wait at most. One has less than 4 KiB.
	queued = 4096
	// lookEvery is how often it is looked whether the file has been moved away.
	lookEvery = time.Second
)

// Log is an audit log. Its methods are safe for concurrent use, and those of a nil one do nothing.
type Log struct {
	to    target
	log   *slog.Logger
	queue chan []byte
	stop  chan struct{} // closed by Close
	done  chan struct{} // closed when all has been written after that

	mu    sync.Mutex
	lost  int   // lines that could not be written since one was
	total int64 // of these since the start
}

// target is what lines are written to.
type target interface {
	io.Writer
	io.Closer
}

// Open opens a log at a path, or a stream by its name; None returns nil. Faults go to log.
func Open(at string, log *slog.Logger) (*Log, error) {
	switch at {
	case None:
		return nil, nil
	case Stdout:
		return start(stream{os.Stdout}, log), nil
	case Stderr:
		return start(stream{os.Stderr}, log), nil
	}
	f := &file{path: at}
	if err := f.open(); err != nil {
		return nil, fmt.Errorf("--audit-log: %w", err)
	}
	return start(f, log), nil
}

// Try says why Open with that path would fail, and leaves nothing: a file of root could be in the way of the
// server's user.
func Try(at string) error {
	if at == None || at == Stdout || at == Stderr {
		return nil
	}
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_APPEND, 0)
	made := errors.Is(err, fs.ErrNotExist)
	if made {
		f, err = os.CreateTemp(filepath.Dir(at), ".bosgraph-check-")
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil && made {
		err = os.Remove(f.Name())
	}
	if err != nil {
		return fmt.Errorf("--audit-log: %w", err)
	}
	return nil
}

// stream is a stream of the process, which stays open.
type stream struct{ io.Writer }

func (stream) Close() error { return nil }

func start(to target, log *slog.Logger) *Log {
	l := &Log{to: to, log: log, queue: make(chan []byte, queued), stop: make(chan struct{}), done: make(chan struct{})}
	go l.run()
	return l
}

// Record records an event, of the request and the access of a context. It does not wait.
func (l *Log) Record(ctx context.Context, e Event) {
	if l == nil {
		return
	}
	select {
	case l.queue <- encode(ctx, time.Now(), e):
	default:
		l.lose(fmt.Errorf("%d lines are waiting to be written", queued))
	}
}

// Close writes what is waiting, if ctx leaves the time, and closes the log. It is called once.
func (l *Log) Close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	close(l.stop)
	select {
	case <-l.done:
		return l.to.Close()
	case <-ctx.Done():
		return fmt.Errorf("audit log: %d lines were not written: %w", len(l.queue), ctx.Err())
	}
}

func (l *Log) run() {
	defer close(l.done)
	for {
		select {
		case line := <-l.queue:
			l.write(line)
			continue
		// What is waiting is written first: nothing more comes, as requests have ended by then.
		case <-l.stop:
		}
		for {
			select {
			case line := <-l.queue:
				l.write(line)
				continue
			default:
			}
			return
		}
	}
}

// write writes a line, after one about those that are lost.
func (l *Log) write(line []byte) {
	l.mu.Lock()
	// Read before the line is written: what is lost meanwhile belongs behind it.
	lost := l.lost
	l.mu.Unlock()
	if lost > 0 {
		line = append(marshal(struct {
			Time string `json:"time"`
			Lost int    `json:"lost"`
		}{stamp(time.Now()), lost}), line...)
	}
	if _, err := l.to.Write(line); err != nil {
		l.lose(err)
		return
	}
	if lost > 0 {
		l.mu.Lock()
		l.lost -= lost // others may have been lost since
		l.mu.Unlock()
		l.log.Warn("audit log can be written again", "lost", lost)
	}
}

// lose counts a line that cannot be written, and logs the first of several.
func (l *Log) lose(err error) {
	l.mu.Lock()
	l.lost++
	l.total++
	first := l.lost == 1
	l.mu.Unlock()
	if first {
		l.log.Error("audit log cannot be written; mutations continue and their audit lines are lost", "error", err)
	}
}

// Lost returns how many lines could not be written since the start.
func (l *Log) Lost() int64 {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// file is a file that lines are appended to. It may be moved or removed at any time, as logrotate
// does, and is made again then; it may also be truncated. It is of the writing goroutine alone.
type file struct {
	path   string
	f      *os.File
	looked time.Time
	torn   bool // the last line is not whole
}

func (f *file) open() error {
	// Appending, so that truncating by logrotate's copytruncate leaves no gap of NULs; and for
	// the owner alone, as the lines name people.
	opened, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	f.f, f.looked = opened, time.Now()
	return nil
}

// Write writes whole lines. If some of them do not fit, what is written of these is followed by
// a line break as soon as there is space again.
func (f *file) Write(lines []byte) (int, error) {
	if time.Since(f.looked) >= lookEvery {
		if err := f.follow(); err != nil {
			return 0, err
		}
	}
	if f.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := f.f.Write(lines)
	if n > 0 {
		f.torn = !bytes.HasSuffix(lines[:n], []byte{'\n'})
	}
	return n, err
}

// follow opens the file again if another one, or none, is at its path now. If that is not possible,
// the next look tries again.
func (f *file) follow() error {
	f.looked = time.Now()
	here, err := f.f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(f.path)
	switch {
	case err == nil && os.SameFile(here, there):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// Kept until the new one is open: if that fails, lines continue to go where they went.
	old := f.f
	if err := f.open(); err != nil {
		return err
	}
	f.torn = false
	return old.Close()
}

// Close implements io.Closer.
func (f *file) Close() error { return f.f.Close() }
