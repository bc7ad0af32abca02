package app

import "syscall"

// endWithParent has the kernel end a server whose test process is gone.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
