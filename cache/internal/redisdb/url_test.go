package redisdb

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestURLsOfEveryKindOfRedis(t *testing.T) {
	for url, want := range map[string]struct {
		addrs   string
		cluster bool
		master  string
		db      int
		tls     bool
	}{
		"redis://h:1/3":                                 {addrs: "h:1", db: 3},
		"rediss://h:1":                                  {addrs: "h:1", tls: true},
		"unix:///run/redis.sock":                        {addrs: "/run/redis.sock"},
		"redis+cluster://h:1":                           {addrs: "h:1", cluster: true},
		"rediss+cluster://h:1?addr=i:2&addr=j:3":        {addrs: "h:1 i:2 j:3", cluster: true, tls: true},
		"redis+sentinel://h:1/2?master_name=m&addr=i:2": {addrs: "h:1 i:2", master: "m", db: 2},
		"rediss+sentinel://u:p@h:1?master_name=m":       {addrs: "h:1", master: "m", tls: true},
	} {
		o, err := clientOptions(Options{URL: url, User: "user", Password: "secret", Timeout: time.Second})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		slices.Sort(o.Addrs)
		if got := strings.Join(o.Addrs, " "); got != want.addrs || o.IsClusterMode != want.cluster || o.MasterName != want.master ||
			o.DB != want.db || (o.TLSConfig != nil) != want.tls || o.Username != "user" || o.Password != "secret" {
			t.Errorf("%s: got %+v", url, o)
		}
	}
	for _, url := range []string{
		"", "h:1", "http://h:1", "redis+ring://h:1", "redis+sentinel://h:1", "redis://:secret@h:port", "redis://:secret@h:1/db",
		"redis+cluster://:secret@h:1?nonsense=1", "redis://%zz:secret@h",
	} {
		_, err := Open(Options{URL: url, Namespace: "n"})
		if err == nil {
			t.Errorf("%q is a Redis URL", url)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error of a URL shows its password: %v", err)
		}
	}
}
