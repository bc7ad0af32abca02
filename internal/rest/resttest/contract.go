// Package resttest checks answers of BOS's REST API against its description.
package resttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// Contract is the description of the API, safe for concurrent use.
type Contract struct {
	router  routers.Router
	problem *openapi3.Schema
}

// New is the description, for a test of this module, which runs somewhere below its root.
func New(t testing.TB) *Contract {
	t.Helper()
	c, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read reads the description, and validates it, once for all tests of the process: tests that poll ask
// for it every few milliseconds, and with the race detector that took more than all else they do.
var read = sync.OnceValues(func() (*Contract, error) {
	folder, err := root()
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(folder, "api", "bos-v2-read.openapi.yaml"))
	if err != nil {
		return nil, err
	}
	router, err := legacy.NewRouter(doc) // which validates it
	if err != nil {
		return nil, err
	}
	return &Contract{router, doc.Components.Schemas["Problem"].Value}, nil
})

// root is the folder with the module's go.mod.
func root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder, nil
		}
		above := filepath.Dir(folder)
		if above == folder {
			return "", errors.New("there is no go.mod above this test")
		}
		folder = above
	}
}

// Check checks an answer to a request. For an address or a method that the
// description has not got, only a problem will do.
func (c *Contract) Check(t testing.TB, r *http.Request, status int, header http.Header, body []byte) {
	t.Helper()
	r = r.Clone(r.Context())
	r.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery} // the description knows no hosts
	route, parameters, err := c.router.FindRoute(r)
	switch {
	case err != nil && status < http.StatusBadRequest:
		t.Errorf("%s %s is not described", r.Method, r.URL)
		return
	case err != nil:
		c.checkProblem(t, status, header, body)
		return
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(r.Context(), answer); err != nil {
		t.Errorf("%s %s: the answer is not as described: %v", r.Method, r.URL, err)
	}
}

func (c *Contract) checkProblem(t testing.TB, status int, header http.Header, body []byte) {
	t.Helper()
	var problem map[string]any
	if err := json.Unmarshal(body, &problem); err != nil {
		t.Errorf("%d, not a problem: %v", status, err)
		return
	}
	if err := c.problem.VisitJSON(problem); err != nil {
		t.Error(err)
	}
	if kind, _, err := mime.ParseMediaType(header.Get("Content-Type")); err != nil || kind != "application/problem+json" {
		t.Errorf("a problem of type %q, %v", kind, err)
	}
	if problem["status"] != float64(status) {
		t.Errorf("status %d with a problem of status %v", status, problem["status"])
	}
}
