package redistest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Network is the way to a server, which a test can make slow, narrow or unreliable.
type Network struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// NewNetwork stands before the server at that address until the test ends.
func NewNetwork(t testing.TB, server string) *Network {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics log by a logger of their own
	owner := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &Network{t: t, proxy: toxiproxy.NewProxy(owner, "redis", "127.0.0.1:0", server)}
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	return n
}

// Addr is where the server is reached through the network.
func (n *Network) Addr() string { return n.proxy.Listen }

// Worsen adds a toxic of toxiproxy to what comes from the server, by its kind and
// attributes, such as "latency", {"latency": 200} (ms).
func (n *Network) Worsen(kind string, attributes map[string]int) {
	n.t.Helper()
	toxic, err := json.Marshal(map[string]any{"type": kind, "stream": "downstream", "toxicity": 1, "attributes": attributes})
	if err == nil {
		_, err = n.proxy.Toxics.AddToxicJson(strings.NewReader(string(toxic)))
	}
	if err != nil {
		n.t.Fatalf("redistest: %s: %v", kind, err)
	}
}

// Heal removes all of them.
func (n *Network) Heal() {
	n.t.Helper()
	n.proxy.Toxics.ResetToxics(n.t.Context())
}
