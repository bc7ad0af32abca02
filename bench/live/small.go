package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
)

// The first cabinets of the components of small sessions: those that the load process updates in
// Redis itself, which leaves their counters as no component has them, and those that are written
// to through the server.
const (
	updatedCabinet = 20_000
	writtenCabinet = 30_000
)

const (
	fillers   = 32  // requests at a time while sessions are created
	fillBatch = 500 // components a request
)

// smallSessions makes sure that there are so many sessions of one component each. They are as
// expensive to watch and to read as any: what is read of a session does not depend on its size.
func (s *site) smallSessions(ctx context.Context, cabinet, n int) ([]string, error) {
	if have := len(s.small[cabinet]); have < n {
		for i := have; i < n; i++ {
			s.small[cabinet] = append(s.small[cabinet], fmt.Sprintf("9d2a77c4-61f0-4b0e-a%03d-%012d", cabinet/1000, i))
		}
		err := s.filling(ctx, func(address string) error {
			for first := have; first < n; first += fillBatch {
				if err := s.addSmall(ctx, address, cabinet, first, min(first+fillBatch, n)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		log.Printf("%d sessions of one component", n)
	}
	return s.small[cabinet][:n], nil
}

// elsewhere is this site with another database of the same Redis, in which there is nothing yet.
func (s *site) elsewhere(database int) *site {
	other := *s
	other.database = database
	other.sessions, other.small = nil, map[int][]string{}
	return &other
}

// addSmall creates some of them.
func (s *site) addSmall(ctx context.Context, address string, cabinet, first, end int) error {
	names, n := s.small[cabinet][first:end], end-first
	components := make([]map[string]any, n)
	for i, name := range names {
		components[i] = component(smallComponent(cabinet, first+i), name)
	}
	// In this order: components before RUNNING, as a running session without active ones completes.
	err := parallel(n, func(i int) error {
		return change(ctx, address, createSession, map[string]any{"name": names[i], "operation": "REBOOT", "templateName": "compute"})
	})
	if err == nil {
		err = change(ctx, address, putComponents, map[string]any{"components": components})
	}
	if err == nil {
		err = parallel(n, func(i int) error {
			return change(ctx, address, updateSession, map[string]any{"name": names[i], "status": "RUNNING"})
		})
	}
	return err
}

// smallComponent is the component of a small session.
func smallComponent(cabinet, session int) string {
	return fmt.Sprintf("x%dc%ds%db0n0", cabinet+session/512, session/64%8, session%64)
}

// parallel does n things, some at a time.
func parallel(n int, do func(i int) error) error {
	var next atomic.Int64
	errs := make([]error, fillers)
	var working sync.WaitGroup
	for w := range fillers {
		working.Go(func() {
			for errs[w] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[w] = do(i)
			}
		})
	}
	working.Wait()
	return errors.Join(errs...)
}
