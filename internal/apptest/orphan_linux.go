package apptest

import "syscall"

// EndWithParent has the kernel end a server whose test process has ended.
func EndWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
