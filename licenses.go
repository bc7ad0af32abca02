package main

import _ "embed"

// licenseTexts are the licenses of all that is part of the program, which goes nowhere
// without them. `make generate` writes them.
//
//go:embed THIRD_PARTY_LICENSES
var licenseTexts string
