package privateredis

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock on an open file for as long as it, or a copy of it that another process
// has inherited, is open. It returns false if somebody has it.
func lock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// attributes have the kernel ask redis-server to end when this process has been killed. A group
// of its own keeps Ctrl-C on a terminal from reaching it: it has to outlive the requests under way.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// owner is the user whom a file belongs to.
func owner(info os.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
