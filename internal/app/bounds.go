package app

import (
	"cmp"
	"net"
	"runtime"

	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/cost"
	"github.com/bosgraph/bosgraph/internal/guard"
	"github.com/bosgraph/bosgraph/internal/transport"
)

// boundsOf are what operations may cost.
func boundsOf(c config.Limits) *cost.Limits {
	// The other half of the processors is for those who ask for little.
	heavy := cmp.Or(c.MaxHeavy, max(1, runtime.GOMAXPROCS(0)/2))
	return &cost.Limits{
		Response: c.MaxResponse, Scan: c.MaxScan,
		Heavy: make(chan struct{}, heavy), Memory: cost.NewPool(c.MaxResponseMemory),
	}
}

// counted bounds the connections of a listener.
func (a *App) counted(l net.Listener) *transport.Listener {
	return transport.Listen(l, transport.ListenOptions{
		Connections: a.config.MaxHTTPConnections, PerAddress: a.config.MaxHTTPConnectionsPerAddress,
		Proxy: guard.Proxies(a.config.Proxies()).Trust, WriteDeadline: a.config.WriteDeadline, TLS: a.tls,
	})
}
