package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// broken is a change that breaks a client: what it was, by its path in the schema.
type broken struct{ path, what string }

type differ struct{ all []broken }

func (d *differ) add(path, format string, args ...any) {
	d.all = append(d.all, broken{path, fmt.Sprintf(format, args...)})
}

// breaks lists what clients of the schema before can no longer rely on, in the order of names.
// Additions are none, as long as requests need not give them. New enum values and members of
// unions are additions, too: a client has to expect them of any GraphQL server.
func breaks(before, now *ast.Schema) []broken {
	var d differ
	for _, name := range slices.Sorted(maps.Keys(before.Types)) {
		old := before.Types[name]
		if old.BuiltIn {
			continue
		}
		if changed := now.Types[name]; changed == nil {
			d.add(name, "removed")
		} else if changed.Kind != old.Kind {
			d.add(name, "was %s, is %s", old.Kind, changed.Kind)
		} else {
			d.definition(old, changed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before.Directives)) {
		old, changed := before.Directives[name], now.Directives[name]
		if changed == nil {
			d.add("@"+name, "removed")
			continue
		}
		for _, location := range old.Locations {
			if !slices.Contains(changed.Locations, location) {
				d.add("@"+name, "no longer allowed on %s", location)
			}
		}
		d.arguments("@"+name, old.Arguments, changed.Arguments)
	}
	return d.all
}

func (d *differ) definition(old, changed *ast.Definition) {
	for _, name := range old.Interfaces {
		if !slices.Contains(changed.Interfaces, name) {
			d.add(old.Name, "no longer implements %s", name)
		}
	}
	for _, name := range old.Types { // of a union
		if !slices.Contains(changed.Types, name) {
			d.add(old.Name, "no longer has the member %s", name)
		}
	}
	for _, value := range old.EnumValues {
		if changed.EnumValues.ForName(value.Name) == nil {
			d.add(old.Name+"."+value.Name, "removed")
		}
	}
	input := old.Kind == ast.InputObject
	for _, field := range old.Fields {
		path := old.Name + "." + field.Name
		now := changed.Fields.ForName(field.Name)
		switch {
		case now == nil:
			d.add(path, "removed")
		case input:
			d.given(path, field.Type, now.Type, field.DefaultValue, now.DefaultValue)
		default:
			if !narrows(field.Type, now.Type) {
				d.add(path, "was %s, is %s", field.Type, now.Type)
			}
			d.arguments(path, field.Arguments, now.Arguments)
		}
	}
	for _, field := range changed.Fields {
		if input && old.Fields.ForName(field.Name) == nil && field.Type.NonNull && field.DefaultValue == nil {
			d.add(old.Name+"."+field.Name, "new and required")
		}
	}
}

func (d *differ) arguments(path string, before, now ast.ArgumentDefinitionList) {
	for _, old := range before {
		at := path + "(" + old.Name + ":)"
		if changed := now.ForName(old.Name); changed == nil {
			d.add(at, "removed")
		} else {
			d.given(at, old.Type, changed.Type, old.DefaultValue, changed.DefaultValue)
		}
	}
	for _, added := range now {
		if before.ForName(added.Name) == nil && added.Type.NonNull && added.DefaultValue == nil {
			d.add(path+"("+added.Name+":)", "new and required")
		}
	}
}

// given compares what clients give: an argument or a field of an input.
func (d *differ) given(path string, before, now *ast.Type, byDefault, nowByDefault *ast.Value) {
	// What has a default may be left out, whatever its type.
	optional := byDefault != nil && nowByDefault != nil
	if !narrows(now, before) && !(optional && narrows(nullable(now), nullable(before))) {
		d.add(path, "was %s, is %s", before, now)
	}
	if was, is := text(byDefault), text(nowByDefault); byDefault != nil && was != is {
		d.add(path, "default was %s, is %s", was, is)
	}
}

// narrows says whether each value of the type now is one of the type before: it may be
// required where it was nullable.
func narrows(before, now *ast.Type) bool {
	if before.NonNull && !now.NonNull || (before.Elem == nil) != (now.Elem == nil) {
		return false
	}
	if before.Elem != nil {
		return narrows(before.Elem, now.Elem)
	}
	return before.NamedType == now.NamedType
}

func nullable(t *ast.Type) *ast.Type {
	return &ast.Type{NamedType: t.NamedType, Elem: t.Elem}
}

func text(v *ast.Value) string {
	if v == nil {
		return "none"
	}
	return v.String()
}
