package cache

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestExchangesAreObserved distinguishes what Redis answers, errors included, from what brings no answer.
func TestExchangesAreObserved(t *testing.T) {
	var answered, failed atomic.Int64
	var cut atomic.Bool
	s, err := Open(Options{
		URL: "redis://" + redistest.SharedServer(t), Namespace: "observed", Timeout: 200 * time.Millisecond,
		Observe: func(took time.Duration, lost bool) {
			if took <= 0 {
				t.Errorf("it took %v", took)
			}
			if lost {
				failed.Add(1)
			} else {
				answered.Add(1)
			}
		},
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			if cut.Load() {
				return nil, errors.New("cut")
			}
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, _, err := s.CountSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Client.Do(t.Context(), "NOSUCHCOMMAND").Err(); err == nil {
		t.Fatal("Redis knows it")
	}
	if answered.Load() < 2 || failed.Load() != 0 {
		t.Errorf("%d exchanges with an answer, %d without", answered.Load(), failed.Load())
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.CountSessions(over); err == nil || failed.Load() != 0 {
		t.Errorf("a caller that has given up counts as a failure of Redis, or as none at all: %v", err)
	}
	cut.Store(true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.CountSessions(t.Context()); err == nil || failed.Load() == 0 {
		t.Errorf("without Redis %d exchanges failed: %v", failed.Load(), err)
	}
}
