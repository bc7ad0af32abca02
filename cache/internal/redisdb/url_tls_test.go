package redisdb

import (
	"crypto/tls"
	"testing"
	"time"
)

func TestTheCallersTLSConfigStaysAsItIs(t *testing.T) {
	shared := &tls.Config{MinVersion: tls.VersionTLS12}
	o, err := clientOptions(Options{URL: "rediss://redis.example:6379", TLS: shared, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if o.TLSConfig.ServerName != "redis.example" || o.TLSConfig.MinVersion != tls.VersionTLS12 {
		t.Errorf("the client's configuration is %+v", o.TLSConfig)
	}
	if shared.ServerName != "" {
		t.Errorf("the caller's configuration is for %q now", shared.ServerName)
	}
}
