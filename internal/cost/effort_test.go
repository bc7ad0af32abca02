package cost_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

func TestEffortBoundsBytes(t *testing.T) {
	b := &cost.Limits{Response: 1 << 20, Heavy: make(chan struct{}, 1), Memory: cost.NewPool(3 << 20)}
	ctx, e := b.WithEffort(t.Context())
	if err := cost.EffortOf(ctx).Hold(ctx, 100<<10); err != nil || b.Memory.Held() != 0 || len(b.Heavy) != 0 {
		t.Errorf("a light operation: %v, %d bytes of all", err, b.Memory.Held())
	}
	if room := e.Room(); room != 1<<20-100<<10 {
		t.Errorf("there is room for %d bytes", room)
	}
	if err := e.Hold(ctx, 900<<10); err != nil || b.Memory.Held() != 1000<<10 || len(b.Heavy) != 1 {
		t.Errorf("a heavy one: %v, %d bytes of all", err, b.Memory.Held())
	}
	wantCode(t, e.Hold(ctx, 3<<20), bos.BadUserInput)
	e.Executed(300 << 10)
	if b.Memory.Held() != 300<<10 || len(b.Heavy) != 0 {
		t.Errorf("while it is sent %d bytes are held, and %d run", b.Memory.Held(), len(b.Heavy))
	}
	other, o := b.WithEffort(t.Context())
	if err := o.Hold(other, 2<<20); err != nil {
		t.Error(err)
	}
	third, refused := b.WithEffort(t.Context())
	o.Executed(2 << 20)
	wantCode(t, refused.Hold(third, 1<<20), bos.Unavailable)
	for range 2 {
		e.Done()
		o.Done()
		refused.Done()
	}
	if b.Memory.Held() != 0 || len(b.Heavy) != 0 {
		t.Errorf("in the end %d bytes are held, and %d run", b.Memory.Held(), len(b.Heavy))
	}
}

func TestHeavyEffortsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &cost.Limits{Response: 1 << 20, Scan: 100_000, Heavy: make(chan struct{}, 1)}
		ctx, first := b.WithEffort(t.Context())
		if err := first.Scan(ctx, 50_000); err != nil {
			t.Fatal(err)
		}
		wantCode(t, first.Scan(ctx, 50_001), bos.BadUserInput)

		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		ctx, late := b.WithEffort(short)
		wantCode(t, late.Heavy(ctx), bos.Unavailable)
		late.Done()

		ctx, second := b.WithEffort(t.Context())
		turn := make(chan error)
		go func() { turn <- second.Heavy(ctx) }()
		synctest.Wait()
		select {
		case <-turn:
			t.Fatal("two are heavy at a time")
		default:
		}
		first.Done()
		if err := <-turn; err != nil {
			t.Error(err)
		}
		second.Done()
	})
}

func TestWithoutLimitsNothingIsRefused(t *testing.T) {
	ctx, e := (*cost.Limits)(nil).WithEffort(t.Context())
	if e != nil || cost.EffortOf(ctx).Hold(ctx, 1<<40) != nil || e.Scan(ctx, 1<<30) != nil || !e.Plan(1<<40) || e.Heavy(ctx) != nil {
		t.Error("something is refused")
	}
	e.Executed(0)
	e.Done()
}

// wantCode checks that an error is for users and has that code.
func wantCode(t *testing.T, err error, code bos.Code) {
	t.Helper()
	var e *bos.Error
	if !errors.As(err, &e) || e.Code != code || e.Message == "" || len(e.Message) > 400 || len(e.Field) > 0 {
		t.Errorf("got %v, want an *Error with %s", err, code)
	}
}
