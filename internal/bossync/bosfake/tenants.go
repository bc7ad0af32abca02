package bosfake

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// PutTenant adds a tenant to TAPMS, or replaces what it owns.
func (b *BOS) PutTenant(name string, xnames ...string) {
	resources := []Record{{"type": "compute", "xnames": append([]string{}, xnames...), "hsmgrouplabel": name, "enforceexclusivehsmgroups": true}}
	b.PutTenantRecord(name, Record{
		"apiVersion": tapms, "kind": "Tenant", "metadata": Record{"name": name, "namespace": "tenants"},
		"spec":   Record{"tenantname": name, "state": "Deployed", "childnamespaces": []string{}, "tenantresources": resources},
		"status": Record{"tenantresources": resources, "childnamespaces": []string{}},
	})
}

const tapms = "tapms.hpe.com/v1alpha3"

// PutTenantRecord adds a tenant to TAPMS as a whole record.
func (b *BOS) PutTenantRecord(name string, r Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tenants[name] = encode(r)
}

// DeleteTenant removes a tenant.
func (b *BOS) DeleteTenant(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tenants, name)
}

// tenantOf is the tenant on whose behalf BOS is asked, "" for nobody in particular.
func tenantOf(r *http.Request) string { return r.Header.Get("Cray-Tenant-Name") }

// owns says what the tenant of a request owns, if it is known. It is nil for no tenant.
func (b *BOS) owns(r *http.Request) (owns func(id string) bool, known bool) {
	return b.ownedBy(tenantOf(r))
}

// ownedBy asks TAPMS, as BOS does.
func (b *BOS) ownedBy(tenant string) (owns func(id string) bool, known bool) {
	if tenant == "" {
		return nil, true
	}
	text, known := b.tenants[tenant]
	var record struct {
		Status struct{ TenantResources []struct{ Xnames []string } }
	}
	_ = json.Unmarshal(text, &record)
	owned := map[string]bool{}
	for _, resource := range record.Status.TenantResources {
		for _, id := range resource.Xnames {
			owned[id] = true
		}
	}
	return func(id string) bool { return owned[id] }, known
}

func unknownTenant(r *http.Request) answer {
	return problem(http.StatusBadRequest, "Invalid tenant", "Data not found for tenant %s", tenantOf(r))
}

// getTenants answers as TAPMS does, with an object; its published description has an
// array instead.
func (b *BOS) getTenants(_ *http.Request, fault *Fault) answer {
	items := []json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(b.tenants)) {
		if !fault.lacks(name) {
			items = append(items, b.tenants[name])
		}
	}
	return object(encode(Record{"apiVersion": tapms, "kind": "TenantList", "metadata": Record{"resourceVersion": "1"}, "items": items}))
}

func (b *BOS) getTenant(r *http.Request, _ *Fault) answer {
	name := r.PathValue("id")
	if tenant := b.tenants[name]; tenant != nil {
		return object(tenant)
	}
	return text(http.StatusNotFound, "application/json", string(encode(fmt.Sprintf("Tenant with name/uuid '%s' not found.", name))))
}
