package redisdb

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// meet is one command that ends so.
func meet(e *Episodes, name string, err error) {
	cmd := redis.NewStatusCmd(context.Background(), name)
	_ = e.ProcessHook(func(context.Context, redis.Cmder) error { return err })(context.Background(), cmd)
}

func TestAStateIsLoggedOnceAnEpisode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := NewEpisodes(slog.New(slog.NewTextHandler(&log, nil)))
		full := errors.New("OOM command not allowed when used memory > 'maxmemory'")
		count := func(line string) int { return strings.Count(log.String(), `msg="`+line) }
		for range 1000 { // it comes and goes, every few milliseconds
			meet(e, "set", full)
			meet(e, "set", nil)
			meet(e, "get", nil)
			<-time.After(5 * time.Millisecond)
		}
		if begun, over := count("Redis is out of memory"), count("Redis recovered"); begun != 1 || over != 0 {
			t.Fatalf("%d lines when it began, %d that it is over:\n%s", begun, over, &log)
		}
		if !strings.Contains(log.String(), "OOM command not allowed") {
			t.Errorf("Redis' own words are missing: %s", &log)
		}
		meet(e, "set", full)
		<-time.After(quiet)
		meet(e, "get", nil)
		if n := count("Redis recovered"); n != 0 {
			t.Error("a read that succeeded ended a state in which writes fail")
		}
		meet(e, "set", full)
		if p := e.Problems(); len(p) != 1 || p[0].Reason != bos.RedisOutOfMemory {
			t.Errorf("problems: %v", p)
		}
		meet(e, "set", nil)
		if n := count("Redis recovered"); n != 0 {
			t.Error("a state that was met a moment ago counts as over")
		}
		if p := e.Problems(); len(p) != 0 {
			t.Errorf("problems of which the last command knew nothing: %v", p)
		}
		<-time.After(quiet)
		meet(e, "get", nil)
		if n := count("Redis recovered"); n != 1 || !strings.Contains(log.String(), "failures=1002") {
			t.Errorf("afterwards:\n%s", &log)
		}
		if p := e.Problems(); len(p) != 0 {
			t.Errorf("problems: %v", p)
		}
		meet(e, "set", full)
		if n := count("Redis is out of memory"); n != 2 {
			t.Errorf("the second episode:\n%s", &log)
		}
	})
}

