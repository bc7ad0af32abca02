package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The limits of some options.
const (
	leastRetention  = time.Hour
	leastMemory     = 10_000_000 // bytes
	leastTick       = time.Millisecond
	mostTick        = 10 * time.Second
	leastMessage    = 1024    // bytes
	mostEmbedded    = 10_000  // components that the embedded Redis simulates well
	mostComponents  = 100_000 // components of the largest systems
	mostSpeed       = 1000
	leastInterval   = 100 * time.Millisecond
	mostInterval    = time.Hour
	mostConfirmTime = 24 * time.Hour
	leastPageSize   = 100
	mostPageSize    = 50_000
	leastConfirm    = 2
	mostConfirm     = 100
	mostReplicas    = 10
)

var (
	namespacePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	segmentPattern   = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
)

// check checks what the types alone can't, and brings the base path into form. Each message
// names the flag, the value where it is no secret, and what would be right.
func (c *Config) check() error {
	checks := []func() error{c.checkRedis, c.checkLog}
	switch c.Command {
	case Serve, Check:
		checks = append(checks, c.checkServer, c.checkBOS)
	case Demo:
		checks = append(checks, c.checkServer, c.checkSimulation)
	case TestWebhooks:
		checks = []func() error{c.checkLog}
	case Recount, Accept, ListWebhooks, RetryWebhooks:
		checks = append(checks, c.checkRecount)
	case Token: // by the rules of the file of tokens, when the line is made
		checks = nil
	case Watch:
		checks = []func() error{c.checkWatched, c.checkClient}
	case List:
		checks = []func() error{c.checkListed, c.checkClient}
	case Troubled:
		checks = []func() error{c.checkTroubles, c.checkClient}
	case Failed, Why, Node:
		checks = []func() error{c.checkClient}
	case Compare:
		checks = []func() error{c.checkCompared, c.checkClient}
	}
	for _, check := range checks { // one at a time: the first may explain the rest
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// normalBasePath gives a base path a slash in front and none behind.
func normalBasePath(path string) (string, error) {
	trimmed := strings.Trim(path, "/")
	if trimmed == "" {
		return "", nil
	}
	for segment := range strings.SplitSeq(trimmed, "/") {
		// Only what needs no escaping: the path is compared with those of requests as they are
		// written, and becomes part of the pages.
		if !segmentPattern.MatchString(segment) || segment == "." || segment == ".." {
			return "", fmt.Errorf("--base-path: %q is not a path to serve under: write it like /bos/graph, with letters, digits, '-', '_', '.' and '~' only", path)
		}
	}
	return "/" + trimmed, nil
}

// checkListen checks an address to listen on, which that flag gives; an empty host stands for all interfaces.
func checkListen(flag, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		// net.Listen takes names of services for ports, too. Refused here, a typing error is
		// not looked up as such a name.
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s: %q is not an address: write it like 127.0.0.1:8080, or :8080 for all interfaces", flag, address)
	}
	return nil
}

// checkServer checks what serve and demo have in common.
func (c *Config) checkServer() error {
	var err error
	if c.BasePath, err = normalBasePath(c.BasePath); err != nil {
		return err
	}
	switch {
	case c.Retention < leastRetention:
		return fmt.Errorf("--retention: %v is too short: keep snapshots for at least 1h", c.Retention)
	case c.DataDirMemory != 0 && c.DataDir == "":
		return errors.New("--data-dir-memory: this is for the redis-server of --data-dir: give that, too; another Redis has its own maxmemory")
	case c.DataDirMemory != 0 && c.DataDirMemory < leastMemory:
		return fmt.Errorf("--data-dir-memory: %d bytes are too few: use 0 for no limit, or at least %d, such as 2000000000", c.DataDirMemory, leastMemory)
	case c.ShutdownDelay < 0 || c.ShutdownDelay > 5*time.Minute:
		return fmt.Errorf("--shutdown-delay: %v is not from 0s to 5m: use a value such as 5s", c.ShutdownDelay)
	case c.ShutdownTimeout <= 0:
		return fmt.Errorf("--shutdown-timeout: %v leaves no time to stop: use more than 0, such as 10s", c.ShutdownTimeout)
	}
	if err := checkListen("--listen", c.Listen); err != nil {
		return err
	}
	if c.MetricsListen != "" {
		if err := checkListen("--metrics-listen", c.MetricsListen); err != nil {
			return err
		}
	}
	for _, check := range []func() error{c.checkCapacity, c.checkLive, c.checkAllowed, c.checkAccess} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	return c.Collector.check()
}

// checkCapacity refuses 0, which elsewhere often means "no limit": here nothing could be
// stored.
func (c *Config) checkCapacity() error {
	for _, bound := range []struct {
		flag  string
		value int
	}{
		{"--max-components", c.MaxComponents}, {"--max-sessions", c.MaxSessions}, {"--max-tenants", c.MaxTenants},
	} {
		if bound.value < 1 {
			return fmt.Errorf("%s: %d leaves room for nothing: use at least 1", bound.flag, bound.value)
		}
	}
	return nil
}

// checkLive checks the options of subscriptions.
func (c *Config) checkLive() error {
	switch {
	case c.Tick < leastTick || c.Tick > mostTick:
		return fmt.Errorf("--tick: %v is no tick: use %v to %v", c.Tick, leastTick, mostTick)
	case c.PingInterval < time.Second:
		return fmt.Errorf("--ping-interval: %v is too short: use at least 1s", c.PingInterval)
	case c.InitTimeout <= 0 || c.WriteDeadline <= 0:
		return errors.New("--init-timeout and --write-deadline: clients need some time: use more than 0, such as 10s")
	case c.MaxMessage < leastMessage:
		return fmt.Errorf("--max-message: %d bytes are too few for a query: use at least %d", c.MaxMessage, leastMessage)
	case c.MaxSubscriptions < 1 || c.MaxConnections < 1 || c.MaxConnectionsPerAddress < 1:
		return errors.New("--max-subscriptions, --max-connections and --max-connections-per-address have to be at least 1")
	}
	return nil
}

func (c *Config) checkLog() error {
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return fmt.Errorf("--log-format: %q is no format: use text or json", c.LogFormat)
	}
	return nil
}

