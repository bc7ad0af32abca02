package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
)

// packedLicenses are the licenses of all that is part of the program, which is not
// distributed without them. `make generate` writes them. Compressed, they take half a
// megabyte less of every program.
//
//go:embed THIRD_PARTY_LICENSES.gz
var packedLicenses []byte

// printLicenses writes the licenses as they are in THIRD_PARTY_LICENSES.
func printLicenses(to io.Writer) error {
	text, err := gzip.NewReader(bytes.NewReader(packedLicenses))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, text)
	return err
}
