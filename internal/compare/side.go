package compare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/internal/client"
	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

const (
	requestTimeout = time.Minute // of one request with its answer
	maxAnswer      = 128 << 20   // bytes of one answer
)

// Side is one of the two services that are compared.
type Side struct {
	URL       string // the address that the paths of requests are appended to
	TokenFile string // file of a bearer token, read again for each request; empty for none
	CAFile    string // PEM file of the authorities to trust instead of the system's; empty for none
}

// side sends requests to one service.
type side struct {
	Side
	name string // for messages
	http *http.Client
	sent int // requests
}

// answer is what one side answers.
type answer struct {
	status int
	kind   string // content type
	body   []byte
	err    error // there is no answer
}

// newSide makes the client of one service. Nothing is sent yet.
func newSide(name string, s Side) (*side, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// A second connection at a time would be a second request at a time.
	transport.MaxConnsPerHost = 1
	if s.CAFile != "" {
		var err error
		if transport.TLSClientConfig, err = client.Trusting(s.CAFile); err != nil {
			return nil, fmt.Errorf("the certificate authorities of %s: %w", name, err)
		}
	}
	s.URL = strings.TrimRight(s.URL, "/")
	return &side{Side: s, name: name, http: &http.Client{
		Transport: readOnly{transport},
		Timeout:   requestTimeout,
		// Redirects are answers to compare; and the token stays with the service it is for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// readOnly lets nothing pass that could change something.
type readOnly struct{ *http.Transport }

// errWrites says that a request is not one of those that only read.
var errWrites = errors.New("only GET, HEAD and OPTIONS are sent")

// RoundTrip implements [http.RoundTripper].
func (t readOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return t.Transport.RoundTrip(r)
	}
	return nil, errWrites
}

// ask sends one request and reads its answer.
func (s *side) ask(ctx context.Context, r compat.Request) answer {
	s.sent++
	request, err := http.NewRequestWithContext(ctx, r.Method, s.URL+r.Path, nil)
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("User-Agent", "bosgraph compare")
	if s.TokenFile != "" {
		if err := client.Authorize(request, s.TokenFile); err != nil {
			return answer{err: err}
		}
	}
	for key, value := range r.Headers {
		request.Header.Set(key, value)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return answer{err: reason(err)}
	}
	defer response.Body.Close()
	// One byte more than allowed, to see that there is more.
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return answer{err: reason(err)}
	case len(body) > maxAnswer:
		return answer{err: fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)}
	}
	return answer{status: response.StatusCode, kind: response.Header.Get("Content-Type"), body: body}
}

// reason is an error of the network without the address, which is printed beside it.
func reason(err error) error {
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	if failed := (*net.OpError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}

// need asks for what the comparison can't begin without.
func (s *side) need(ctx context.Context, path string) ([]byte, error) {
	a := s.ask(ctx, compat.Request{Method: http.MethodGet, Path: path})
	switch {
	case a.err != nil:
		return nil, fmt.Errorf("%s at %s can't be reached: %w", s.name, s.URL, a.err)
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return nil, fmt.Errorf("%s at %s refuses access to %s with status %d: is the token right, and the host name allowed?", s.name, s.URL, path, a.status)
	case a.status != http.StatusOK || !isJSON(a.kind):
		return nil, fmt.Errorf("%s at %s answers %s with status %d and %q instead of JSON: is this the right URL?", s.name, s.URL, path, a.status, a.kind)
	}
	return a.body, nil
}
