//go:build unix && !linux

package redistest

import "syscall"

// endWithParent has no means here: a test process that panics leaves its servers
// behind.
func endWithParent() *syscall.SysProcAttr { return nil }
