package cost_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

func TestABudgetIsThereAtOnceAndComesBackEvenly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := cost.NewBudget(6_000)
		if err := b.Spend("a", 6_000); err != nil {
			t.Fatalf("all of it at once: %v", err)
		}
		err := b.Spend("a", 500)
		var why *cost.Exceeded
		if err == nil || err.Reason != bos.BudgetExhausted || !errors.As(err, &why) || why.Cost != 500 || why.Limit != 6_000 || why.Wait != 5*time.Second {
			t.Fatalf("one that has spent all gets %v, %+v", err, why)
		}
		wantCode(t, err, bos.Unavailable)
		if err := b.Spend("b", 6_000); err != nil {
			t.Errorf("another client: %v", err)
		}
		time.Sleep(why.Wait - time.Nanosecond)
		if b.Spend("a", 500) == nil {
			t.Error("it is there before its time")
		}
		time.Sleep(time.Nanosecond)
		if err := b.Spend("a", 500); err != nil {
			t.Errorf("in its time: %v", err)
		}
		time.Sleep(time.Hour)
		if b.Spend("a", 6_001) == nil || b.Spend("a", 6_000) != nil {
			t.Error("what is not spent in an hour is more than a minute's, or less")
		}
	})
}

// TestABudgetIsNotOverspentByManyAtOnce has many goroutines spend what is there.
func TestABudgetIsNotOverspentByManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := cost.NewBudget(1_000)
		var spent atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				for range 100 {
					if b.Spend("a", 7) == nil {
						spent.Add(7)
					}
				}
			})
		}
		all.Wait()
		if n := spent.Load(); n != 994 {
			t.Errorf("%d were spent of 1000", n)
		}
	})
}

// TestClientsCostNoMemory shows that a budget is as large for a million clients as for one.
func TestClientsCostNoMemory(t *testing.T) {
	b := cost.NewBudget(1_000_000)
	names := make([]string, 1000)
	for i := range names {
		names[i] = fmt.Sprintf("2001:db8::%x", i)
	}
	i := 0
	if n := testing.AllocsPerRun(len(names), func() {
		_ = b.Spend(names[i%len(names)], 1)
		i++
	}); n != 0 {
		t.Errorf("%v allocations for a client", n)
	}
	if none := cost.NewBudget(0); none.Spend("a", 1<<40) != nil {
		t.Error("no budget is one")
	}
}