// checkClient checks which server to ask. Its message does not show the URL, which may hold a
// password.
func (c *Config) checkClient() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("--server: this is not the URL of a server: write it like http://127.0.0.1:8080, or https://host/base/path; without a password, for which there is --token-file")
	case c.CA != "" && u.Scheme != "https":
		return errors.New("--ca-file: this is for TLS: use https:// in --server")
	case c.Patience < 0:
		return fmt.Errorf("--patience: %v is not a time to wait: use 0 or more, such as 1m", c.Patience)
	}
	return nil
}

func (c *Config) checkWatched() error {
	switch {
	case c.Session != "" && c.Latest:
		return errors.New("watch follows one session: give its name or --latest, not both")
	case c.Session == "" && !c.Latest:
		return errors.New("watch follows one session: give its name, or --latest")
	}
	return nil
}

func (c *Config) checkListed() error {
	if c.Listing.First < 1 || c.Listing.First > 1000 {
		return fmt.Errorf("--first: %d is not a number of sessions to list: use 1 to 1000", c.Listing.First)
	}
	return nil
}

func (c *Config) checkTroubles() error {
	switch t := c.Troubles; {
	case t.First < 1 || t.First > 1000:
		return fmt.Errorf("--first: %d is not a number of components to list: use 1 to 1000", t.First)
	case t.Days < 0 || t.Days > 36500:
		return fmt.Errorf("--days: %d is not a number of days: use 0 to 36500", t.Days)
	}
	return nil
}

// checkRecount refuses the embedded Redis: it is empty, and nothing could be wrong in it.
func (c *Config) checkRecount() error {
	if c.Embedded() {
		return fmt.Errorf("--redis-url: %s needs the Redis that the servers use, or their --data-dir", c.Command)
	}
	return nil
}

func (c *Config) checkRedis() error {
	// A namespace stands between braces in every key: one that has a brace in it would change
	// the slot that Redis Cluster computes.
	if !namespacePattern.MatchString(c.Namespace) {
		return fmt.Errorf("--namespace: %q is not a namespace: use 1 to 64 letters, digits, '-', '_' and '.'", c.Namespace)
	}
	if c.RedisWait < 0 || c.RedisWait > mostReplicas {
		return fmt.Errorf("--redis-wait: %d is not a number of replicas to wait for: use 0 to %d", c.RedisWait, mostReplicas)
	}
	if c.RedisURL != "" && c.DataDir != "" {
		return errors.New("--data-dir: the state is in the Redis of --redis-url already: give one of them only")
	}
	if c.RedisURL == "" {
		// Refused and not ignored: who sets one of these believes to have a Redis that keeps
		// the state.
		if c.RedisWait > 0 {
			return errors.New("--redis-wait: only a Redis of your own has replicas: give its --redis-url, too")
		}
		if c.RedisUser != "" || c.RedisPassword != "" || c.RedisCA != "" {
			return errors.New("--redis-user, --redis-password-file and --redis-ca-file are for a Redis of your own: give its --redis-url, too")
		}
		return nil
	}
	// The URL may hold a password: no message shows it.
	u, err := url.Parse(c.RedisURL)
	if err != nil {
		return errors.New("--redis-url: this is not a URL: write it like redis://localhost:6379/0, with further hosts of a cluster as ?addr=host:port")
	}
	switch u.Scheme {
	case "redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel":
		if u.Host == "" {
			return fmt.Errorf("--redis-url: the URL names no host: write it like %s://localhost:6379", u.Scheme)
		}
	case "unix":
		if u.Path == "" || u.Host != "" {
			return errors.New("--redis-url: the URL names no socket: write it like unix:///run/redis.sock")
		}
	default:
		return fmt.Errorf("--redis-url: the scheme %q is not known: use redis, rediss or unix, and +cluster or +sentinel behind the first two", u.Scheme)
	}
	_, password := u.User.Password()
	switch {
	case strings.HasSuffix(u.Scheme, "+sentinel") && u.Query().Get("master_name") == "":
		return errors.New("--redis-url: Sentinel has to know which master: add ?master_name=NAME to the URL")
	case c.RedisUser != "" && u.User.Username() != "":
		return errors.New("--redis-user: the URL names a user already: give one of them only")
	case c.RedisPassword != "" && password:
		return errors.New("--redis-password-file: the URL has a password already: take it out there, where others can see it")
	// The authorities would never be asked, and passwords go over the network in clear.
	case c.RedisCA != "" && !strings.HasPrefix(u.Scheme, "rediss"):
		return errors.New("--redis-ca-file: this is for TLS: use rediss://, or rediss+…, in --redis-url")
	}
	return nil
}

