package bossync

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// tenantHeader names the tenant on whose behalf BOS is asked.
const tenantHeader = "Cray-Tenant-Name"

// maxAnswer is how large an answer may be, in bytes: about 70,000 whole records. One that is
// larger is a failure, which makes pages smaller.
const maxAnswer = 128 << 20

// Service is a REST API to read: where it is, and how to be let in.
type Service struct {
	Name      string        // for messages
	URL       string        // the base of all paths, without a slash at its end
	TokenFile string        // file with a bearer token, read again for each request; empty for none
	TLS       *tls.Config   // nil for the system's certificate authorities
	Timeout   time.Duration // of one request with its answer
}

// client reads one service, one request at a time.
type client struct {
	Service
	http *http.Client
	most int64         // bytes of an answer
	busy time.Duration // that the service has taken since it was last set to 0
}

func newClient(s Service) *client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = s.TLS // a clone of the default transport: proxies and keep-alive as everywhere
	// Redirects are not followed: the token would go to any other port of the host, and BOS redirects only paths that are never asked for.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{Service: s, http: &http.Client{Transport: transport, CheckRedirect: stay}, most: maxAnswer}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// errMissing says that the service knows nothing of that name.
var errMissing = errors.New("not there")

// get reads the JSON at a path, on behalf of a tenant, "" for none. Its error is for
// users, and is errMissing for a 404.
func (c *client) get(ctx context.Context, path string, query url.Values, tenant string, read func(io.Reader) error) error {
	// Failures count as well: a BOS that times out was busy all the time, and needs the pause most.
	began := time.Now()
	defer func() { c.busy += time.Since(began) }()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := c.request(ctx, path, query, tenant)
	if err != nil {
		return err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return c.failed(path, reason(err), err)
	}
	defer response.Body.Close()
	switch {
	// A gateway without a route to BOS answers 404, too. Taken for BOS's own answer that would
	// confirm that everything was deleted.
	case response.StatusCode == http.StatusNotFound && isJSON(response):
		return errMissing
	case response.StatusCode == http.StatusNotFound:
		return c.failed(path, "it does not know this path: is this the right URL?", nil)
	case response.StatusCode == http.StatusUnauthorized, response.StatusCode == http.StatusForbidden:
		return c.failed(path, fmt.Sprintf("it refuses the token: %s", response.Status), nil)
	case response.StatusCode/100 == 3:
		return c.failed(path, fmt.Sprintf("it answered %s, a redirect: is this the right URL?", response.Status), nil)
	case response.StatusCode != http.StatusOK:
		return c.failed(path, "it answered "+response.Status, nil)
	}
	// A login page comes with 200. It is recognized here rather than by its first byte that is no
	// JSON, so that the message names the cause.
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return c.failed(path, "it answered something that is not JSON: is this the right URL?", nil)
	}
	// What the reader complains about is often only a consequence: of the limit, of a connection
	// that was cut, of the timeout. Users see the cause.
	body := &io.LimitedReader{R: response.Body, N: c.most}
	err = read(body)
	var known *bos.Error
	var tooLarge *http.MaxBytesError // of readers that accept less than others
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &tooLarge):
		return c.failed(path, fmt.Sprintf("its answer is larger than %d KiB", tooLarge.Limit>>10), nil)
	case body.N == 0:
		return c.failed(path, fmt.Sprintf("its answer is larger than %d MiB", c.most>>20), err)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return c.failed(path, "its answer is cut off", err)
	case ctx.Err() != nil || isNet(err):
		return c.failed(path, reason(err), err)
	}
	return c.failed(path, "its answer can't be read", err)
}

// discard reads an answer of which it only matters that it comes.
func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// isJSON says whether an answer, or a problem, comes from the service itself.
func isJSON(response *http.Response) bool {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return err == nil && (kind == "application/json" || kind == "application/problem+json")
}

func (c *client) request(ctx context.Context, path string, query url.Values, tenant string) (*http.Request, error) {
	target := c.URL + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if tenant != "" {
		r.Header.Set(tenantHeader, tenant)
	}
	if c.TokenFile != "" {
		// Kubernetes replaces the file before a token expires: one that was read at the start
		// would be refused an hour later.
		token, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return nil, c.failed(path, "the file with its token can't be read", err)
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	return r, nil
}

// failed is an error for users; what else is known of it is for the log.
func (c *client) failed(path, why string, err error) error {
	return &bos.Error{Code: bos.Unavailable, Message: fmt.Sprintf("%s, GET %s: %s", c.Name, path, why), Err: err}
}

// reason says why there is no answer, without addresses: clients of the API can read it.
func reason(err error) string {
	var timeout net.Error
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "it did not answer in time"
	case errors.As(err, &untrusted):
		return "its certificate is not to be trusted"
	}
	return "it can't be reached, or the connection broke"
}

func isNet(err error) bool {
	var e net.Error
	return errors.As(err, &e)
}
