package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// ask sends one command, words separated by blanks, over a connection of its own
// and returns the answer. It knows strings, numbers and errors.
func ask(addr, command string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, wire(strings.Fields(command)...)); err != nil {
		return "", err
	}
	answer := bufio.NewReader(conn)
	line, err := answer.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	switch kind {
	case '+', ':':
		return rest, nil
	case '-':
		return "", errors.New(rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return "", err // -1 is "no value"
		}
		body := make([]byte, n)
		_, err = io.ReadFull(answer, body)
		return string(body), err
	}
	return "", fmt.Errorf("redistest: %s: unexpected answer %q", command, line)
}

// wire is a command as clients write it.
func wire(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}

// until tries again and again until ok succeeds. It gives up with ok's last
// error after a while, or at once when stop is closed.
func until(within time.Duration, stop <-chan struct{}, ok func() error) error {
	pulse := time.NewTicker(5 * time.Millisecond)
	defer pulse.Stop()
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-pulse.C:
		case <-stop:
			return fmt.Errorf("it has ended: %w", err)
		case <-deadline.C:
			return fmt.Errorf("not within %s: %w", within, err)
		}
	}
}
