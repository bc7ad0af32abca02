package load

import (
	"context"
	"net/rpc"
	"os"

	"github.com/bosgraph/bosgraph/bench/live/proc"
)

// Command is the argument that makes a program that imports this package the load
// process: it then has to call [Serve].
const Command = "load"

// Process is the load process, seen from the benchmark.
type Process struct {
	*proc.Process
	rpc *rpc.Client
}

// Start starts this program as the load process.
func Start() (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process, pipe, err := proc.StartPiped(".", self, Command)
	if err != nil {
		return nil, err
	}
	return &Process{process, rpc.NewClient(pipe)}, nil
}

// Gather connects a crowd, and returns when each client has had a message.
func (p *Process) Gather(ctx context.Context, c Crowd) (Arrived, error) {
	var result Arrived
	err := p.call(ctx, "Service.Gather", c, &result)
	return result, err
}

// Storm drops the connections of the crowd and lets everybody come back, so many at a time. It
// returns when each client has had a message.
func (p *Process) Storm(ctx context.Context, dialers int) (Arrived, error) {
	var result Arrived
	err := p.call(ctx, "Service.Storm", dialers, &result)
	return result, err
}

// Call sends requests and returns how they were answered.
func (p *Process) Call(ctx context.Context, c Calls) (CallsOutcome, error) {
	var result CallsOutcome
	err := p.call(ctx, "Service.Call", c, &result)
	return result, err
}

// Offer publishes updates and returns what arrived.
func (p *Process) Offer(ctx context.Context, o Offer) (Outcome, error) {
	var result Outcome
	err := p.call(ctx, "Service.Offer", o, &result)
	return result, err
}

// Mix lets writers write, and returns what arrived.
func (p *Process) Mix(ctx context.Context, m Mix) (MixOutcome, error) {
	var result MixOutcome
	err := p.call(ctx, "Service.Mix", m, &result)
	return result, err
}

// Leave disconnects the crowd.
func (p *Process) Leave(ctx context.Context) error {
	return p.call(ctx, "Service.Leave", struct{}{}, new(struct{}))
}

func (p *Process) call(ctx context.Context, method string, args, result any) error {
	call := p.rpc.Go(method, args, result, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return ctx.Err()
	}
}
