package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/audit"
	"github.com/bosgraph/bosgraph/internal/bossync"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/privateredis"
)

// errUnfit says that Redis is not one that a server starts with.
var errUnfit = errors.New("this Redis cannot be used")

// preflight looks at Redis before the first write, and logs what may go wrong later. It fails with errUnfit if it
// must not be used. A Redis that does not answer yet is no reason not to start: it is looked at when it does.
func (a *App) preflight(ctx context.Context) error {
	if a.embedded != nil {
		return nil
	}
	for _, f := range a.store.Preflight(ctx) {
		switch {
		case f.Refused:
			return fmt.Errorf("%w: %s; %s", errUnfit, f.Text, f.Fix)
		case f.Level != bos.Fine && f.Subject == cache.Unanswered:
			return errors.New(f.Text)
		// The others with a reason are problems that watching Redis reports.
		case f.Level != bos.Fine && f.Reason == "":
			a.log.Warn("check of Redis found a problem", "subject", f.Subject, "problem", f.Text, "fix", f.Fix)
		}
	}
	return nil
}

// preflightLater looks at a Redis that did not answer at the start, as soon as it does.
func (a *App) preflightLater(ctx context.Context) {
	tick := time.NewTicker(cmp.Or(a.watchEvery, cache.DefaultWatch))
	defer tick.Stop()
	for {
		switch err := a.preflight(ctx); {
		case errors.Is(err, errUnfit):
			a.fail(err)
			return
		case err == nil:
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// The statuses that Check returns.
const (
	checkFine     = 0
	checkFailed   = 1
	checkWarnings = 3
)

// patience is how long a check waits for Redis: longer than a server, for the error of a connection comes only after several attempts.
const patience = 10 * time.Second

// Check looks at all that a server with this configuration needs, prints what it finds, and returns the status to exit with.
func Check(ctx context.Context, c config.Config, out io.Writer) int {
	found := findings(ctx, c)
	if c.JSON {
		_ = json.NewEncoder(out).Encode(found) // without a reader the status says it
	}
	status := checkFine
	for _, f := range found {
		switch f.Level {
		case bos.Failure:
			status = checkFailed
		case bos.Warning:
			if status == checkFine {
				status = checkWarnings
			}
		}
		if c.JSON {
			continue
		}
		fmt.Fprintf(out, "%-8s%s: %s\n", f.Level, f.Subject, f.Text)
		if f.Fix != "" {
			fmt.Fprintf(out, "        %s\n", f.Fix)
		}
	}
	return status
}

// findings are those of every part, in the order in which a server needs them.
func findings(ctx context.Context, c config.Config) (all []bos.Finding) {
	c.Command = config.Serve
	a, err := New(c, slog.New(slog.DiscardHandler))
	if err == nil {
		err = audit.Try(c.AuditLog)
	}
	if err != nil {
		return []bos.Finding{result("configuration", "", err, "correct the file or the option that it names")}
	}
	all = append(all, result("configuration", "files can be used", nil, ""))
	if a.cert != nil {
		all = append(all, a.cert.finding())
	}
	all = append(all, a.checkRedis(ctx)...)
	if c.BOSURL != "" {
		service, tapms, err := services(c.BOS)
		if err == nil {
			err = bossync.Reach(ctx, service)
		}
		all = append(all, result("BOS", "its sessions and components can be read", err, "look at --bos-url, --bos-token-file and --bos-ca-file"))
		if tapms != nil {
			all = append(all, result("TAPMS", "its tenants can be read", bossync.ReachTAPMS(ctx, *tapms), "look at --tapms-url, --bos-token-file and --bos-ca-file"))
		}
	}
	if c.TenantsFile != "" {
		all = append(all, result("tenants", "their file can be read", bossync.ReachTenantsFile(c.TenantsFile), "correct --tenants-file"))
	}
	if a.provider != nil {
		reached := a.provider.Reach(ctx)
		for _, issuer := range slices.Sorted(maps.Keys(reached)) {
			all = append(all, result("OpenID Connect provider "+issuer, "its keys can be read", reached[issuer], "look at --oidc-issuer and --oidc-ca-file"))
		}
	}
	return all
}

// checkRedis looks at what keeps the state.
func (a *App) checkRedis(ctx context.Context) []bos.Finding {
	const subject = "state"
	if a.config.Embedded() {
		return []bos.Finding{{Subject: subject, Level: bos.Warning, Text: "it is kept in memory and lost when the server ends", Fix: "give a --data-dir or a --redis-url, unless this is a trial"}}
	}
	var all []bos.Finding
	if a.config.DataDir != "" {
		// A server that runs on the directory is asked; otherwise redis-server is tried for a moment.
		err := a.startPrivate()
		if errors.Is(err, privateredis.ErrInUse) {
			err = nil
		}
		all = append(all, result(subject, "redis-server runs on "+a.config.DataDir, err, "see docs/operations.md, The data directory"))
		if err != nil {
			return all
		}
		defer func() { _ = a.stopPrivate(ctx) }() // it saves its data in any case
		if a.config.DataDirMemory == 0 {
			all = append(all, bos.Finding{Subject: subject, Level: bos.Warning, Text: "the memory of redis-server has no limit: the kernel may kill it when the machine has none left",
				Fix: "give a --data-dir-memory, such as 2000000000"})
		}
	}
	cache.LogTo(a.log)
	o := a.options
	o.Timeout = patience
	store, err := cache.Open(o)
	if err != nil {
		return append(all, result(subject, "", err, "correct --redis-url"))
	}
	defer store.Close()
	found := store.Preflight(ctx)
	all = append(all, found...)
	if last := found[len(found)-1]; !last.Refused && last.Subject != cache.Unanswered {
		all = append(all, store.TryWrite(ctx))
	}
	return all
}

// result is the finding of something that works or fails as a whole.
func result(subject, fine string, err error, fix string) bos.Finding {
	if err == nil {
		return bos.Finding{Subject: subject, Level: bos.Fine, Text: fine}
	}
	text := err.Error()
	if known := (*bos.Error)(nil); errors.As(err, &known) && known.Err != nil {
		text += " (" + known.Err.Error() + ")" // for operators, the cause as well
	}
	return bos.Finding{Subject: subject, Level: bos.Failure, Text: text, Fix: fix}
}
