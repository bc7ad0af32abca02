package apptest

import (
	"bytes"
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// Process is a program that runs.
type Process struct {
	Cmd  *exec.Cmd
	dead chan struct{} // closed when it has ended
}

// Run starts a program, which ends with the test at the latest.
func Run(t *testing.T, cmd *exec.Cmd) *Process {
	t.Helper()
	cmd.SysProcAttr = EndWithParent()
	p, started := &Process{cmd, make(chan struct{})}, make(chan error, 1)
	go func() {
		// The kernel's "parent" is this thread, so it has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.dead)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its error says that we killed it
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// Kill ends it at once, as a crash would, and returns when it has ended.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // fails only if it has ended already
	<-p.dead
}

// End asks it to stop, and returns when it has.
func (p *Process) End() {
	_ = p.Cmd.Process.Signal(syscall.SIGTERM) // fails only if it has ended already
	p.Wait()
}

// Wait returns when it has ended.
func (p *Process) Wait() { <-p.dead }

// FreeAddress is an address for a program that cannot choose a port by itself.
func FreeAddress(t *testing.T) string {
	t.Helper()
	place, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	return place.Addr().String()
}

// lines is where a program writes what each is called with, line by line.
type lines struct {
	each func(line []byte)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.each(line)
		l.rest = rest
	}
}
