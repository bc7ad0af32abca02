package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/config"
)

// patience is how long one exchange with Redis may take: a benchmark on a machine
// under load is to be slow, not to fail.
const patience = 30 * time.Second

// site is a namespace in a Redis, with a server and a store on it.
type site struct {
	addr, namespace string
	url             string // of GraphQL
	store           *cache.Store
}

func newSite(b *testing.B, redis, namespace string) *site {
	b.Helper()
	s := &site{addr: redis, namespace: namespace}
	s.store = s.open(b, nil)
	c, err := config.Parse([]string{
		"serve", "--listen", "127.0.0.1:0", "--redis-url", "redis://" + redis, "--namespace", namespace,
		"--audit-log", os.DevNull, // written, but not among the results
		"--max-cost-per-minute", "0", // the one client asks for more than the budget of one
	}, io.Discard, b.Output())
	if err != nil {
		b.Fatal(err)
	}
	server, err := app.New(c, slog.New(slog.NewTextHandler(b.Output(), &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	s.url = "http://" + server.Addr() + "/graphql"
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			b.Error(err)
		}
	})
	return s
}

func (s *site) open(b *testing.B, dialer func(ctx context.Context, network, addr string) (net.Conn, error)) *cache.Store {
	b.Helper()
	store, err := cache.Open(cache.Options{URL: "redis://" + s.addr, Namespace: s.namespace, Timeout: patience, Dialer: dialer})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	return store
}

// create creates the sessions of those names.
func (s *site) create(b *testing.B, names []string) {
	b.Helper()
	parallel(b, len(names), func(_, i int) error {
		_, err := s.store.CreateSession(b.Context(), bos.NewSession{
			SessionKey: bos.SessionKey{Name: names[i]}, Operation: bos.OperationReboot,
			TemplateName: "compute-24.7", Source: bos.SourceProducer,
		})
		return err
	})
}

// start makes the sessions run, which they do once their components are set.
func (s *site) start(b *testing.B, names []string) {
	b.Helper()
	parallel(b, len(names), func(_, i int) error {
		_, err := s.store.UpdateSession(b.Context(), bos.SessionKey{Name: names[i]}, bos.SessionUpdate{State: new(bos.StateRunning)})
		return err
	})
}

// load stores components 0 to n-1, each made by record.
func (s *site) load(b *testing.B, n int, record func(i int) []byte) {
	b.Helper()
	parallel(b, n/batch, func(_, i int) error {
		components, err := patches(i*batch, record)
		if err != nil {
			return err
		}
		return applied(s.store.PutComponents(b.Context(), components))
	})
}

// applied fails unless a whole batch was applied.
func applied(r bos.BatchResult, err error) error {
	if err == nil && r.Applied != batch {
		err = fmt.Errorf("%d of %d components were applied: %v", r.Applied, batch, r.Refused)
	}
	return err
}
