package bos

import (
	"cmp"
	"encoding/json"
	"strings"
)

// TemplateKey is what BOS knows a session template by.
type TemplateKey struct {
	Tenant string // "" for none
	Name   string
}

// String is "tenant/name", which no other key has.
func (k TemplateKey) String() string { return k.Tenant + "/" + k.Name }

// Compare orders keys by name, then by tenant.
func (k TemplateKey) Compare(other TemplateKey) int {
	return cmp.Or(cmp.Compare(k.Name, other.Name), cmp.Compare(k.Tenant, other.Tenant))
}

// Check checks that there can be a template of that name and tenant: BOS's limits are
// those of sessions.
func (k TemplateKey) Check() error { return SessionKey(k).Check() }

// ParseTemplateKey reads what [TemplateKey.String] has written: a tenant's name has no slash.
func ParseTemplateKey(text string) TemplateKey {
	tenant, name, _ := strings.Cut(text, "/")
	return TemplateKey{Tenant: tenant, Name: name}
}

// Template is a session template as BOS has it.
type Template struct {
	TemplateKey
	Record json.RawMessage // BOS's own, a JSON object
}
