package app

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
)

// ready says whether requests should be sent here: Redis answers, and the server is not
// stopping. A Redis that answers but takes no changes, or has lost some, is the same for
// all replicas, and what it has can still be read: the answer stays 200 then, and names
// the problems in the lines that follow.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	if a.stopping.Load() {
		say(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	// Asked for each probe and not remembered: the answer is about now, and a ping costs
	// little.
	if err := a.store.Ping(r.Context()); err != nil {
		text := notReady(err)
		if a.unready.Swap(text) != text { // a probe that repeats itself is logged once
			a.log.Warn("not ready", "reason", bos.ReasonOf(err), "error", err, "cause", errors.Unwrap(err))
		}
		say(w, http.StatusServiceUnavailable, text)
		return
	}
	if before, _ := a.unready.Swap("").(string); before != "" {
		a.log.Info("ready again")
	}
	text := []string{"ready"}
	if a.gate.Open() { // probes send no credentials
		for _, p := range a.store.Problems() {
			text = append(text, string(p.Reason)+": "+p.Message)
		}
	}
	say(w, http.StatusOK, strings.Join(text, "\n"))
}

// notReady says why, without what is internal.
func notReady(err error) string {
	var known *bos.Error
	if !errors.As(err, &known) {
		return "not ready: Redis answers with an error; the server's log has it"
	}
	return "not ready: " + cmp.Or(string(known.Reason), string(known.Code)) + ": " + known.Message
}

// watchRedis watches Redis until ctx ends.
func (a *App) watchRedis(ctx context.Context) {
	o := cache.WatchOptions{Every: a.watchEvery, Stale: a.hub.Incomplete}
	if a.sync != nil {
		o.Swept = a.sync.SweptIn
	}
	a.store.WatchRedis(ctx, o)
}