func TestWhoGivesUpSaysNothingOfRedis(t *testing.T) {
	e := NewEpisodes(nil)
	meet(e, "get", context.Canceled)
	meet(e, "get", redis.Nil)
	meet(e, "get", errors.New("WRONGTYPE Operation against a key"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e.saw(ctx, redis.NewStatusCmd(ctx, "get"), os.ErrDeadlineExceeded)
	if p := e.Problems(); len(p) != 0 {
		t.Errorf("problems: %v", p)
	}
}

// TestARedisThatRefusesConnectionsIsUnreachableAndNotSlow has no other state while nothing listens.
func TestARedisThatRefusesConnectionsIsUnreachableAndNotSlow(t *testing.T) {
	db, err := Open(Options{URL: "redis://127.0.0.1:1", Namespace: "n", Timeout: 1800 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Client.Close()
	for range 3 {
		err := db.Pipelined(t.Context(), func(pipe redis.Pipeliner) { pipe.Get(t.Context(), "k") })
		if reason := bos.ReasonOf(err); reason != bos.RedisUnreachable {
			t.Errorf("a pipeline fails for %q: %v", reason, errors.Unwrap(err))
		}
	}
	if p := db.Episodes.Problems(); len(p) != 1 || p[0].Reason != bos.RedisUnreachable {
		t.Errorf("problems: %v", p)
	}
}

// TestARedisThatIsBackInAMomentIsWaitedFor asks a Redis that refuses connections, and begins to listen shortly after.
func TestARedisThatIsBackInAMomentIsWaitedFor(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	_ = taken.Close()
	db, err := Open(Options{URL: "redis://" + address, Namespace: "n", Timeout: 1800 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Client.Close()
	back, started := miniredis.NewMiniRedis(), make(chan error, 1)
	defer back.Close()
	time.AfterFunc(200*time.Millisecond, func() { started <- back.StartAddr(address) })
	err = db.Pipelined(t.Context(), func(pipe redis.Pipeliner) { pipe.Set(t.Context(), "k", "v", 0) })
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Error(err)
	}
}

// TestACallersOwnTimeSaysNothingOfRedis has operations whose time is up while Redis answers, and one that Redis leaves waiting for all
// of an exchange's time.
func TestACallersOwnTimeSaysNothingOfRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &DB{Timeout: 5 * time.Second}
		// By the context, and by the connection, whose deadline is the same.
		for _, late := range []error{context.DeadlineExceeded, os.ErrDeadlineExceeded} {
			for _, c := range []struct {
				caller, passes time.Duration
				want           int
			}{
				{2 * time.Second, 2 * time.Second, 0},
				{2 * time.Second, time.Second, 1}, // the connection's own time
				{30 * time.Second, 5 * time.Second, 1},
			} {
				e := NewEpisodes(nil)
				ctx, cancel := context.WithTimeout(t.Context(), c.caller)
				within, end := db.Within(ctx)
				again, endAgain := db.Within(within)
				<-time.After(c.passes)
				e.saw(again, redis.NewStatusCmd(again, "get"), late)
				if p := e.Problems(); len(p) != c.want || c.want > 0 && p[0].Reason != bos.RedisTimeout {
					t.Errorf("%v after %v, with %v for the caller: problems %v", late, c.passes, c.caller, p)
				}
				endAgain()
				end()
				cancel()
			}
		}
	})
}

func TestStatesOfErrors(t *testing.T) {
	for text, want := range map[string]bos.Reason{
		"LOADING Redis is loading the dataset in memory":                                              bos.RedisLoading,
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.":            bos.RedisReadOnly,
		"READONLY You can't write against a read only replica. script: x, on @user_script:1.":         bos.RedisReadOnly,
		"OOM command not allowed when used memory > 'maxmemory'.":                                     bos.RedisOutOfMemory,
		"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to":             bos.RedisDiskError,
		"NOPERM this user has no permissions to run the 'get' command":                                bos.RedisNoPermission,
		"ERR The user executing the script can't run this command or subcommand script: x, on @user_": bos.RedisNoPermission,
		"NOAUTH Authentication required.":                                                             bos.RedisAuthentication,
		"WRONGPASS invalid username-password pair or user is disabled.":                               bos.RedisAuthentication,
		"CLUSTERDOWN Hash slot not served":                                                            bos.RedisClusterDown,
		"MOVED 3999 127.0.0.1:6381":                                                                   bos.RedisClusterDown,
		"TRYAGAIN Multiple keys request during rehashing of slot":                                     bos.RedisBusy,
		"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.":      bos.RedisBusy,
		"ERR max number of clients reached":                                                           bos.RedisMaxClients,
		"NOREPLICAS Not enough good replicas to write.":                                               bos.RedisNoReplicas,
		"redis: all sentinels specified in configuration are unreachable: x":                          bos.RedisUnreachable,
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":            bos.RedisUnreachable,
		"tls: first record does not look like a TLS handshake":                                        bos.RedisUnreachable,
		"ERR unknown command": "",
		"WRONGTYPE Operation against a key holding the wrong kind of value": "",
	} {
		err := Explain(errors.New(text))
		if got := bos.ReasonOf(err); got != want {
			t.Errorf("%s: reason %q, want %q", text, got, want)
		}
		if known := (*bos.Error)(nil); errors.As(err, &known) && strings.Contains(known.Message, "127.0.0.1") {
			t.Errorf("%s: users read %q", text, known.Message)
		}
	}
}