// checkCompared checks what BOS to compare with.
func (c *Config) checkCompared() error {
	if c.BOSURL == "" {
		return fmt.Errorf("--bos-url: %s needs the BOS to compare with: write it like https://api-gw-service-nmn.local/apis/bos", c.Command)
	}
	return c.checkServices()
}

// checkServices checks the addresses of BOS and TAPMS, and brings them into form.
func (c *Config) checkServices() error {
	c.BOSURL, c.TAPMSURL = strings.TrimRight(c.BOSURL, "/"), strings.TrimRight(c.TAPMSURL, "/")
	for _, u := range []struct{ flag, url, example string }{
		{"--bos-url", c.BOSURL, "https://api-gw-service-nmn.local/apis/bos"},
		{"--tapms-url", c.TAPMSURL, "https://api-gw-service-nmn.local/apis/tapms"},
	} {
		if u.url == "" {
			continue
		}
		// It may hold a password: no message shows it.
		parsed, err := url.Parse(u.url)
		if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.RawQuery != "" || parsed.Fragment != "" {
			return fmt.Errorf("%s: this is not the address of a service: write it like %s", u.flag, u.example)
		}
		if parsed.User != nil {
			return fmt.Errorf("%s: the address names a user: give a token with --bos-token-file instead", u.flag)
		}
	}
	// Otherwise each sweep would ask for /v2/v2, which BOS answers 404.
	if strings.HasSuffix(c.BOSURL, "/v2") {
		return errors.New("--bos-url: leave out /v2 at its end: it is appended")
	}
	return nil
}

// checkBOS checks what BOS to follow.
func (c *Config) checkBOS() error {
	if err := c.checkServices(); err != nil {
		return err
	}
	switch {
	// Otherwise a server whose --bos-url got lost would look as if it followed BOS.
	case c.BOSURL == "" && (c.BOSToken != "" || c.BOSCA != "" || c.TAPMSURL != "" || c.TenantsFile != ""):
		return errors.New("--bos-token-file, --bos-ca-file, --tapms-url and --tenants-file are for a BOS to follow: give its --bos-url, too")
	// Two sources would take turns in replacing each other's tenants.
	case c.TAPMSURL != "" && c.TenantsFile != "":
		return errors.New("--tenants-file: tenants come from --tapms-url already: give one of them only")
	case c.BOSInterval < leastInterval || c.BOSInterval > mostInterval:
		return fmt.Errorf("--bos-interval: %v is no interval: use %v to %v", c.BOSInterval, leastInterval, mostInterval)
	case c.BOSPageSize < leastPageSize || c.BOSPageSize > mostPageSize:
		return fmt.Errorf("--bos-page-size: %d is no size of a page: use %d to %d", c.BOSPageSize, leastPageSize, mostPageSize)
	case c.BOSConfirmSweeps < leastConfirm || c.BOSConfirmSweeps > mostConfirm:
		return fmt.Errorf("--bos-confirm-sweeps: %d is not a number of sweeps to confirm with: use %d to %d", c.BOSConfirmSweeps, leastConfirm, mostConfirm)
	case c.BOSConfirmTime < time.Second || c.BOSConfirmTime > mostConfirmTime:
		return fmt.Errorf("--bos-confirm-time: %v is not a time to confirm for: use 1s to %v", c.BOSConfirmTime, mostConfirmTime)
	case c.BOSTimeout < time.Second:
		return fmt.Errorf("--bos-timeout: %v is too short: use at least 1s", c.BOSTimeout)
	}
	return nil
}

// checkSimulation bounds the demo: a larger one needs a real Redis.
func (c *Config) checkSimulation() error {
	switch {
	case c.Components < 1 || c.Components > mostComponents:
		return fmt.Errorf("--components: %d can't be simulated: use 1 to %d, or up to %d with --redis-url or --data-dir", c.Components, mostEmbedded, mostComponents)
	case c.Components > mostEmbedded && c.Embedded():
		return fmt.Errorf("--components: %d is more than the embedded Redis is made for: give a --redis-url or a --data-dir, or use at most %d", c.Components, mostEmbedded)
	case !(c.Speed > 0 && c.Speed <= mostSpeed): // so that NaN is refused, too
		return fmt.Errorf("--speed: %v is not a speed: use more than 0 and at most %d", c.Speed, mostSpeed)
	}
	return nil
}
