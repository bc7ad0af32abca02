package main

import (
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/licenses"
)

// TestLicensesAreFresh collects the licenses again, as go.mod and web/package-lock.json
// have the program made now, and compares them with those that are embedded.
func TestLicensesAreFresh(t *testing.T) {
	want, err := licenses.Collect(".")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != licenseTexts {
		t.Errorf("%s is stale: run `make generate`", licenses.File)
	}
	for _, of := range []string{
		"\nbosgraph\n", "\nGo, its runtime and standard library\n", "\ngithub.com/99designs/gqlgen v", "\nreact 1", "\nmonaco-editor ",
		"Apache License", "Redistribution and use in source and binary forms",
	} {
		if !strings.Contains(licenseTexts, of) {
			t.Errorf("the licenses lack %q", of)
		}
	}
	if strings.Contains(licenseTexts, "rapid v") {
		t.Error("what only tests use is no part of the program")
	}
}
