package privateredis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Redis is a redis-server that is started again whenever it ends. It is safe for concurrent use.
type Redis struct {
	binary, dir string
	memory      int64 // bytes
	log         *slog.Logger
	lock        *os.File

	current  atomic.Pointer[process]
	restarts atomic.Int64
	running  context.Context // until Stop
	stop     context.CancelFunc
	done     chan struct{} // closed when it is not started again any more
}

// The pauses before redis-server is started again: they double while it does not stay up for
// settled.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
	settled    = time.Minute
)

// longestSocket is how long the path of a socket may be, on Linux.
const longestSocket = 107

// URL is what to connect to the Redis of a data directory with, whether it runs or not.
func URL(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	socket := filepath.Join(dir, "redis", "redis.sock")
	if len(socket) > longestSocket {
		return "", fmt.Errorf("--data-dir: the path of the socket in it may have %d bytes, and %s has %d: use a shorter one", longestSocket, socket, len(socket))
	}
	return (&url.URL{Scheme: "unix", Path: socket}).String(), nil
}

// Binary finds the program.
func Binary() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("--data-dir needs redis-server, which is not in the PATH: install Redis 7.0 or later " +
		"(apt-get install redis-server, dnf install redis, zypper install redis), or give the --redis-url of a Redis that runs")
}

// ErrInUse says that another process uses a directory.
var ErrInUse = errors.New("in use by another bosgraph")

// Start starts redis-server in a directory, which it makes, and returns when it answers. It fails
// if another process uses the directory. memory is the most that redis-server may use, in bytes; 0 for no limit.
func Start(dir string, memory int64, log *slog.Logger) (*Redis, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	r := &Redis{binary: binary, dir: filepath.Join(dir, "redis"), memory: memory, log: log, done: make(chan struct{})}
	if err := permit(dir); err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	// It may have been made by a backup's restore. What is in it is for this user alone.
	if err := os.Chmod(r.dir, 0o700); err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	if r.lock, err = own(dir); err != nil {
		return nil, fmt.Errorf("--data-dir: %w", err)
	}
	r.running, r.stop = context.WithCancel(context.Background())
	p, err := r.launch()
	if err != nil {
		r.stop()
		return nil, errors.Join(fmt.Errorf("--data-dir: %w", err), r.lock.Close())
	}
	go r.supervise(p)
	return r, nil
}

// permit refuses the directory of another user. Root could use it, but what root makes there keeps that user's server
// from starting. Of a directory in which redis/ is still to be made, only root has to be the owner: a volume
// often belongs to root, and its users to a group that may write to it.
func permit(dir string) error {
	me, at := os.Geteuid(), filepath.Join(dir, "redis")
	info, err := os.Stat(at)
	if errors.Is(err, fs.ErrNotExist) && me == 0 {
		at = dir
		info, err = os.Stat(at)
	}
	if err != nil || owner(info) == me {
		return nil // what is wrong with the path, making the directory reports
	}
	its, mine := userName(owner(info)), userName(me)
	return fmt.Errorf("%s belongs to the user %s, not to %s: run this as %[2]s (runuser -u %[2]s -- bosgraph ...), or give all of it to %[3]s (chown -R %[3]s: %[4]s)",
		at, its, mine, dir)
}

// userName is the name of a user, or the number of one without a name.
func userName(id int) string {
	number := strconv.Itoa(id)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}

// own takes the directory for this process.
func own(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	mine, err := lock(f)
	if err == nil && !mine {
		holder, _ := io.ReadAll(f) // only part of the message
		err = fmt.Errorf("%s is %w (process %s): give each its own directory, or all the same --redis-url", dir, ErrInUse, strings.TrimSpace(string(holder)))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (r *Redis) launch() (*process, error) {
	p, err := launch(r.running, r.binary, r.dir, r.memory, func(line string) {
		r.log.Warn("redis-server of --data-dir logged a warning", "line", line)
	})
	if err == nil {
		r.current.Store(p)
		p.lines.pass()
	}
	return p, err
}

// supervise starts redis-server again when it has ended, until Stop.
func (r *Redis) supervise(p *process) {
	defer close(r.done)
	pause, began, logged := firstPause, time.Now(), ""
	for {
		if p != nil {
			select {
			case <-r.running.Done():
				return
			case <-p.dead:
			}
			if time.Since(began) >= settled {
				pause = firstPause
			}
			r.log.Error("redis-server of --data-dir has ended; starting it again", "error", cause(p.err), "log", p.lines.last(), "pause", pause)
		}
		select {
		case <-r.running.Done():
			return
		case <-time.After(pause):
		}
		pause, began = min(2*pause, lastPause), time.Now()
		var err error
		switch p, err = r.launch(); {
		case r.running.Err() != nil:
			return
		case err == nil:
			logged = ""
			r.restarts.Add(1)
			r.log.Info("redis-server of --data-dir runs again", "took", time.Since(began).Round(time.Millisecond))
		case err.Error() != logged:
			logged = err.Error()
			r.log.Error("redis-server of --data-dir cannot be started; trying again", "error", err)
		}
	}
}

// Restarts is how often redis-server had ended by itself and was started again.
func (r *Redis) Restarts() int64 { return r.restarts.Load() }

// Stop ends redis-server in order: it saves everything. If ctx ends before that, it continues by
// itself, and the directory is in use until it has ended.
func (r *Redis) Stop(ctx context.Context) error {
	r.stop()
	<-r.done
	return errors.Join(r.current.Load().end(ctx), r.lock.Close())
}
