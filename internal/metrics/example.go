package metrics

import (
	"context"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Example returns the metrics of a server that follows a BOS, with a value for every series that the
// documentation lists.
func Example() *Metrics {
	m := New(Build{})
	m.Follow(Sources{
		Sessions: oneSession{},
		Server:   func() Server { return Server{CertificateUntil: time.Now()} },
		Sync:     func() bos.SyncState { return bos.SyncState{LastSweep: time.Now()} },
		Webhooks: func() Webhooks { return Webhooks{Sending: true} },
	})
	return m
}

// oneSession is a store with a session that runs.
type oneSession struct{}

func (oneSession) CountSessions(context.Context) (stored, frozen int, err error) { return 1, 0, nil }

func (oneSession) ListSessions(context.Context, bos.SessionFilter, bos.Page, bos.Want, bool) (*bos.List[*bos.Session], error) {
	s := &bos.Session{Operation: bos.OperationBoot, State: bos.StateRunning, Status: &bos.Status{}}
	return &bos.List[*bos.Session]{Items: []*bos.Session{s}, Positions: []string{"1"}}, nil
}

func (oneSession) ReadSessions(context.Context, []bos.SessionRead) ([]*bos.Session, error) {
	return nil, nil
}
