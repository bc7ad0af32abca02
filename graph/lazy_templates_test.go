package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache"
	"github.com/bosgraph/bosgraph/internal/apptest"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

// TestTemplatesAreReadLazily counts what templates cost: nothing where they are not selected,
// one read for all sessions of a list, and no records where names are enough.
func TestTemplatesAreReadLazily(t *testing.T) {
	t.Parallel()
	m := apptest.ServeMetered(t)
	for i := range 60 {
		m.Session(fmt.Sprintf("s%02d", i), "templateName", fmt.Sprintf("t%02d", i/2), "startTime", fmt.Sprintf("2026-11-01T00:%02d:00", i))
	}
	store, err := cache.Open(cache.Options{URL: "redis://" + redistest.SharedServer(t), Namespace: m.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var all []bos.Template
	for i := range 25 {
		key := bos.TemplateKey{Name: fmt.Sprintf("t%02d", i)}
		all = append(all, bos.Template{TemplateKey: key, Record: json.RawMessage(`{"description":"` + key.Name + `","boot_sets":{"a":{"node_list":["x1"]}}}`)})
	}
	if err := store.KeepTemplates(t.Context(), all, nil); err != nil {
		t.Fatal(err)
	}
	if err := store.KeepOptions(t.Context(), json.RawMessage(`{"polling_frequency":1}`)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, query string
		trips       int
		commands    int // that read templates or options
	}{
		{"not selected", `{ sessions(first: 60) { edges { node { templateName } } } }`, 2, 0},
		{"of a session", `{ session(name: "s00") { template { description } } }`, 2, 1},
		{"of two sessions", `{ a: session(name: "s00") { template { name } } b: session(name: "s10") { template { name } } }`, 2, 1},
		{"of a list, 30 of them", `{ sessions(first: 60) { edges { node { template { bootSets { nodeList } } } } } }`, 4, 31},        // their sizes first
		{"of a list under an alias", `{ sessions(first: 20) { edges { node { status { status } t: template { name } } } } }`, 4, 11}, // of ten of them
		{"names", `{ sessionTemplates { totalCount edges { node { __typename name tenant } } } }`, 1, 1},
		{"records", `{ sessionTemplates(first: 4) { edges { node { description } } } }`, 2, 2},
		{"records of many", `{ sessionTemplates { edges { node { description } } } }`, 3, 27},
		{"a total", `{ sessionTemplates { totalCount } }`, 1, 1},
		{"options", `{ bosOptions { pollingFrequency } }`, 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := m.Measure(t, test.query)
			commands := 0
			for _, c := range got.Commands {
				if slices.ContainsFunc(c, func(word string) bool {
					return word == got.Prefix+"tp" || word == got.Prefix+"op"
				}) {
					commands++
				}
			}
			if got.Trips != test.trips || commands != test.commands {
				t.Errorf("%d commands for templates, want %d, in %d round trips: %s", commands, test.commands, test.trips, got)
			}
		})
	}
}
