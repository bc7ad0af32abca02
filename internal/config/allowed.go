package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// hostPattern is that of host names, those of container networks included. One that is
// not ASCII goes by its punycode, which is what browsers send.
var hostPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$`)

// maxHost is how many characters a host name may have, by RFC 1035.
const maxHost = 253

// checkAllowed checks which host names and origins are allowed.
func (c *Config) checkAllowed() error {
	for _, name := range c.AllowHosts {
		_, err := netip.ParseAddr(strings.Trim(name, "[]"))
		if name != "*" && err != nil && (len(name) > maxHost || !hostPattern.MatchString(name)) {
			return fmt.Errorf("--allow-host: %q is not a host name: write it like boot.example.com, without scheme, port or path, "+
				"names that are not ASCII as xn--…; or * alone, for every name", name)
		}
	}
	for _, origin := range c.AllowOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("--allow-origin: %q is no origin: write it as https://host or https://host:port", origin)
		}
	}
	for _, text := range c.TrustedProxies {
		if _, err := parseNetwork(text); err != nil {
			return fmt.Errorf("--trusted-proxies: %q is no network: write it like 10.32.0.0/12, or as one address, like 10.1.2.3", text)
		}
	}
	return nil
}

// Proxies are the networks of --trusted-proxies, which have been checked.
func (c *Config) Proxies() []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range c.TrustedProxies {
		if network, err := parseNetwork(text); err == nil {
			networks = append(networks, network)
		}
	}
	return networks
}

// parseNetwork reads a network, or an address alone.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return address.Prefix(address.BitLen())
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err
}
