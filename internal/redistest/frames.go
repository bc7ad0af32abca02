package redistest

import (
	"bytes"
	"strconv"
)

// frames finds where the values of a Redis protocol stream end, in either
// direction and however the stream is cut into pieces: a command is an array of
// strings, or one line; an answer is any value.
type frames struct {
	line   []byte // the header line read so far
	body   int    // bytes left of a string, its line end included
	open   []int  // elements left of each array around, outermost first
	pushed bool   // the outermost value is a push, which answers nothing
}

// next reads at most one whole value from the start of b. It returns how many
// bytes it took and whether they end a value that is no push.
func (f *frames) next(b []byte) (n int, ended bool) {
	for n < len(b) {
		whole := false
		if f.body > 0 {
			take := min(f.body, len(b)-n)
			f.body -= take
			n += take
			whole = f.body == 0 && f.close()
		} else {
			end := bytes.IndexByte(b[n:], '\n')
			if end < 0 {
				f.line = append(f.line, b[n:]...)
				return len(b), false
			}
			f.line = append(f.line, b[n:n+end]...)
			n += end + 1
			whole = f.header() && f.close()
			f.line = f.line[:0]
		}
		if whole {
			pushed := f.pushed
			f.pushed = false
			return n, !pushed
		}
	}
	return n, false
}

// header reads a value's first line and says whether it is all of the value.
func (f *frames) header() bool {
	line := bytes.TrimSpace(f.line)
	if len(line) == 0 {
		return false // Redis passes over it, too
	}
	kind := line[0]
	size, _ := strconv.Atoi(string(line[1:])) // meant only for the kinds that have one
	if kind == '>' && len(f.open) == 0 {
		f.pushed = true
	}
	switch kind {
	case '$', '=', '!':
		if size >= 0 { // -1 is "no value"
			f.body = size + len("\r\n")
			return false
		}
	case '%':
		size *= 2
		fallthrough
	case '*', '~', '>':
		if size > 0 {
			f.open = append(f.open, size)
			return false
		}
	}
	return true
}

// close ends one value, and the arrays whose last element it was. It says
// whether it was the outermost.
func (f *frames) close() bool {
	for len(f.open) > 0 {
		last := len(f.open) - 1
		f.open[last]--
		if f.open[last] > 0 {
			return false
		}
		f.open = f.open[:last]
	}
	return true
}
