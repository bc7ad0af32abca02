package privateredis

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	patience = 30 * time.Second      // for a server to begin or end
	glance   = 20 * time.Millisecond // between two looks at whether it has
	reply    = time.Second           // for an answer
	lastWait = 50 * time.Millisecond // for an end, beyond the time that it was given
)

// options are redis-server's. Nothing is removed to free memory, and what was acknowledged is in
// the kernel's hands: a crash of both programs loses nothing, one of the machine up to a second.
var options = []string{
	"--port", "0", "--unixsocket", "redis.sock", "--unixsocketperm", "700",
	"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
	"--daemonize", "no",
}

// process is one run of redis-server.
type process struct {
	cmd   *exec.Cmd
	dead  chan struct{} // closed when it has ended
	err   error         // of its end, once dead is closed
	lines *lines
}

// launch starts redis-server in a directory, and returns when it answers: possibly that it is still
// loading its data.
func launch(ctx context.Context, binary, dir string, memory int64, warn func(string)) (*process, error) {
	claimed, err := claim(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer claimed.Close() // redis-server has its own copy
	words := append(slices.Clip(options), "--maxmemory", strconv.FormatInt(memory, 10))
	p := &process{cmd: exec.Command(binary, words...), dead: make(chan struct{}), lines: &lines{warn: warn}}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.lines, p.lines
	p.cmd.ExtraFiles = []*os.File{claimed}
	p.cmd.SysProcAttr = attributes()
	p.cmd.WaitDelay = reply // a rewrite of the log may hold on to the pipe
	started := make(chan error, 1)
	go func() {
		// The kernel's "parent" of attributes is this thread, so it has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.dead)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("redis-server cannot be started: %w", err)
	}
	err = until(ctx, func() (bool, error) {
		select {
		case <-p.dead:
			return false, fmt.Errorf("redis-server has ended (%w): %s", cause(p.err), p.lines.last())
		default:
			_, err := ask(dir, "PING")
			return err == nil, nil
		}
	})
	if err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// cause is never nil: redis-server that exits with 0 without being asked to has failed, too.
func cause(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// end asks redis-server to end in order. If it has not when ctx ends, it is left to do so: killed, it
// could lose what a slow disk has not accepted yet.
func (p *process) end(ctx context.Context) error {
	p.lines.quiet()
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended already
	select {
	case <-p.dead:
		return nil
	case <-ctx.Done():
	}
	select { // also when nothing was left of ctx
	case <-p.dead:
		return nil
	case <-time.After(lastWait):
		return errors.New("redis-server of --data-dir has not ended yet; it saves its data")
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended already
	<-p.dead
}

// claim takes the lock that redis-server inherits. If one runs whose bosgraph was killed, it is asked
// to end: it has no parent that would notice its end.
func claim(ctx context.Context, dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	asked := false
	err = until(ctx, func() (bool, error) {
		mine, err := lock(f)
		if mine || err != nil {
			return mine, err
		}
		if !asked {
			_, err := ask(dir, "SHUTDOWN") // answered only if it is refused
			asked = err == nil
		}
		return false, nil
	})
	if errors.Is(err, errLate) {
		err = fmt.Errorf("a redis-server that an earlier bosgraph has left in %s does not end: end it (fuser %s)", dir, f.Name())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

var errLate = fmt.Errorf("redis-server does not answer within %v", patience)

// until waits for a condition.
func until(ctx context.Context, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errLate)
	defer cancel()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// ask sends one command, and returns the first line of the answer.
func ask(dir, command string) (string, error) {
	conn, err := net.DialTimeout("unix", filepath.Join(dir, "redis.sock"), reply)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(reply)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// lines are what redis-server logs: the last ones explain its end, and once it runs what it logs as a
// warning is passed on.
type lines struct {
	warn func(string)

	mu      sync.Mutex
	partial []byte
	latest  []string
	passes  bool
}

// lastLines explain an end: a fatal error is a few of them.
const lastLines = 3

// Write implements [io.Writer].
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, b...)
	for {
		line, rest, whole := bytes.Cut(l.partial, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		l.partial = rest
		// "pid:role day month year time level text"; fatal errors of the configuration are without.
		text, level := strings.TrimSpace(string(line)), ""
		if f := strings.SplitN(text, " ", 7); len(f) == 7 {
			level, text = f[5], f[6]
		}
		if text == "" {
			continue
		}
		l.latest = append(l.latest, text)
		l.latest = l.latest[max(0, len(l.latest)-lastLines):]
		if l.passes && level == "#" {
			l.warn(text)
		}
	}
}

// last are the latest lines.
func (l *lines) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.latest, "; ")
}

// pass passes on warnings from now on: what it logs at its start as such is none.
func (l *lines) pass() { l.set(true) }

// quiet ends that: it logs its end as a warning, too.
func (l *lines) quiet() { l.set(false) }

func (l *lines) set(passes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passes = passes
}
