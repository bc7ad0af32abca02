// Command bosgraph serves the status of BOS sessions over GraphQL, and shows it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/client"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/watch"
)

//go:generate go tool gqlgen generate

func main() {
	c, err := config.Parse(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		os.Exit(config.ExitCode(err))
	}
	if c.Command == config.Version {
		fmt.Println("bosgraph", app.Version())
		return
	}
	if c.Command == config.Watch || c.Command == config.Failed {
		os.Exit(show(c))
	}
	log := logger(c)
	if c.Command == config.Recount {
		os.Exit(recount(c, log))
	}
	if err := serve(c, log); err != nil {
		log.Error("bosgraph has ended", "error", err)
		os.Exit(1)
	}
}

// show asks a running server, and returns the status to exit with.
func show(c config.Config) int {
	signals, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	o := watch.Options{
		Options: client.Options{Server: c.URL, CAFile: c.CA, TokenFile: c.TokenFile, Patience: c.Patience},
		Session: bos.SessionKey{Tenant: c.Tenant, Name: c.Session}, JSON: c.JSON,
	}
	if c.Command == config.Failed {
		return watch.Failed(signals, o, os.Stdout, os.Stderr)
	}
	return watch.Run(signals, o, os.Stdout, os.Stderr)
}

// recount returns the status to exit with.
func recount(c config.Config, log *slog.Logger) int {
	signals, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	switch clean, err := app.Recount(signals, c, os.Stdout, log); {
	case err != nil:
		log.Error("the recount has ended", "error", err)
		return 2
	case !clean:
		return 1
	}
	return 0
}

// serve runs until it is told to stop. A second signal ends it at once.
func serve(c config.Config, log *slog.Logger) error {
	a, err := app.New(c, log)
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	signals, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	var failed error
	select {
	case <-signals.Done():
		log.Info("stopping")
	case failed = <-a.Failed():
	}
	restore()
	timeout, cancel := context.WithTimeout(context.Background(), c.ShutdownTimeout)
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
