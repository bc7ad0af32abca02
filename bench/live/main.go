// Command live measures, side by side on one machine, what it costs bosgraph and
// others to push the status of sessions to many watchers, and to answer queries.
// README.md says how to run it and what the figures mean.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/bosgraph/bosgraph/bench/live/load"
)

// mode is one of the things that can be measured.
type mode struct {
	name string
	run  func(context.Context, *site) error
}

// modes in the order in which they run.
func modes() []mode {
	return []mode{
		{"fanout", fanOut}, {"groups", groups}, {"selections", differentSelections}, {"watched", watched}, {"list", list},
		{"peak", peak}, {"many", many}, {"idle", idle}, {"stuck", stuck},
		{"queries", queries}, {"different", different}, {"small-writes", smallWrites}, {"mixed", mixed},
	}
}

func names() []string {
	var all []string
	for _, m := range modes() {
		all = append(all, m.name)
	}
	return all
}

func main() {
	log.SetFlags(log.Ltime)
	// The load is a process of its own, so that its computing time and memory are not the
	// measuring one's. It is this very program, which needs no second build.
	if len(os.Args) == 2 && os.Args[1] == load.Command {
		if err := load.Serve(standard{os.Stdin, os.Stdout}); err != nil {
			log.Fatal(err)
		}
		return
	}
	o, err := parse(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	if err := measure(o); err != nil {
		log.Fatal(err)
	}
}

// standard is stdin and stdout as one.
type standard struct {
	io.Reader
	io.WriteCloser
}

// measure runs the modes that are asked for. All processes have ended when it
// returns.
func measure(o options) error {
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	ctx, restore := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer restore()
	// Before any process is started: they inherit it.
	if err := raiseLimit(); err != nil {
		return err
	}
	s, err := newSite(ctx, o)
	if err != nil {
		return err
	}
	defer s.close()
	// First of all, so that figures of an interrupted run say, too, what they are of.
	if err := s.describe(ctx); err != nil {
		return err
	}
	for _, m := range modes() {
		if !slices.Contains(o.modes, m.name) {
			continue
		}
		log.Print("mode ", m.name)
		if err := m.run(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// raiseLimit allows as many open files as the system lets us, to this process and
// those that it starts: a connection is one at either end.
func raiseLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
