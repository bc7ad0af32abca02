//go:build !linux

package apptest

import "syscall"

// EndWithParent ends a server with its test process where the kernel can do so.
func EndWithParent() *syscall.SysProcAttr { return nil }
