package redisdb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// clientOptions reads the URL. Its errors never show the URL: it may hold a
// password.
func clientOptions(o Options) (*redis.UniversalOptions, error) {
	scheme, rest, ok := strings.Cut(o.URL, "://")
	if !ok {
		return nil, errors.New("the Redis URL has no scheme: write it as redis://host:6379")
	}
	// The client's own parsers know plain schemes only.
	base, kind, _ := strings.Cut(scheme, "+")
	u, err := parseURL(base+"://"+rest, kind)
	if err != nil {
		var syntax *url.Error
		if errors.As(err, &syntax) {
			err = syntax.Err
		}
		return nil, fmt.Errorf("the Redis URL can't be used: %w", err)
	}
	if o.User != "" {
		u.Username = o.User
	}
	if o.Password != "" {
		u.Password = o.Password
	}
	// Only where the URL asks for TLS: authorities alone do not turn it on.
	if o.TLS != nil && u.TLSConfig != nil {
		name := u.TLSConfig.ServerName
		u.TLSConfig = o.TLS.Clone() // the caller's stays as it is: it may use it for another server
		u.TLSConfig.ServerName = name
	}
	u.Dialer = o.Dialer
	if u.Password == "" {
		u.OnConnect = authenticated
	}
	// A write that is sent again carries the same write id, so retries are safe.
	u.MaxRetries = 2
	u.MinRetryBackoff, u.MaxRetryBackoff = 10*time.Millisecond, 100*time.Millisecond
	// An attempt dials so often, a tenth of a second apart: nobody notices a Redis that is back in a moment. With the five dials that
	// are the default, the time of an exchange is up before, and one that refuses connections would look like one that does not answer.
	u.DialerRetries = 3
	u.DialTimeout, u.ReadTimeout, u.WriteTimeout, u.PoolTimeout = o.Timeout, o.Timeout, o.Timeout, o.Timeout
	u.ContextTimeoutEnabled = true
	u.DisableIdentity = true // saves two commands a connection
	// Only managed services send them, and asking for them is a command more on each
	// connection.
	u.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return u, nil
}

// authenticated fails a new connection that has to log in, and has nothing to do so with.
// Redis closes such a connection in the midst of a longer command, and may lose the
// answer that says why.
func authenticated(ctx context.Context, conn *redis.Conn) error {
	if err := conn.Ping(ctx).Err(); redis.HasErrorPrefix(err, "NOAUTH") {
		return err
	}
	return nil
}

func parseURL(plain, kind string) (*redis.UniversalOptions, error) {
	switch kind {
	case "":
		c, err := redis.ParseURL(plain)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: []string{c.Addr}, DB: c.DB, Username: c.Username, Password: c.Password, TLSConfig: c.TLSConfig,
		}, nil
	case "cluster":
		c, err := redis.ParseClusterURL(plain)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: c.Addrs, IsClusterMode: true, Username: c.Username, Password: c.Password, TLSConfig: c.TLSConfig,
		}, nil
	case "sentinel":
		c, err := redis.ParseFailoverURL(plain)
		if err != nil {
			return nil, err
		}
		if c.MasterName == "" {
			return nil, errors.New("a sentinel URL needs ?master_name=")
		}
		return &redis.UniversalOptions{
			Addrs: c.SentinelAddrs, MasterName: c.MasterName, DB: c.DB, Username: c.Username, Password: c.Password,
			SentinelUsername: c.SentinelUsername, SentinelPassword: c.SentinelPassword, TLSConfig: c.TLSConfig,
		}, nil
	default:
		return nil, fmt.Errorf("a Redis is plain, +cluster or +sentinel, not +%s", kind)
	}
}
