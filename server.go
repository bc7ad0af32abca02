// Command bosgraph serves the status of BOS sessions over GraphQL, and shows it.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/client"
	"github.com/bosgraph/bosgraph/internal/compare"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/watch"
)

//go:generate go tool gqlgen generate

func main() {
	c, err := config.Parse(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		os.Exit(config.ExitCode(err))
	}
	switch c.Command {
	case config.Version:
		os.Exit(printed(printVersion(os.Stdout, c.JSON)))
	case config.Licenses:
		os.Exit(printed(printLicenses(os.Stdout)))
	case config.Token:
		os.Exit(newToken(os.Stdout, c.Holder))
	}
	log := logger(c)
	switch c.Command {
	case config.Watch, config.Failed, config.Why, config.List, config.Node, config.Troubled, config.Compare:
		os.Exit(show(c))
	case config.Check:
		os.Exit(check(os.Stdout, c))
	}
	if command := redisCommands[c.Command]; command != nil {
		os.Exit(verdict(os.Stdout, log, func(ctx context.Context, out io.Writer) (bool, error) { return command(ctx, c, out, log) }))
	}
	if err := serve(c, log); err != nil {
		log.Error("bosgraph failed", "error", err)
		os.Exit(1)
	}
}

// redisCommands are those with a verdict: they work on Redis, or on the targets of webhooks.
var redisCommands = map[config.Command]func(context.Context, config.Config, io.Writer, *slog.Logger) (bool, error){
	config.Recount: app.Recount, config.Accept: app.Accept,
	config.ListWebhooks: app.ListWebhooks, config.TestWebhooks: app.TestWebhooks, config.RetryWebhooks: app.RetryWebhooks,
}

// show asks a running server, and returns the status to exit with.
func show(c config.Config) int {
	signals, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	if c.Command == config.Compare {
		return compare.Run(signals, compare.Options{
			BOS:    compare.Side{URL: c.BOSURL, TokenFile: c.BOSToken, CAFile: c.BOSCA},
			Server: compare.Side{URL: c.URL, TokenFile: c.Asking.TokenFile, CAFile: c.CA},
			Tenant: c.Tenant, JSON: c.JSON,
		}, os.Stdout, os.Stderr)
	}
	o := watch.Options{
		Options: client.Options{Server: c.URL, CAFile: c.CA, TokenFile: c.Asking.TokenFile, Patience: c.Patience},
		Session: bos.SessionKey{Tenant: c.Tenant, Name: c.Session}, Latest: c.Latest, JSON: c.JSON,
	}
	switch c.Command {
	case config.Failed:
		return watch.Failed(signals, o, os.Stdout, os.Stderr)
	case config.List:
		return watch.List(signals, o, listed(c), os.Stdout, os.Stderr)
	case config.Why:
		return watch.Why(signals, o, os.Stdout, os.Stderr)
	case config.Node:
		return watch.Component(signals, o, c.XName, os.Stdout, os.Stderr)
	case config.Troubled:
		return watch.Troubled(signals, o, client.Troubles{Tenant: c.Tenant, First: c.Troubles.First, Days: c.Troubles.Days, Template: c.Troubles.Template}, os.Stdout, os.Stderr)
	}
	return watch.Run(signals, o, os.Stdout, os.Stderr)
}

// listed is which sessions list is to print.
func listed(c config.Config) client.Which {
	which := client.Which{Tenant: c.Tenant, First: c.Listing.First}
	if c.Listing.Status != "any" {
		which.Status = strings.ToUpper(c.Listing.Status)
	}
	return which
}

// printed returns the status to exit with after a command that only prints: 2 if not all could be printed, with the reason.
func printed(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bosgraph:", err)
		return 2
	}
	return 0
}

// printVersion writes what this program was built from.
func printVersion(to io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(to).Encode(app.Build())
	}
	_, err := fmt.Fprintln(to, app.Build())
	return err
}

// newToken writes a new access token and its line of the file of tokens, and returns the status to exit with.
func newToken(to io.Writer, h config.Holder) int {
	token, line, err := app.NewToken(h)
	if err != nil { // the options alone can be wrong
		fmt.Fprintln(os.Stderr, "bosgraph:", err)
		return config.ExitCode(err)
	}
	// A token that is lost here is stored nowhere else.
	_, err = fmt.Fprintf(to, "%s\n%s\n", token, line)
	return printed(err)
}

// printer remembers that something could not be printed: the result of a command that nobody can read is none.
type printer struct {
	to  io.Writer
	err error
}

func (p *printer) Write(text []byte) (int, error) {
	n, err := p.to.Write(text)
	p.err = cmp.Or(p.err, err)
	return n, err
}

// check looks at what a server needs, and returns the status to exit with.
func check(to io.Writer, c config.Config) int {
	out := &printer{to: to}
	status := app.Check(context.Background(), c, out)
	return cmp.Or(printed(out.err), status)
}

// verdict runs a command that works on Redis, and returns the status to exit with: 0
// for yes, 1 for no, 2 if it could not work, or what it says could not be printed.
func verdict(to io.Writer, log *slog.Logger, run func(context.Context, io.Writer) (bool, error)) int {
	signals, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	out := &printer{to: to}
	yes, err := run(signals, out)
	switch err = cmp.Or(err, out.err); {
	case err != nil:
		log.Error("command failed", "error", err)
		return 2
	case !yes:
		return 1
	}
	return 0
}

// serve runs until a signal stops it. A second signal ends it at once.
func serve(c config.Config, log *slog.Logger) error {
	app.TuneCollector(c.Collector)
	a, err := app.New(c, log)
	if err != nil {
		return err
	}
	end := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		end = append(end, syscall.SIGHUP)
	}
	// Before anything is started: what has been started is stopped, also by a signal that comes meanwhile. From
	// then on a second signal ends the process at once, as by default.
	signals, restore := signal.NotifyContext(context.Background(), end...)
	defer restore()
	context.AfterFunc(signals, restore)
	if err := a.Start(); err != nil {
		return err
	}
	var failed error
	select {
	case <-signals.Done():
		log.Info("stopping")
	case failed = <-a.Failed():
	}
	restore() // also if it failed
	timeout, cancel := context.WithTimeout(context.Background(), c.ShutdownDelay+c.ShutdownTimeout)
	defer cancel()
	return errors.Join(failed, a.Stop(timeout))
}

func logger(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
