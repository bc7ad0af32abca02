package main

import (
	"os"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/licenses"
)

// TestLicensesAreFresh collects the licenses again, as go.mod and web/package-lock.json
// have the program made now, and compares them with those that are embedded and with the
// file for readers.
func TestLicensesAreFresh(t *testing.T) {
	want, err := licenses.Collect(".")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := printLicenses(&b); err != nil {
		t.Fatal(err)
	}
	embedded := b.String()
	file, err := os.ReadFile(licenses.File)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != embedded || string(want) != string(file) {
		t.Errorf("%s is stale: run `make generate`", licenses.File)
	}
	for _, of := range []string{
		"\nbosgraph\n", "\nGo, its runtime and standard library\n", "\ngithub.com/99designs/gqlgen v", "\nreact 1", "\nmonaco-editor ",
		"Apache License", "Redistribution and use in source and binary forms",
	} {
		if !strings.Contains(embedded, of) {
			t.Errorf("the licenses lack %q", of)
		}
	}
	if strings.Contains(embedded, "rapid v") {
		t.Error("what only tests use is no part of the program")
	}
}
