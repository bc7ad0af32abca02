package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// describe prints what the figures depend on.
func (s *site) describe(ctx context.Context) error {
	redis, err := said(ctx, "redis-server", "--version")
	if err != nil {
		return err
	}
	redis, _, _ = strings.Cut(redis, " sha=")
	gorilla, err := s.linked("bare", "github.com/gorilla/websocket")
	if err != nil {
		return err
	}
	gqlgen, err := s.linked("gqlgen", "github.com/99designs/gqlgen")
	if err != nil {
		return err
	}
	peers := fmt.Sprintf("bare: gorilla/websocket %s; gqlgen %s", gorilla, gqlgen)
	// Only if it is to be measured: comparing two Go servers needs no Node.
	if s.options.uses("mercurius") {
		node, err := said(ctx, "node", "--version")
		if err != nil {
			return err
		}
		mercurius, err := installed("mercurius")
		if err != nil {
			return err
		}
		peers += fmt.Sprintf("; Mercurius %s with jit on Node %s", mercurius, node)
	}
	if s.centrifugo != "" {
		peers += "; " + centrifugoModule
	}
	gogc := s.options.gogc
	if gogc == "" {
		gogc = "as each program has it by itself, which is Go's default, 100, for bare and gqlgen"
	}
	tick := "as shipped"
	if s.options.tick > 0 {
		tick = s.options.tick.String() + " where updates are followed, as shipped for queries and the mixed load"
	}
	fmt.Printf("- Machine: %d cores (%s), shared by server, clients and Redis\n", runtime.NumCPU(), cpuModel())
	fmt.Printf("- %s, %s\n- %s\n", runtime.Version(), redis, peers)
	fmt.Printf("- GOGC: %s\n- bosgraph's --tick: %s; its other arguments: %q\n", gogc, tick, s.options.bosgraphArgs)
	return nil
}

// said is the first line that a program prints.
func said(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
}

// linked is the version of a module that a program was built with.
func (s *site) linked(program, module string) (string, error) {
	// From the program and not from go.mod: what was measured is what was built.
	info, err := buildinfo.ReadFile(filepath.Join(s.dir, program))
	if err != nil {
		return "", err
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version, nil
		}
	}
	return "", fmt.Errorf("%s is not built with %s", program, module)
}

// installed is the version of a package that the Mercurius server uses.
func installed(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join("mercurius", "node_modules", name, "package.json"))
	if err != nil {
		return "", err
	}
	var about struct{ Version string }
	err = json.Unmarshal(text, &about)
	return about.Version, err
}
