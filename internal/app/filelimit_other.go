//go:build !unix

package app

// fileLimit is not known where there is no such limit.
func fileLimit() uint64 { return 0 }
