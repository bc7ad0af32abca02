package bench

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestMain runs the benchmarks, or the client or server process that they start.
func TestMain(m *testing.M) {
	if os.Getenv(serverVariable) != "" {
		if err := serveAlone(strings.Fields(os.Getenv(serverVariable))); err != nil {
			fmt.Fprintln(os.Stderr, "the server process has ended:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(clientVariable) != "" {
		if err := serveErrands(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "the client process has ended:", err)
			os.Exit(1)
		}
		return
	}
	redistest.Main(m)
}

const (
	callers = 4     // of ingest, at the same time
	batch   = 500   // components a call
	turn    = 5_000 // components that go one way before the next way has its turn
)

// How many components and sessions there are, where the largest size allows.
const (
	defaultSizes      = "1000,10000,100000,1000000"
	ingestComponents  = 100_000
	ingestSessions    = 20
	scatteredSessions = 2_000
	listedSessions    = 10_000
)

// sizes are how many components the benchmarks of growth store, ascending.
func sizes(b *testing.B) []int {
	b.Helper()
	list := os.Getenv("BENCH_SIZES")
	if list == "" {
		list = defaultSizes
	}
	var all []int
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || n < 1000 || n%1000 != 0 {
			b.Fatalf("BENCH_SIZES=%q: give multiples of 1000, comma-separated", list)
		}
		all = append(all, n)
	}
	slices.Sort(all)
	if least := ways * turn; all[len(all)-1] < least {
		b.Fatalf("BENCH_SIZES=%q: the largest has to be %d at least", list, least)
	}
	return slices.Compact(all)
}

// atMost is n, or the largest size if that is less.
func atMost(b *testing.B, n int) int {
	b.Helper()
	return min(n, slices.Max(sizes(b)))
}

// parallel lets all callers do n things, each thing once.
func parallel(b *testing.B, n int, do func(caller, i int) error) {
	b.Helper()
	if err := each(callers, n, do); err != nil {
		b.Fatal(err)
	}
}

// each is parallel for any number of callers. One that fails does no more.
func each(callers, n int, do func(caller, i int) error) error {
	var next atomic.Int64
	errs := make([]error, callers)
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			for errs[caller] == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[caller] = do(caller, i)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}
