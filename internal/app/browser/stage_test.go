package browser

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/auth/oidctest"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// stage runs servers for tests in another process, in this one: so they end with it,
// whatever happens, and the race detector sees them. All keep their state in the
// shared Redis.
type stage struct {
	t     *testing.T
	redis string

	mu      sync.Mutex
	servers []*server
}

type server struct {
	config config.Config
	app    *app.App // nil while it is stopped
}

// openStage opens a stage until the test ends, and returns the URL at which it takes
// orders:
//
//	POST /servers            {"command": ["demo", …], "namespace": "…"}: starts one
//	POST /servers/N/stop     as on SIGTERM
//	POST /servers/N/start    again, at its address
//	POST /tokens             [{"Name": "…", "Roles": ["…"], …}]: makes tokens and their file
//	POST /provider           {"redirect": "…", "lifetime": "5m"}: starts an OpenID Connect provider
//
// The first three are answered with {"id": N, "url": "…", "namespace": "…"}.
func openStage(t *testing.T) string {
	s := &stage{t: t, redis: "redis://" + redistest.SharedServer(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /servers", s.order(s.open))
	mux.HandleFunc("POST /servers/{id}/stop", s.order(s.each((*server).stop)))
	mux.HandleFunc("POST /servers/{id}/start", s.order(s.each(s.start)))
	mux.HandleFunc("POST /tokens", s.makeTokens)
	mux.HandleFunc("POST /provider", s.startProvider)
	control := httptest.NewServer(mux)
	t.Cleanup(func() {
		control.Close()
		for _, one := range s.servers {
			if err := one.stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return control.URL
}

// order takes one order at a time.
func (s *stage) order(do func(*http.Request) (id int, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		id, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		c := s.servers[id].config
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "url": "http://" + c.Listen + c.BasePath, "namespace": c.Namespace})
	}
}

func (s *stage) open(r *http.Request) (int, error) {
	var order struct {
		Command   []string
		Namespace string
	}
	if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
		return 0, err
	}
	if order.Namespace == "" {
		order.Namespace = "test-" + rand.Text()
	}
	command := append(order.Command, "--listen", "127.0.0.1:0", "--redis-url", s.redis, "--namespace", order.Namespace,
		"--audit-log", os.DevNull)
	c, err := config.Parse(command, io.Discard, s.t.Output())
	if err != nil {
		return 0, err
	}
	one := &server{config: c}
	if err := s.start(one); err != nil {
		return 0, err
	}
	one.config.Listen = one.app.Addr() // where it will be again
	s.servers = append(s.servers, one)
	return len(s.servers) - 1, nil
}

// makeTokens answers with the tokens, in order, and the file by which a server knows them.
func (s *stage) makeTokens(w http.ResponseWriter, r *http.Request) {
	var holders []config.Holder
	if err := json.NewDecoder(r.Body).Decode(&holders); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var made struct {
		File   string   `json:"file"`
		Tokens []string `json:"tokens"`
	}
	var lines strings.Builder
	for _, h := range holders {
		token, line, err := app.NewToken(h)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		made.Tokens = append(made.Tokens, token)
		lines.WriteString(line + "\n")
	}
	made.File = filepath.Join(s.t.TempDir(), "tokens")
	if err := os.WriteFile(made.File, []byte(lines.String()), 0o600); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(made)
}

// startProvider answers with the provider's issuer.
func (s *stage) startProvider(w http.ResponseWriter, r *http.Request) {
	var order struct{ Redirect, Lifetime string }
	if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p := oidctest.Start(s.t, "-redirect", order.Redirect, "-lifetime", order.Lifetime)
	_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.Issuer})
}

func (s *stage) each(do func(*server) error) func(*http.Request) (int, error) {
	return func(r *http.Request) (int, error) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil || id < 0 || id >= len(s.servers) {
			return 0, fmt.Errorf("there is no server %q", r.PathValue("id"))
		}
		return id, do(s.servers[id])
	}
}

func (s *stage) start(one *server) error {
	if one.app != nil {
		return errors.New("it runs already")
	}
	a, err := app.New(one.config, slog.New(slog.NewTextHandler(s.t.Output(), &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		return err
	}
	if err := a.Start(); err != nil {
		return err
	}
	one.app = a
	return nil
}

func (one *server) stop() error {
	if one.app == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a := one.app
	one.app = nil
	return a.Stop(ctx)
}
