package resttest

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

// Client reads a server as clients of BOS do. Every answer is checked against the
// API's description.
type Client struct {
	t        testing.TB
	base     string
	http     *http.Client
	contract *Contract
}

// NewClient makes a client of the server whose paths are below that URL.
func NewClient(t testing.TB, base string, client *http.Client) *Client {
	t.Helper()
	return &Client{t, base, client, New(t)}
}

// Read asks for a path on behalf of a tenant, "" for none.
func (c *Client) Read(method, path, tenant string) (status int, body []byte) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Cray-Tenant-Name", tenant)
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err = io.ReadAll(response.Body); err != nil {
		c.t.Fatal(err)
	}
	c.contract.Check(c.t, r, response.StatusCode, response.Header, body)
	return response.StatusCode, body
}

// Texts reads a list and returns one field of all its items.
func (c *Client) Texts(path, tenant, field string) []string {
	c.t.Helper()
	status, body := c.Read(http.MethodGet, path, tenant)
	var list []map[string]any
	if err := json.Unmarshal(body, &list); err != nil || status != http.StatusOK {
		c.t.Fatalf("%s: status %d, %v: %.1000s", path, status, err, body)
	}
	texts := []string{}
	for _, item := range list {
		texts = append(texts, item[field].(string))
	}
	return texts
}
