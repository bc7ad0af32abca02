//go:build unix

package app

import "syscall"

// fileLimit is how many files this process may have open; 0 if that is not known.
func fileLimit() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
