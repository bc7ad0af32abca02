// Package proc runs the processes of the benchmark and reads from /proc what they
// use, so it needs Linux.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a process may take until it listens.
const patience = 30 * time.Second

// Process is a running program.
type Process struct {
	cmd  *exec.Cmd
	said *tail         // on stderr and, unless it is piped, on stdout
	dead chan struct{} // closed when it has ended
}

// Start runs a program in a directory. It ends with the benchmark at the latest,
// even if that is killed.
func Start(dir, program string, args ...string) (*Process, error) {
	p := prepare(dir, program, args)
	p.cmd.Stdout = p.said
	if err := p.start(); err != nil {
		return nil, err
	}
	return p, nil
}

// StartPiped is Start for a program that is talked to over stdin and stdout.
func StartPiped(dir, program string, args ...string) (*Process, io.ReadWriteCloser, error) {
	p := prepare(dir, program, args)
	in, errIn := p.cmd.StdinPipe()
	out, errOut := p.cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, nil, err
	}
	if err := p.start(); err != nil {
		return nil, nil, err
	}
	return p, pipes{out, in}, nil
}

// pipes are both ways to a process.
type pipes struct {
	io.Reader
	io.WriteCloser
}

func prepare(dir, program string, args []string) *Process {
	p := &Process{cmd: exec.Command(program, args...), said: &tail{}, dead: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stderr = dir, p.said
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p
}

func (p *Process) start() error {
	started := make(chan error, 1)
	go func() {
		// What the kernel takes for the parent of a process, whose death ends it,
		// is this thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // its error says that we killed it
			close(p.dead)
		}
	}()
	return <-started
}

// Listening waits until the process serves on an address.
func (p *Process) Listening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-p.dead:
			return fmt.Errorf("%s has ended: %s", p.cmd.Path, p.said)
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on %s: %w\n%s", p.cmd.Path, address, err, p.said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the process at once and waits for its end.
func (p *Process) Stop() {
	_ = p.cmd.Process.Kill() // fails only if it has ended already
	<-p.dead
}

// CPU is the computing time that the process has used, its own and the kernel's for it, to the
// nanosecond: /proc has it in hundredths of a second, which is all that an idle server uses.
func (p *Process) CPU() (time.Duration, error) {
	// The number of the clock of another process, as clock_getcpuclockid(3) makes it.
	const scheduled = 2
	clock := int32(^p.cmd.Process.Pid<<3 | scheduled)
	var used unix.Timespec
	if err := unix.ClockGettime(clock, &used); err != nil {
		return 0, fmt.Errorf("computing time of %s: %w\n%s", p.cmd.Path, err, p.said)
	}
	return time.Duration(used.Nano()), nil
}

// RSS is the memory that the process has in use, in bytes.
func (p *Process) RSS() (int, error) {
	text, err := p.read("status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(text, "\nVmRSS:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kilobytes, err := strconv.Atoi(number)
	return kilobytes << 10, err
}

func (p *Process) read(file string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	if err != nil {
		return "", fmt.Errorf("%s has ended: %w\n%s", p.cmd.Path, err, p.said)
	}
	return string(text), nil
}

// Connections is how many connections from outside a server on an IPv4 address
// holds open. One that it has closed does not count, though the kernel may still
// try to send what had been written to it.
func Connections(address string) (int, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return 0, err
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return 0, err
	}
	local := fmt.Appendf(nil, ":%04X", number)
	established := []byte("01")
	count := 0
	for line := range bytes.Lines(table) {
		fields := bytes.Fields(line) // number, local address, remote address, state
		if len(fields) > 3 && bytes.HasSuffix(fields[1], local) && bytes.Equal(fields[3], established) {
			count++
		}
	}
	return count, nil
}
