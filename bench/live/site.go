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
	"strings"

	"github.com/bosgraph/bosgraph/bench/live/load"
	"github.com/bosgraph/bosgraph/bench/live/proc"
	"github.com/bosgraph/bosgraph/bench/live/status"
)

// site is what the servers are measured in: their programs, a Redis with sessions,
// and the load process.
type site struct {
	options  options
	dir      string // of the programs that are built
	bosgraph string // that program
	redis    *proc.Process
	redisURL string
	load     *load.Process
	sessions []string
}

func newSite(ctx context.Context, o options) (_ *site, err error) {
	s := &site{options: o}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "bosgraph-live-"); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{s.build, s.startRedis, s.fill} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	// What the servers are told is told by their environment.
	for _, name := range []string{"GOGC", "GOMEMLIMIT", "GODEBUG", "NODE_OPTIONS"} {
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
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
	if _, err := os.Stat("mercurius/node_modules"); errors.Is(err, os.ErrNotExist) {
		return run(ctx, "mercurius", "npm", "ci", "--no-audit", "--no-fund")
	}
	return nil
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
	s.redisURL = "redis://" + address
	return s.redis.Listening(ctx, address)
}

// fill creates the sessions through bosgraph, so that the keys are genuine.
func (s *site) fill(ctx context.Context) error {
	b, err := s.start(ctx, "bosgraph", false)
	if err != nil {
		return err
	}
	defer b.Stop()
	for i := range s.options.groups {
		name := fmt.Sprintf("0c6d6bd2-3f3c-4e0f-9c1a-%012d", i)
		s.sessions = append(s.sessions, name)
		components := make([]map[string]any, load.Components)
		for c := range components {
			components[c] = map[string]any{
				"id": fmt.Sprintf("x%dc0s%db0n0", 1000+i, c), "enabled": true, "session": name,
				"status": map[string]string{"phase": "powering_on"},
			}
		}
		if err := create(ctx, b.address, name, components); err != nil {
			return err
		}
	}
	log.Printf("%d sessions of %d components in %s", s.options.groups, load.Components, status.Namespace)
	return nil
}

// create makes a session that runs.
func create(ctx context.Context, address, name string, components []map[string]any) error {
	for _, mutation := range []struct {
		text  string
		input map[string]any
	}{
		{`mutation($input: CreateSessionInput!) { change: createSession(input: $input) { userErrors { message } } }`,
			map[string]any{"name": name, "operation": "REBOOT", "templateName": "compute"}},
		{`mutation($input: PutComponentsInput!) { change: putComponents(input: $input) { userErrors { message } } }`,
			map[string]any{"components": components}},
		{`mutation($input: UpdateSessionInput!) { change: updateSession(input: $input) { userErrors { message } } }`,
			map[string]any{"name": name, "status": "RUNNING"}},
	} {
		if err := ask(ctx, address, mutation.text, map[string]any{"input": mutation.input}, load.Changed); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a GraphQL request and looks for what a right answer has in it.
func ask(ctx context.Context, address, query string, variables map[string]any, want string) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	return load.Post(ctx, http.DefaultClient, address, body, want)
}
