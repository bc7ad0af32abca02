package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/proc"
	"github.com/bosgraph/bosgraph/bench/live/status"
)

// program is how a server is started: in a directory, with arguments to which the
// addresses are added.
type program func(s *site, live bool) (dir string, command []string)

// servers are those that can be measured. What is live shall push updates.
var servers = map[string]program{
	"bare":      func(s *site, _ bool) (string, []string) { return ".", []string{filepath.Join(s.dir, "bare")} },
	"gqlgen":    func(s *site, _ bool) (string, []string) { return ".", []string{filepath.Join(s.dir, "gqlgen")} },
	"mercurius": func(*site, bool) (string, []string) { return "mercurius", []string{"node", "server.js"} },
	"bosgraph": func(s *site, live bool) (string, []string) {
		command := []string{s.bosgraph, "serve", "--namespace", status.Namespace, "--log-level", "warn"}
		if live && s.options.tick > 0 {
			command = append(command, "--tick", s.options.tick.String())
		}
		return ".", append(command, s.options.bosgraphArgs...)
	},
}

// running is a server that runs.
type running struct {
	*proc.Process
	name, address string
}

func (s *site) start(ctx context.Context, name string, live bool) (*running, error) {
	address, err := proc.FreeAddress()
	if err != nil {
		return nil, err
	}
	dir, command := servers[name](s, live)
	command = append(command, "--listen", address, "--redis-url", s.redisURL)
	if s.options.gogc != "" {
		command = append([]string{"env", "GOGC=" + s.options.gogc}, command...)
	}
	process, err := proc.Start(dir, command[0], command[1:]...)
	if err != nil {
		return nil, err
	}
	if err := process.Listening(ctx, address); err != nil {
		process.Stop()
		return nil, err
	}
	return &running{process, name, address}, nil
}

// spent is what has been used up to a moment.
type spent struct {
	server, redis time.Duration // computing time
	rss           int           // of the server
}

func (s *site) spent(r *running) (spent, error) {
	server, err := r.CPU()
	if err != nil {
		return spent{}, err
	}
	redis, err := s.redis.CPU()
	if err != nil {
		return spent{}, err
	}
	rss, err := r.RSS()
	return spent{server, redis, rss}, err
}

// pause waits, unless everything is to end.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// cpuModel is what the processor calls itself.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // without it, it has no name
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Trim(line, "\t :")
}
