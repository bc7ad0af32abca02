// Package client asks a running bosgraph server over GraphQL, and follows what it
// shows over Server-Sent Events: these need nothing but HTTP, and pass every proxy.
//
// Servers come and go, and connections break. So whatever fails in a way that may
// pass is tried again, until the server has been out of reach for as long as the
// patience goes.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Options say which server to ask, and how.
type Options struct {
	Server    string        // base URL, to which /graphql is appended
	CAFile    string        // PEM file of the authorities to trust instead of the system's; empty for none
	TokenFile string        // file of a bearer token; empty for none
	Patience  time.Duration // how long the server may be out of reach
}

// Client is one of a bosgraph server.
type Client struct {
	o    Options
	url  string
	http *http.Client
}

// How long the network may take for what is usually quick.
const (
	dialTimeout  = 10 * time.Second
	readyTimeout = 30 * time.Second // until an answer begins
	queryTimeout = time.Minute      // until it has ended
)

// New makes a Client. Nothing is asked yet.
func New(o Options) (*Client, error) {
	endpoint, err := url.JoinPath(o.Server, "graphql")
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: readyTimeout,
		ForceAttemptHTTP2:     true,
	}
	if o.CAFile != "" {
		var err error
		if transport.TLSClientConfig, err = Trusting(o.CAFile); err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
	}
	return &Client{o: o, url: endpoint, http: &http.Client{Transport: transport}}, nil
}

// Close closes connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// request is an operation as it goes over the wire.
type request struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
	tenant    string         // to ask on behalf of; "" for all that the token may see
}

// variablesOf are those of an operation that name a session.
func variablesOf(s bos.SessionKey) map[string]any {
	v := map[string]any{"name": s.Name}
	if s.Tenant != "" {
		v["tenant"] = s.Tenant
	}
	return v
}

// TenantHeader names the tenant on whose behalf a request is sent, as in BOS.
const TenantHeader = "Cray-Tenant-Name"

const (
	typeEvents = "text/event-stream"
	typeJSON   = "application/json"
)

// send sends an operation. What is answered is of the type wanted: anything else is
// an error.
func (c *Client) send(ctx context.Context, want string, operation request) (*http.Response, error) {
	body, err := json.Marshal(operation)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", typeJSON)
	r.Header.Set("Accept", want)
	if operation.tenant != "" {
		r.Header.Set(TenantHeader, operation.tenant)
	}
	if c.o.TokenFile != "" {
		if err := Authorize(r, c.o.TokenFile); err != nil {
			return nil, &Refusal{Message: "--token-file: " + err.Error()}
		}
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.unanswered(err)
	}
	if got, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); answer.StatusCode/100 == 2 && got == want {
		return answer, nil
	}
	defer answer.Body.Close()
	return nil, c.refused(answer)
}

// unanswered is the error of a request that got no answer. What the options have wrong is a refusal: it
// does not pass.
func (c *Client) unanswered(err error) error {
	short := brief(err)
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return &Refusal{Message: fmt.Sprintf("%s: %v: give its authority with --ca-file", c.o.Server, short)}
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return &Refusal{Message: fmt.Sprintf("%s: %v", c.o.Server, short)}
	case errors.Is(err, http.ErrSchemeMismatch):
		return &Refusal{Message: fmt.Sprintf("%s: %v: use http://", c.o.Server, short)}
	}
	return short
}

// brief is an error of the network without the address, which its readers know.
func brief(err error) error {
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	if failed := (*net.OpError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}

// maxProblem is how much of an answer is read that is not the one wanted, in bytes.
const maxProblem = 64 << 10

// refused says why an answer is not the one wanted.
func (c *Client) refused(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxProblem)) // what came will do
	var problem result[any]
	if err := json.Unmarshal(text, &problem); err == nil && len(problem.Errors) > 0 {
		return problem.err()
	}
	switch answer.StatusCode {
	case http.StatusNotFound, http.StatusMethodNotAllowed: // the second is that of pages, bosgraph's own too
		return &Refusal{Message: "there is no bosgraph at " + c.o.Server + ": is the base path right?"}
	case http.StatusBadRequest: // as servers of TLS answer what is not TLS
		if strings.HasPrefix(c.url, "http:") {
			return &Refusal{Message: c.o.Server + ": the answer is " + answer.Status + ": does the server want https://?"}
		}
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return errors.New("the answer is " + answer.Status)
	}
	if answer.StatusCode >= 500 {
		return errors.New("the answer is " + answer.Status)
	}
	return &Refusal{Message: "the answer is " + answer.Status + ", which is not bosgraph's"}
}

// query asks once, and returns the data of the answer.
func query[T any](ctx context.Context, c *Client, operation request) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var r result[T]
	answer, err := c.send(ctx, typeJSON, operation)
	if err != nil {
		return r.Data, err
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil {
		return r.Data, err
	}
	return r.Data, r.err()
}

// result is that of an operation, with data of type T.
type result[T any] struct {
	Data   T
	Errors []struct {
		Message    string
		Extensions struct{ Code bos.Code }
	}
}

// err is the first error of a result.
func (r *result[T]) err() error {
	if len(r.Errors) == 0 {
		return nil
	}
	first := r.Errors[0]
	switch first.Extensions.Code {
	case bos.Unavailable, bos.Internal, bos.Conflict:
		return errors.New(first.Message)
	}
	return refusal(first.Extensions.Code, first.Message)
}
