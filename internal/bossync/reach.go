package bossync

import (
	"cmp"
	"context"
	"net/url"

	"github.com/bosgraph/bosgraph/bos"
)

// Reach reads from BOS what a sweep begins with, and returns why that fails. Its errors are for users; what they wrap is the
// cause.
func Reach(ctx context.Context, s Service) error {
	c := newClient(s)
	defer c.close()
	for _, path := range []string{sessionsPath, componentsPath} {
		if err := c.get(ctx, path, url.Values{"page_size": {"1"}}, "", discard); err != nil {
			return missing(err, c, path)
		}
	}
	return nil
}

// ReachTAPMS reads the tenants, and returns why that fails.
func ReachTAPMS(ctx context.Context, s Service) error {
	t := &tenants{tapms: newClient(s)}
	defer t.tapms.close()
	_, err := t.ask(ctx)
	return err
}

// ReachTenantsFile reads a file of tenants, and returns why that fails or a tenant could not be stored.
func ReachTenantsFile(file string) error {
	all, err := readTenants(file)
	for name := range all {
		err = cmp.Or(err, bos.CheckTenant(name))
	}
	return err
}
