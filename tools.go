//go:build tools

// Package main names here, beside go.mod's tool directives, the programs that
// building bosgraph takes. The directives are what `go tool` runs; a test keeps
// both in agreement.
package main

import (
	_ "github.com/99designs/gqlgen"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
