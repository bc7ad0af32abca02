package bos

import (
	"encoding/json"
	"maps"
	"slices"
)

// SessionTemplate is a session template by its fields. A field is nil where BOS's record
// lacks it, has null there, or a value of another type: BOS checks a template when it is
// written, but keeps what older versions let pass.
type SessionTemplate struct {
	Name        string
	Tenant      *string
	Description *string
	EnableCFS   *bool
	CFS         *CFSParameters
	BootSets    []BootSet // ascending by name
}

// CFSParameters say which configuration CFS applies.
type CFSParameters struct {
	Configuration *string
}

// BootSet is a set of nodes and what they boot.
type BootSet struct {
	Name                      string
	Type                      *string
	Etag                      *string
	KernelParameters          *string
	Network                   *string
	NodeList                  []string
	NodeRolesGroups           []string
	NodeGroups                []string
	Path                      *string
	RootfsProvider            *string
	RootfsProviderPassthrough *string
	Arch                      *string
	CFS                       *CFSParameters
}

// TemplateFilter narrows a list of session templates; nil parts do not.
type TemplateFilter struct {
	Name   *string
	Tenant *string // "" for those without a tenant
}

// Match says whether the template of that key passes.
func (f TemplateFilter) Match(k TemplateKey) bool {
	return equal(f.Name, k.Name) && equal(f.Tenant, k.Tenant)
}

// Named is the template of a key of which nothing else was read.
func (k TemplateKey) Named() *SessionTemplate {
	t := &SessionTemplate{Name: k.Name}
	if k.Tenant != "" {
		t.Tenant = &k.Tenant
	}
	return t
}

// Fields reads BOS's record. Name and tenant are those of the key, under which BOS answers
// the template. BOS: api/openapi.yaml.in, V2SessionTemplate, V2BootSet.
func (t Template) Fields() *SessionTemplate {
	fields := fieldsOf(t.Record)
	s := t.Named()
	s.Description = field[string](fields, "description")
	s.EnableCFS = field[bool](fields, "enable_cfs")
	s.CFS = cfsOf(fields)
	sets := fieldsOf(fields["boot_sets"])
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		s.BootSets = append(s.BootSets, bootSetOf(name, fieldsOf(sets[name])))
	}
	return s
}

func bootSetOf(name string, fields map[string]json.RawMessage) BootSet {
	return BootSet{
		// A boot set may hold a name, too: sessions go by the one that it stands under.
		Name: name, Type: field[string](fields, "type"), Etag: field[string](fields, "etag"),
		KernelParameters: field[string](fields, "kernel_parameters"), Network: field[string](fields, "network"),
		NodeList: texts(fields, "node_list"), NodeRolesGroups: texts(fields, "node_roles_groups"), NodeGroups: texts(fields, "node_groups"),
		Path: field[string](fields, "path"), RootfsProvider: field[string](fields, "rootfs_provider"),
		RootfsProviderPassthrough: field[string](fields, "rootfs_provider_passthrough"),
		Arch:                      field[string](fields, "arch"), CFS: cfsOf(fields),
	}
}

func cfsOf(fields map[string]json.RawMessage) *CFSParameters {
	cfs := fieldsOf(fields["cfs"])
	if cfs == nil {
		return nil
	}
	return &CFSParameters{Configuration: field[string](cfs, "configuration")}
}

// fieldsOf are the fields of an object, by their names as they are written: decoding into
// a struct would also take names in another case. nil if it is no object.
func fieldsOf(text json.RawMessage) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return nil
	}
	return fields
}

// field is one field's value; nil if it is not there, null or of another type.
func field[T any](fields map[string]json.RawMessage, name string) *T {
	var value *T
	if json.Unmarshal(fields[name], &value) != nil {
		return nil
	}
	return value
}

// texts is a list of texts, and nil where field is nil. An empty list stays one.
func texts(fields map[string]json.RawMessage, name string) []string {
	if list := field[[]string](fields, name); list != nil {
		return *list
	}
	return nil
}
