package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bench/live/load"
	"github.com/bosgraph/bosgraph/bench/live/proc"
	"github.com/bosgraph/bosgraph/bench/live/status"
)

// site is what the servers are measured in: their programs, a Redis with sessions,
// and the load process.
type site struct {
	options    options
	dir        string // of the programs that are built
	bosgraph   string // that program
	centrifugo string // the program, if it is to be measured
	redis      *proc.Process
	address    string // of it
	database   int    // of Redis
	load       *load.Process
	sessions   []string         // of as many components each as updates say
	small      map[int][]string // of one component each, by the cabinet of the first
}

// newSite builds the programs, starts Redis and fills it. What was started is ended if that
// fails.
func newSite(ctx context.Context, o options) (_ *site, err error) {
	s := &site{options: o, small: map[int][]string{}}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "bosgraph-live-"); err != nil {
		return nil, err
	}
	// In this order: filling takes the program and Redis.
	for _, step := range []func(context.Context) error{s.build, s.startRedis, s.fill} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	// The servers inherit this environment. What a developer has set there would change one server
	// and not another; -gogc is the only way to set it.
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "NODE_OPTIONS"} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	// After the environment is clean, as it inherits that, too.
	s.load, err = load.Start()
	return s, err
}

// close ends everything.
func (s *site) close() {
	if s.load != nil {
		s.load.Stop()
	}
	if s.redis != nil {
		s.redis.Stop()
	}
	if err := os.RemoveAll(s.dir); err != nil {
		log.Print(err)
	}
}

// build makes the programs.
func (s *site) build(ctx context.Context) error {
	log.Print("building")
	if err := run(ctx, ".", "go", "build", "-o", s.dir, "./bare", "./gqlgen"); err != nil {
		return err
	}
	if s.bosgraph = s.options.bosgraph; s.bosgraph == "" {
		s.bosgraph = filepath.Join(s.dir, "bosgraph")
		if err := run(ctx, "../..", "go", "build", "-o", s.bosgraph, "."); err != nil {
			return err
		}
	}
	if slices.Contains(s.options.servers, "centrifugo") {
		if err := s.buildCentrifugo(ctx); err != nil {
			return err
		}
	}
	if _, err := os.Stat("mercurius/node_modules"); errors.Is(err, os.ErrNotExist) && s.options.uses("mercurius") {
		return run(ctx, "mercurius", "npm", "ci", "--no-audit", "--no-fund")
	}
	return nil
}

// centrifugoModule is Centrifugo, in the version that is compared with.
const centrifugoModule = "github.com/centrifugal/centrifugo/v6@v6.9.1"

// buildCentrifugo builds it once for all runs: that takes minutes.
func (s *site) buildCentrifugo(ctx context.Context) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	dir := filepath.Join(cache, "bosgraph-live", strings.ReplaceAll(centrifugoModule, "/", "_"))
	s.centrifugo = filepath.Join(dir, "centrifugo")
	if _, err := os.Stat(s.centrifugo); err == nil {
		return nil
	}
	log.Print("building Centrifugo, once")
	return run(ctx, s.dir, "env", "GOBIN="+dir, "go", "install", centrifugoModule)
}

// run runs a command to its end.
func run(ctx context.Context, dir string, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return nil
}

// startRedis starts a Redis that keeps nothing on disk.
func (s *site) startRedis(ctx context.Context) error {
	address, err := proc.FreeAddress()
	if err != nil {
		return err
	}
	host, port, _ := strings.Cut(address, ":")
	s.redis, err = proc.Start(s.dir, "redis-server", "--bind", host, "--port", port, "--save", "", "--appendonly", "no")
	if err != nil {
		return fmt.Errorf("redis-server (of the package redis-server): %w", err)
	}
	s.address = address
	return s.redis.Listening(ctx, address)
}

// redisURL is the database of a server. An earlier build of bosgraph has one of its own, which it has filled itself: its keys may be
// others than today's.
func (s *site) redisURL(server string) string {
	database := s.database
	if server == "before" {
		database += 8 // of Redis' 16
	}
	return fmt.Sprintf("redis://%s/%d", s.address, database)
}

// filling calls fill with a bosgraph for each database, so that the keys are genuine.
func (s *site) filling(ctx context.Context, fill func(address string) error) error {
	for _, name := range []string{"bosgraph", "before"} {
		if name == "before" && s.options.before == "" {
			continue
		}
		b, err := s.start(ctx, name, false)
		if err != nil {
			return err
		}
		err = fill(b.address)
		b.Stop()
		if err != nil {
			return err
		}
	}
	return nil
}

// fill creates the sessions.
func (s *site) fill(ctx context.Context) error {
	for i := range s.options.groups {
		s.sessions = append(s.sessions, fmt.Sprintf("0c6d6bd2-3f3c-4e0f-9c1a-%012d", i))
	}
	log.Printf("%d sessions of %d components in %s", s.options.groups, load.Components, status.Namespace)
	return s.filling(ctx, func(address string) error {
		for i, name := range s.sessions {
			components := make([]map[string]any, load.Components)
			for c := range components {
				components[c] = component(fmt.Sprintf("x%dc0s%db0n0", 1000+i, c), name)
			}
			if err := create(ctx, address, name, components); err != nil {
				return err
			}
		}
		return nil
	})
}

// component is one that powers on, as an input.
func component(id, session string) map[string]any {
	return map[string]any{"id": id, "enabled": true, "session": session, "status": map[string]string{"phase": "powering_on"}}
}

// create makes a session that runs.
func create(ctx context.Context, address, name string, components []map[string]any) error {
	// In this order: components before RUNNING, as a running session without active ones completes.
	return errors.Join(
		change(ctx, address, createSession, map[string]any{"name": name, "operation": "REBOOT", "templateName": "compute"}),
		change(ctx, address, putComponents, map[string]any{"components": components}),
		change(ctx, address, updateSession, map[string]any{"name": name, "status": "RUNNING"}))
}

// The mutations.
const (
	createSession   = `mutation($input: CreateSessionInput!) { change: createSession(input: $input) { userErrors { message } } }`
	updateSession   = `mutation($input: UpdateSessionInput!) { change: updateSession(input: $input) { userErrors { message } } }`
	putComponents   = `mutation($input: PutComponentsInput!) { change: putComponents(input: $input) { userErrors { message } } }`
	patchComponents = `mutation($input: PatchComponentsInput!) { change: patchComponents(input: $input) { userErrors { message } } }`
)

// change sends a mutation that has to succeed.
func change(ctx context.Context, address, mutation string, input map[string]any) error {
	return ask(ctx, address, mutation, map[string]any{"input": input}, load.Changed)
}

// client keeps the connections of those who fill in parallel.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: fillers}}

// revision is the counter of revisions of everything that a server has.
func (s *site) revision(ctx context.Context, server string) (int64, error) {
	options, err := redis.ParseURL(s.redisURL(server))
	if err != nil {
		return 0, err
	}
	client := redis.NewClient(options)
	defer client.Close()
	return client.HGet(ctx, status.Meta, "rev").Int64()
}

// ask sends a GraphQL request and looks for what a right answer has in it.
func ask(ctx context.Context, address, query string, variables map[string]any, want string) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	return load.Post(ctx, client, address, body, want)
}
