package bossync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// tenantsPath is where TAPMS, the tenant and partition management system, lists its
// tenants, below its base. BOS reads the same: common/tenant_utils.py.
const tenantsPath = "/v1alpha3/tenants"

// tenants follows which components belong to which tenant: by TAPMS or by a file;
// with neither, that is left as it is.
type tenants struct {
	tapms *client // nil for none
	file  string  // empty for none

	stored map[string]uint64 // digest of what a tenant owns; 0 if what is stored is not known
}

// names are the tenants that this sync keeps, ascending.
func (t *tenants) names() []string {
	names := make([]string, 0, len(t.stored))
	for name := range t.stored {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// load begins with the tenants that the sync has kept until now.
func (t *tenants) load(names []string) {
	t.stored = map[string]uint64{}
	for _, name := range names {
		t.stored[name] = 0
	}
}

// follow stores what has changed. A problem is one of the source of tenants: they
// stay as they are, and BOS is followed all the same.
func (t *tenants) follow(ctx context.Context, store Store) (problem, err error) {
	var now map[string][]string
	switch {
	case t.tapms != nil:
		now, problem = t.ask(ctx)
	case t.file != "":
		now, problem = readTenants(t.file)
	default:
		return nil, nil
	}
	if problem != nil {
		return problem, nil
	}
	for name, ids := range now {
		slices.Sort(ids) // neither source has an order, and another order is no change
		digest := digestOf([]byte(strings.Join(ids, ",")))
		if t.stored[name] == digest {
			continue
		}
		// The digest is remembered only after the write: a tenant that could not be stored is tried
		// again in the next sweep.
		_, err := store.PutTenant(ctx, name, ids)
		if bos.CodeOf(err) == bos.Conflict { // there is no room for it: the others are followed
			problem = tenantProblem(name, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		t.stored[name] = digest
	}
	// A tenant that is missing is confirmed like a component: by its name. Of a file there is
	// nothing to confirm, as it is read as a whole or not at all.
	for name := range t.stored {
		if _, still := now[name]; still {
			continue
		}
		if t.tapms != nil {
			if problem := t.confirm(ctx, name); problem != nil {
				return problem, nil
			}
		}
		if _, err := store.PutTenant(ctx, name, nil); err != nil {
			return nil, err
		}
		delete(t.stored, name)
	}
	return problem, nil
}

func tenantProblem(name string, err error) error {
	return bos.Errorf(bos.Conflict, "what tenant %q owns can't be kept: %w", name, err)
}

// tenantRecord is TAPMS' record of a tenant. What a tenant owns is what TAPMS has
// brought about, not what was asked for. BOS: common/tenant_utils.py.
type tenantRecord struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Name string `json:"tenantname"`
	} `json:"spec"`
	Status struct {
		Resources []struct {
			Xnames []string `json:"xnames"`
		} `json:"tenantresources"`
	} `json:"status"`
}

// ask reads what TAPMS says.
func (t *tenants) ask(ctx context.Context) (map[string][]string, error) {
	var all []tenantRecord
	err := t.tapms.get(ctx, tenantsPath, nil, "", func(r io.Reader) (err error) {
		all, err = decodeTenants(r)
		return err
	})
	if err != nil {
		return nil, missing(err, t.tapms, tenantsPath)
	}
	owned := map[string][]string{}
	for _, record := range all {
		name := record.Metadata.Name
		if name == "" {
			name = record.Spec.Name
		}
		// Not skipped: what that tenant owns would count as nobody's, and the list may be of something
		// else altogether.
		if bos.CheckTenant(name) != nil {
			return nil, t.tapms.failed(tenantsPath, "a tenant has no name that can be one", nil)
		}
		ids := owned[name]
		for _, resource := range record.Status.Resources {
			ids = append(ids, resource.Xnames...)
		}
		owned[name] = ids
	}
	return owned, nil
}

// decodeTenants reads a list of tenants. TAPMS: its description has an array, its
// answer is Kubernetes' list with the array in it.
func decodeTenants(r io.Reader) ([]tenantRecord, error) {
	// As a whole, unlike BOS's lists: there are few tenants, and which form it is decides how to read it.
	d := jsontext.NewDecoder(r, lenient)
	raw, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	if raw.Kind() == '[' {
		var all []tenantRecord
		err := jsonv2.Unmarshal(raw, &all, lenient)
		return all, err
	}
	var list struct {
		Items *[]tenantRecord `json:"items"`
	}
	if err := jsonv2.Unmarshal(raw, &list, lenient); err != nil {
		return nil, err
	}
	// An object without items is an error message or another service. As an empty list it would take
	// all components from all tenants.
	if list.Items == nil {
		return nil, errors.New("it is no list of tenants")
	}
	return *list.Items, nil
}

// confirm asks TAPMS for a tenant that was not on its list.
func (t *tenants) confirm(ctx context.Context, name string) error {
	err := t.tapms.get(ctx, tenantsPath+"/"+url.PathEscape(name), nil, "", discard)
	switch {
	case errors.Is(err, errMissing):
		return nil
	case err == nil:
		return t.tapms.failed(tenantsPath, "it left out a tenant that it has", nil)
	}
	return err
}

// readTenants reads a file: an object with the ids of each tenant.
func readTenants(file string) (map[string][]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &bos.Error{Code: bos.Unavailable, Message: "the file of tenants can't be read", Err: err}
	}
	var owned map[string][]string
	if err := json.Unmarshal(text, &owned); err != nil {
		return nil, &bos.Error{
			Code: bos.Unavailable, Message: `the file of tenants is not as it should be: write it like {"blue": ["x1000c0s0b0n0"]}`, Err: fmt.Errorf("%s: %w", file, err),
		}
	}
	return owned, nil
}
