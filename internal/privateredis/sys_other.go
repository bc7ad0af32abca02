//go:build !linux

package privateredis

import (
	"errors"
	"os"
	"syscall"
)

func lock(*os.File) (bool, error) { return false, errors.New("--data-dir needs Linux") }

func attributes() *syscall.SysProcAttr { return nil }

func owner(os.FileInfo) int { return os.Geteuid() }
