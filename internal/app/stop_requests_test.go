package app_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/bosgraph/bosgraph/internal/apptest"
)

// TestAServerThatStopsAnswersWhatItHasAccepted sends requests without a pause to a server that is asked to stop, until it
// accepts no connection any more: each request whose connection was accepted is answered.
func TestAServerThatStopsAnswersWhatItHasAccepted(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		each    bool // a connection for each request
		silent  int  // so many watch, and do not close their connections
		clients int
	}{
		{name: "connections that are kept", clients: 8},
		{name: "a connection for each request", each: true, clients: 8},
		{name: "beside watchers that stay", silent: 50, clients: 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			s, process := f.Start(t, "127.0.0.1:0", "--shutdown-timeout", "4s")
			for range test.silent {
				w := s.Begin(t)
				w.Send(apptest.Subscribe("1", apptest.Follow, apptest.Vars{"name": "s"}))
			}
			var answered atomic.Int64
			var asking sync.WaitGroup
			for range test.clients {
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: test.each}}
				asking.Go(func() {
					defer client.CloseIdleConnections()
					for {
						err := askOnce(client, s.Base)
						switch {
						case errors.Is(err, syscall.ECONNREFUSED):
							return
						case err != nil:
							t.Errorf("after %d answers: %v", answered.Load(), err)
						default:
							answered.Add(1)
						}
					}
				})
			}
			apptest.Eventually(t, "requests are under way", func() bool { return answered.Load() > 100 })
			process.End()
			asking.Wait()
			t.Logf("%d answered", answered.Load())
		})
	}
}

// askOnce sends a query by POST, which no client sends again by itself.
func askOnce(client *http.Client, base string) error {
	response, err := client.Post(base+"/graphql", "application/json", strings.NewReader(`{"query": "{ serverInfo { epoch } }"}`))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
