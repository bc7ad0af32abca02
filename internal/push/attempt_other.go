//go:build !unix

package push

import "syscall"

// Elsewhere every write is left to a goroutine.
const canTry = false

type attempt struct{ do func(uintptr) bool }

func (*attempt) write(uintptr) bool { return true }

func (*attempt) now(syscall.RawConn, []byte) (int, error) { return 0, nil }
