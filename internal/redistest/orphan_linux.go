package redistest

import "syscall"

// endWithParent has the kernel end a server whose test process has ended: one that
// panics or runs into its time limit does not clean up.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
