package config

import (
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

const day = 24 * time.Hour

// decodeDays is kong's decoder for durations that may begin with days.
func decodeDays(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := parseDays(text)
	if err != nil {
		return err
	}
	target.SetInt(int64(d))
	return nil
}

// decodeLower is kong's decoder for words in any case: states are printed in upper case.
func decodeLower(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("word", &text); err != nil {
		return err
	}
	target.SetString(strings.ToLower(text))
	return nil
}

// parseDays refuses 0, too: without --valid a token has no end, so 0 would be the opposite of what was asked for.
func parseDays(text string) (time.Duration, error) {
	count, rest, found := strings.Cut(text, "d")
	if !found {
		count, rest = "0", text
	}
	days, err := strconv.ParseUint(count, 10, 32)
	var d time.Duration
	if err == nil && (rest != "" || !found) {
		d, err = time.ParseDuration(rest)
	}
	if err != nil || d < 0 || d == 0 && days == 0 || days > uint64((math.MaxInt64-d)/day) {
		return 0, fmt.Errorf("%q is not a duration: write it like 90d, 36h or 1d12h", text)
	}
	return time.Duration(days)*day + d, nil
}

// switches decodes options that are on or off. An empty variable is off: that is what a compose file leaves of one
// that it hands on and nobody has set.
type switches struct{ kong.Mapper }

// IsBool is true: such a flag takes no value.
func (switches) IsBool() bool { return true }

// Decode implements [kong.Mapper].
func (s switches) Decode(ctx *kong.DecodeContext, target reflect.Value) error {
	if token := ctx.Scan.Peek(); token.Type == kong.FlagValueToken && token.Value == "" {
		ctx.Scan.Pop()
		target.SetBool(false)
		return nil
	}
	return s.Mapper.Decode(ctx, target)
}

// decodeLevel is kong's decoder for log levels. slog's own names have forms that
// nobody needs here, such as INFO+2.
func decodeLevel(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("level", &text); err != nil {
		return err
	}
	switch text {
	case "debug", "info", "warn", "error":
		var level slog.Level
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		target.SetInt(int64(level))
		return nil
	}
	return fmt.Errorf("%q is not a log level: use debug, info, warn or error", text)
}
