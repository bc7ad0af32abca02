package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command line. What is left out of it, each mode has its own value
// for.
type options struct {
	modes        []string
	servers      []string
	clients      []int
	groups       int
	sessions     []int
	changes      []int
	rate         float64
	offered      []int
	duration     time.Duration
	rounds       int
	tick         time.Duration
	sameID       bool
	gogc         string
	bosgraph     string // the program, if it is not to be built
	before       string // another build of it, to compare with
	bosgraphArgs []string
	timeout      time.Duration
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("live", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage: go run . [flags] [mode ...]\nModes: %s; all of them if none is given.\n", strings.Join(names(), ", "))
		flags.PrintDefaults()
	}
	flags.Func("servers", "`names` of the servers, comma-separated: bare, lean, bosgraph, before, gqlgen, mercurius, centrifugo", func(s string) error {
		o.servers = strings.Split(s, ",")
		for _, name := range o.servers {
			if _, ok := servers[name]; !ok {
				return fmt.Errorf("there is no server %q", name)
			}
		}
		return nil
	})
	flags.Func("clients", "`numbers` of clients, comma-separated", numbers(&o.clients))
	flags.IntVar(&o.groups, "groups", 100, "sessions that the clients of mode groups are divided over")
	flags.Func("sessions", "`numbers` of sessions of modes different, list and small-writes, comma-separated", numbers(&o.sessions))
	o.changes = []int{10, 100, 1000}
	flags.Func("changes", "`numbers` of sessions that change a second in mode watched, comma-separated (default 10,100,1000)", numbers(&o.changes))
	flags.Float64Var(&o.rate, "rate", 0, "`messages` per second offered to all clients together")
	o.offered = []int{100_000, 400_000}
	flags.Func("offered", "`messages` per second to be offered by mode peak at last, comma-separated (default 100000,400000)", numbers(&o.offered))
	flags.DurationVar(&o.duration, "duration", 0, "how long is measured at a time")
	flags.IntVar(&o.rounds, "rounds", 0, "how often the servers take their turns; better odd, medians are shown")
	flags.DurationVar(&o.tick, "tick", time.Millisecond, "bosgraph's --tick where updates are followed; 0 for as it is shipped")
	flags.BoolVar(&o.sameID, "same-id", false, "have all clients use one subscription id, of bosgraph and the others as well")
	flags.StringVar(&o.gogc, "gogc", "", "GOGC of the servers that are Go programs; empty for their own default")
	flags.StringVar(&o.bosgraph, "bosgraph", "", "`program` to use as bosgraph, instead of building it of this source tree")
	flags.StringVar(&o.before, "before", "", "another `program`, which the server named before runs: to compare two versions")
	flags.Func("bosgraph-args", "more `arguments` for bosgraph, separated by spaces", func(s string) error {
		o.bosgraphArgs = strings.Fields(s)
		return nil
	})
	flags.DurationVar(&o.timeout, "timeout", 90*time.Minute, "when to give up")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.modes = flags.Args(); len(o.modes) == 0 {
		o.modes = names()
	}
	for _, mode := range o.modes {
		if !slices.Contains(names(), mode) {
			return o, fmt.Errorf("there is no mode %q: use %s", mode, strings.Join(names(), ", "))
		}
	}
	// Now, and not after the minutes that building and filling take.
	if slices.Contains(o.servers, "before") && o.before == "" {
		return o, errors.New("-before: which program is the server named before?")
	}
	if o.groups < 1 {
		return o, fmt.Errorf("-groups: %d is not a number of sessions", o.groups)
	}
	return o, nil
}

// uses says whether a server may be measured.
func (o *options) uses(server string) bool {
	return o.servers == nil || slices.Contains(o.servers, server)
}

// numbers reads a list of positive numbers.
func numbers(to *[]int) func(string) error {
	return func(s string) error {
		*to = nil
		for word := range strings.SplitSeq(s, ",") {
			n, err := strconv.Atoi(word)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is not a positive number", word)
			}
			*to = append(*to, n)
		}
		return nil
	}
}

// settings are what a mode goes by.
type settings struct {
	servers  []string
	clients  []int
	sessions []int
	rate     float64
	duration time.Duration
	rounds   int
}

// or takes from the command line what is given there, else a mode's own values. A rate or
// a number of clients that one mode needs would be far too much for another.
func (o *options) or(own settings) settings {
	if o.servers != nil {
		own.servers = o.servers
	}
	if o.clients != nil {
		own.clients = o.clients
	}
	if o.sessions != nil {
		own.sessions = o.sessions
	}
	if o.rate > 0 {
		own.rate = o.rate
	}
	if o.duration > 0 {
		own.duration = o.duration
	}
	if o.rounds > 0 {
		own.rounds = o.rounds
	}
	return own
}
