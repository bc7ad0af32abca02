package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bench/live/load"
	"github.com/bosgraph/bosgraph/bench/live/proc"
	"github.com/bosgraph/bosgraph/bench/live/status"
)

// kind is a kind of server: how it is started, and what its clients have to know.
type kind struct {
	// command is what starts it, in a directory. What is live pushes updates.
	command  func(s *site, name, address string, live bool) (dir string, command []string)
	protocol load.Protocol
	shows    bool   // it begins with the state as it is
	sameID   bool   // all clients have to use one subscription id, without which one message would not fit all
	always   bool   // it is compared in every round, not in the first only
	garbage  string // what decides how often its garbage is collected
}

// servers are those that can be measured.
var servers = map[string]kind{
	"bare":       {command: ordinary("bare"), shows: true, sameID: true, always: true, garbage: goDefault},
	"lean":       {command: ordinary("bare", "-lean"), shows: true, sameID: true, always: true, garbage: goDefault},
	"gqlgen":     {command: ordinary("gqlgen"), shows: true, garbage: goDefault},
	"mercurius":  {command: mercurius, garbage: "V8's own"},
	"centrifugo": {command: centrifugo, protocol: load.Centrifugo, always: true, garbage: goDefault},
	"bosgraph":   {command: bosgraph, shows: true, always: true, garbage: "its --gc-percent and --gc-heap"},
	"before":     {command: bosgraph, shows: true, always: true, garbage: "as bosgraph, or its own default"},
}

const goDefault = "Go's default (GOGC=100)"

// ordinary is a server of this module.
func ordinary(name string, args ...string) func(s *site, name, address string, live bool) (string, []string) {
	return func(s *site, server, address string, _ bool) (string, []string) {
		command := append([]string{filepath.Join(s.dir, name)}, args...)
		return ".", append(command, "--listen", address, "--redis-url", s.redisURL(server))
	}
}

func mercurius(s *site, name, address string, _ bool) (string, []string) {
	return "mercurius", []string{"node", "server.js", "--listen", address, "--redis-url", s.redisURL(name)}
}

// limits of one client: all clients have one address here, of which more is expected.
var limits = [...][2]string{
	{"--max-connections-per-address", "20000"},
	{"--max-http-connections-per-address", "8192"},
	{"--max-distinct-subscriptions-per-address", "10000"},
	{"--max-cost-per-minute", "0"},
}

// bosgraph is the server with its limits of one client raised. A live one has the tick of the
// options.
func bosgraph(s *site, name, address string, live bool) (string, []string) {
	program := s.bosgraph
	if name == "before" {
		program = s.options.before
	}
	command := []string{program, "serve", "--listen", address, "--redis-url", s.redisURL(name), "--namespace", status.Namespace, "--log-level", "warn"}
	// An older version lacks some of them; one that does not start says why by itself.
	known, _ := exec.Command(program, "serve", "--help").Output()
	for _, limit := range limits {
		if strings.Contains(string(known), limit[0]+"=") {
			command = append(command, limit[:]...)
		}
	}
	if live && s.options.tick > 0 {
		command = append(command, "--tick", s.options.tick.String())
	}
	return ".", append(command, s.options.bosgraphArgs...)
}

// centrifugo publishes what the load process gives it over its HTTP API; it needs no Redis.
func centrifugo(s *site, _, address string, _ bool) (string, []string) {
	host, port, _ := strings.Cut(address, ":")
	return s.dir, []string{"env", "CENTRIFUGO_HTTP_SERVER_ADDRESS=" + host, "CENTRIFUGO_HTTP_SERVER_PORT=" + port,
		"CENTRIFUGO_CLIENT_INSECURE=true", "CENTRIFUGO_HTTP_API_INSECURE=true", "CENTRIFUGO_USAGE_STATS_DISABLED=true",
		"CENTRIFUGO_LOG_LEVEL=warn", s.centrifugo}
}

// collectors says whose garbage is collected how often, for captions.
func (o *options) collectors(names []string) string {
	var all []string
	for _, name := range names {
		garbage := servers[name].garbage
		if o.gogc != "" && name != "mercurius" {
			garbage = "GOGC=" + o.gogc
		}
		all = append(all, name+": "+garbage)
	}
	return "Garbage collection: " + strings.Join(all, "; ") + "."
}

// turns is the order in a round: each round the other way round, so that of two neither always
// goes first.
func turns[T any](all []T, round int) []T {
	order := slices.Clone(all)
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// numbered are the numbers from 0 on.
func numbered(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// running is a server that runs.
type running struct {
	*proc.Process
	name, address string
}

// start starts a server and returns when it accepts connections.
func (s *site) start(ctx context.Context, name string, live bool) (*running, error) {
	address, err := proc.FreeAddress()
	if err != nil {
		return nil, err
	}
	// A free port for each start, so that a late client of the last server does not reach this one.
	dir, command := servers[name].command(s, name, address, live)
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

// spent reads what a server and Redis have used so far. Differences of two readings are what
// counts.
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
