package config

import (
	"errors"
	"fmt"
	"time"
)

// Limits holds the options that bound what requests may cost.
type Limits struct {
	MaxResponse                        int64         `default:"8388608" placeholder:"BYTES" help:"Largest answer to one request, and largest message of a subscription. A list that would exceed it is cut off, with an error that says how to read on. At least 65536."`
	MaxResponseMemory                  int64         `default:"134217728" placeholder:"BYTES" help:"Memory that large requests and answers may hold together, and as much again for the results of subscriptions. Requests beyond it are refused with UNAVAILABLE. At least twice --max-response."`
	MaxHeavy                           int           `default:"0" placeholder:"N" help:"Most heavy operations at a time: those that read or answer more than 256 KiB, scan more than 5000 components or sessions, or have a body of more than 1 MiB. Others wait for their turn. 0 for half as many as there are processors, but at least 1."`
	MaxScan                            int           `default:"200000" placeholder:"N" help:"Most components and sessions that one operation may scan if no index fits its filters."`
	MaxCost                            int           `default:"100000" placeholder:"N" help:"Most that one GraphQL request may cost: 1 for each field and 40 for a long text, times the page size (first) of every field it lies under, 6 for each item of a page, 2 for each id that a filter has, 20000 for a list of all components whose filter has no index. At least 10000."`
	MaxCostPerMinute                   int           `default:"20000000" placeholder:"N" help:"Most that the GraphQL requests of one client may cost in a minute, of one address where there are no tokens: a request costs what its document does, 10 more, and 1 for each 256 bytes of its body. Beyond it, requests are refused with UNAVAILABLE and status 429. At least twice --max-cost and 200000; 0 for any."`
	OperationTimeout                   time.Duration `default:"30s" placeholder:"DURATION" help:"Longest time for a query, a mutation or one update of a subscription, including waiting for its turn."`
	MaxDistinctSubscriptions           int           `default:"10000" placeholder:"N" help:"Most distinct subscriptions at a time. Identical ones count as one, however many clients have it; one with more than 4096 bytes of query and variables counts as several."`
	MaxDistinctSubscriptionsPerAddress int           `default:"5000" placeholder:"N" help:"Most distinct subscriptions from one address."`
	MaxHTTPConnections                 int           `name:"max-http-connections" default:"8192" placeholder:"N" help:"Most HTTP connections at a time, including idle ones. A connection that becomes a WebSocket or an event stream counts towards --max-connections instead."`
	MaxHTTPConnectionsPerAddress       int           `name:"max-http-connections-per-address" default:"4096" placeholder:"N" help:"Most HTTP connections from one address. Behind an ingress all clients have the address of the ingress: lower it where they connect directly."`
}

// leastResponse is more than any single status without error texts takes.
const leastResponse = 64 << 10

// What the dashboard asks for at a time, and what the largest request costs.
const (
	leastCost      = 10_000
	leastPerMinute = 200_000
)

func (b *Limits) check() error {
	switch {
	case b.MaxResponse < leastResponse:
		return fmt.Errorf("--max-response: %d bytes are too few: use at least %d", b.MaxResponse, leastResponse)
	case b.MaxResponseMemory < 2*b.MaxResponse:
		return fmt.Errorf("--max-response-memory: %d bytes are too few for an answer of --max-response: use at least %d", b.MaxResponseMemory, 2*b.MaxResponse)
	case b.MaxHeavy < 0:
		return fmt.Errorf("--max-heavy: %d is no number of operations: use 1 or more, or 0 for half as many as there are processors", b.MaxHeavy)
	case b.MaxScan < 1:
		return fmt.Errorf("--max-scan: %d lets nothing be looked for: use at least 1, such as 500000", b.MaxScan)
	case b.MaxCost < leastCost:
		return fmt.Errorf("--max-cost: %d is less than the pages need: use at least %d", b.MaxCost, leastCost)
	case b.MaxCostPerMinute != 0 && b.MaxCostPerMinute < max(2*b.MaxCost, leastPerMinute):
		return fmt.Errorf("--max-cost-per-minute: %d is too little for one request: use at least %d, or 0 for any", b.MaxCostPerMinute, max(2*b.MaxCost, leastPerMinute))
	case b.OperationTimeout <= 0:
		return fmt.Errorf("--operation-timeout: %v leaves no time: use more than 0, such as 30s", b.OperationTimeout)
	case b.MaxDistinctSubscriptions < 1 || b.MaxDistinctSubscriptionsPerAddress < 1:
		return errors.New("--max-distinct-subscriptions and --max-distinct-subscriptions-per-address have to be at least 1")
	case b.MaxHTTPConnections < 1 || b.MaxHTTPConnectionsPerAddress < 1:
		return errors.New("--max-http-connections and --max-http-connections-per-address have to be at least 1")
	}
	return nil
}

// The values that --gc-percent may have.
const (
	leastGCPercent = 10
	mostGCPercent  = 1000
)

func (c *Collector) check() error {
	switch {
	case c.GCPercent < leastGCPercent || c.GCPercent > mostGCPercent:
		return fmt.Errorf("--gc-percent: %d is too extreme: use %d to %d", c.GCPercent, leastGCPercent, mostGCPercent)
	case c.GCHeap < 0:
		return fmt.Errorf("--gc-heap: %d is not a size: use 0 or more bytes, such as 60000000", c.GCHeap)
	}
	return nil
}
