package cache

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
)

// unavailable are the beginnings of Redis' own errors that mean "not now".
var unavailable = []string{
	"LOADING", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "TRYAGAIN", "NOREPLICAS", "MOVED", "ASK", "BUSY", "OOM", "MISCONF",
	"ERR max number of clients",
}

// explain makes an error of Redis into one for users where it is about Redis
// being away; all others are internal.
func explain(err error) error {
	var known *bos.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var netErr net.Error
	away := errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrClosed) ||
		errors.Is(err, net.ErrClosed)
	for _, prefix := range unavailable {
		away = away || strings.HasPrefix(err.Error(), prefix)
	}
	if strings.HasPrefix(err.Error(), "redis: all sentinels") || strings.Contains(err.Error(), "cluster has no nodes") {
		away = true
	}
	if !away {
		return err
	}
	return &bos.Error{
		Code:    bos.Unavailable,
		Message: "Redis does not answer: try again in a moment; a change that was sent may be sent again",
		Err:     err,
	}
}
