package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
)

// part is an event of a stream or a comment in it, which has neither name nor data; or
// the error that the stream has ended with.
type part struct {
	event, data string
	err         error
}

// maxPart is how long a part may be, in bytes: an error text can have 65,536
// characters, each of up to six bytes in JSON.
const maxPart = 8 << 20

var errTooLong = errors.New("the server has sent more than any status could be")

// read reads a stream of Server-Sent Events to its end, or to that of ctx.
func read(ctx context.Context, stream io.Reader, to chan<- part) {
	lines := bufio.NewReaderSize(stream, 64<<10)
	for {
		p := readPart(lines)
		select {
		case <-ctx.Done():
			return
		case to <- p:
		}
		if p.err != nil {
			return
		}
	}
}

// readPart reads up to the next empty line.
func readPart(lines *bufio.Reader) (p part) {
	var data []string
	for size := 0; ; {
		line, err := readLine(lines, maxPart-size)
		if err != nil {
			return part{err: err}
		}
		size += len(line)
		if line == "" {
			p.data = strings.Join(data, "\n")
			return p
		}
		name, value, _ := strings.Cut(line, ":")
		// One space is part of the format; more belong to the value.
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			p.event = value
		case "data":
			data = append(data, value)
		}
	}
}

// readLine reads a line of at most so many bytes, without its end.
func readLine(lines *bufio.Reader, most int) (string, error) {
	var line []byte
	for {
		piece, err := lines.ReadSlice('\n')
		line = append(line, piece...)
		switch {
		// Checked piece by piece: without a bound, a line without an end would fill the memory.
		case len(line) > most:
			return "", errTooLong
		case err == nil:
			return string(bytes.TrimRight(line, "\r\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		}
	}
}
