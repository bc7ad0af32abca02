package redistest

import (
	"errors"
	"fmt"
	"math/rand/v2"
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

// patience is how long a server or a cluster may take to come up. A machine
// under load is slow, not broken.
const patience = 30 * time.Second

var (
	errMissing   = errors.New("redistest: redis-server is not installed: `make test` installs it (scripts/need.sh)")
	errPortTaken = errors.New("redistest: the port is taken")
)

// server is one redis-server process, or the place of one that is down.
type server struct {
	port int
	args []string
	env  []string // besides the test's own
	dir  string   // its working directory, for its log and a cluster's nodes.conf

	mu     sync.Mutex
	cmd    *exec.Cmd     // nil while down
	dead   chan struct{} // closed when cmd has ended
	paused bool
}

// newServer starts a redis-server that keeps nothing on disk, with these options
// besides, on a free port.
func newServer(options ...string) (*server, error) {
	return newServerOf(append([]string{"--save", "", "--appendonly", "no"}, options...))
}

// newServerOf starts a redis-server with these arguments alone, on a free port.
func newServerOf(arguments []string) (*server, error) {
	dir, err := os.MkdirTemp("", "redistest-")
	if err != nil {
		return nil, fmt.Errorf("redistest: %w", err)
	}
	s := &server{dir: dir}
	// Between looking for a free port and Redis listening on it, somebody else
	// may take it: then look again.
	for range 10 {
		if s.port, err = freePort(); err != nil {
			break
		}
		s.args = append(slices.Clone(arguments), "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1")
		if err = s.start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *server) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// start runs the process and returns when it answers.
func (s *server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running() {
		return nil
	}
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return errMissing
	}
	logFile, err := os.Create(filepath.Join(s.dir, "redis.log"))
	if err != nil {
		return fmt.Errorf("redistest: %w", err)
	}
	defer logFile.Close()
	cmd := exec.Command(binary, s.args...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, logFile, logFile
	cmd.SysProcAttr = endWithParent()

	started, dead := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel's "parent" of endWithParent is this thread, so it has to
		// live as long as the server.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its error says that we killed it
			close(dead)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("redistest: %w", err)
	}
	s.cmd, s.dead, s.paused = cmd, dead, false

	// An answer alone proves nothing: it may come from the server of another
	// test process that was faster to take the port.
	pid := fmt.Sprintf("process_id:%d\r\n", cmd.Process.Pid)
	err = until(patience, dead, func() error {
		info, err := ask(s.addr(), "INFO server")
		if err == nil && !strings.Contains(info, pid) {
			return errPortTaken
		}
		return err
	})
	if err == nil {
		return nil
	}
	s.stop()
	log, _ := os.ReadFile(logFile.Name())
	if strings.Contains(string(log), "Address already in use") {
		return fmt.Errorf("%w: %s", errPortTaken, s.addr())
	}
	return fmt.Errorf("redistest: redis-server on %s does not come up: %w\n%s", s.addr(), err, log)
}

func (s *server) running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case <-s.dead:
		return false
	default:
		return true
	}
}

func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

// stop ends the process, if any, and waits for its end.
func (s *server) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // fails only if it has ended already
	<-s.dead
	s.cmd = nil
}

// remove ends the process for good.
func (s *server) remove() {
	s.kill()
	_ = os.RemoveAll(s.dir) // what is left of it is in the way of nobody
}

func (s *server) pause() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running() {
		return errors.New("redistest: cannot pause a server that is down")
	}
	if s.paused {
		return nil // a second SIGSTOP reports no second stop to wait for
	}
	pid := s.cmd.Process.Pid
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("redistest: pause: %w", err)
	}
	// The signal is on its way only; Redis may answer a few requests yet.
	for {
		var status syscall.WaitStatus
		_, err := syscall.Wait4(pid, &status, syscall.WUNTRACED, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return fmt.Errorf("redistest: pause: %w", err)
		case status.Stopped():
			s.paused = true
			return nil
		default:
			return errors.New("redistest: the server ended while it was to be paused")
		}
	}
}

func (s *server) resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running() {
		return errors.New("redistest: cannot resume a server that is down")
	}
	s.paused = false
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("redistest: resume: %w", err)
	}
	return nil
}

// busOffset is where a cluster's servers talk to each other, seen from the port.
const busOffset = 10_000

// freePort finds a port that is free, and so is its cluster bus. It stays below
// the ports that the kernel gives to outgoing connections (from 32768): there, a
// client that dials a killed server again and again would in the end be
// connected to itself, and hold the port that the server is to come back on.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 11_000 + rand.IntN(11_000)
		if err = errors.Join(listens(port), listens(port+busOffset)); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("redistest: no free port: %w", err)
}

func listens(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return l.Close()
}
