package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/bosgraph/bosgraph/internal/rest/compat"
)

// absentID is an id that no component has: there is no such cabinet.
const absentID = "x9999c7s7b7n7"

// plain matches ids and names that are written the same in a path and in a query.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$`)

// names finds what the requests can be about: the first of what BOS lists, with running
// and complete sessions before others.
func names(ctx context.Context, bos *side, tenant string) (compat.Names, error) {
	found := compat.Names{"absent": absentID}
	take := func(key, name string) bool {
		if found[key] != "" || !plain.MatchString(name) {
			return false
		}
		found[key] = name
		return true
	}
	var components []struct{ ID string }
	if err := list(ctx, bos, "/v2/components?page_size=100", &components); err != nil {
		return nil, err
	}
	for _, c := range components {
		if !take("component", c.ID) {
			take("other", c.ID)
		}
	}
	var sessions []struct {
		Name   string
		Tenant string
		Status struct{ Status string }
	}
	if err := list(ctx, bos, "/v2/sessions", &sessions); err != nil {
		return nil, err
	}
	// Twice: a running session is preferred, for its status has most in it. Any other will do.
	for _, pass := range []string{"running", ""} {
		for _, s := range sessions {
			switch {
			case s.Tenant != "": // not found without the tenant
			case s.Status.Status == "complete" && take("complete", s.Name):
			case pass == "" || s.Status.Status == pass:
				take("session", s.Name)
			}
		}
	}
	if tenant != "" {
		found["tenant"] = tenant
	}
	return found, nil
}

// list reads one of BOS's lists. Of its items only what is looked for is decoded.
func list(ctx context.Context, bos *side, path string, into any) error {
	body, err := bos.need(ctx, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("what BOS lists at %s can't be read: %w", path, err)
	}
	return nil
}
