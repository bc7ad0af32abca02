package app_test

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/config"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// besidesServers are the commands that work beside servers, on their Redis.
var besidesServers = []string{"recount", "sync accept", "webhooks list", "webhooks retry"}

// besides runs one of them.
func besides(t *testing.T, log *slog.Logger, command string, options ...string) (bool, error) {
	t.Helper()
	c, err := config.Parse(append(strings.Fields(command), options...), io.Discard, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	return map[config.Command]func(context.Context, config.Config, io.Writer, *slog.Logger) (bool, error){
		config.Recount: app.Recount, config.Accept: app.Accept, config.ListWebhooks: app.ListWebhooks, config.RetryWebhooks: app.RetryWebhooks,
	}[c.Command](t.Context(), c, t.Output(), log)
}

// TestCommandsLogWhyRedisCannotBeReached runs them with the address of no Redis: the log has the words of the operating system, and
// what the Redis client says only at the level of debugging.
func TestCommandsLogWhyRedisCannotBeReached(t *testing.T) {
	for _, command := range besidesServers {
		log := &apptest.Journal{}
		if _, err := besides(t, apptest.TextLog(log), command, "--redis-url", "redis://127.0.0.1:1"); err == nil {
			t.Errorf("%s: no error", command)
		}
		if n := apptest.CountLines(log, `level=ERROR msg="Redis unreachable"`, "connection refused"); n != 1 {
			t.Errorf("%s: the cause is logged %d times:\n%s", command, n, log)
		}
		if apptest.CountLines(log, "redis client") != apptest.CountLines(log, "redis client", "level=DEBUG") {
			t.Errorf("%s: the Redis client's own lines are not those of debugging:\n%s", command, log)
		}
	}
}

// TestCommandsRefuseANamespaceThatNoServerHasUsed runs them with a name that is not spelled right: none says that all is well, and
// nothing is written.
func TestCommandsRefuseANamespaceThatNoServerHasUsed(t *testing.T) {
	t.Parallel()
	p := redistest.New(t)
	for _, command := range besidesServers {
		_, err := besides(t, slog.New(slog.DiscardHandler), command, "--redis-url", "redis://"+p.Addr(), "--namespace", "typo")
		if want := `--namespace: no server has used "typo" in this Redis: check the name, and the database in --redis-url`; err == nil || err.Error() != want {
			t.Errorf("%s: it says %v", command, err)
		}
		if keys := redistest.Do(t, p.Addr(), "DBSIZE"); keys != "0" {
			t.Errorf("%s: it has left %s keys", command, keys)
		}
	}
}
