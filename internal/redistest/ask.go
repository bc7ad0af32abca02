package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Do sends one command to a server, over a connection of its own, and returns the answer.
// It fails the test on an error. The command may take long: a script that fills a server
// takes more than a second on a machine that has much to do.
func Do(t testing.TB, addr string, words ...string) string {
	t.Helper()
	answer, err := askWithin(patience, addr, words...)
	if err != nil {
		t.Fatalf("redistest: %q: %v", words, err)
	}
	return answer
}

// ask sends one command, words separated by blanks, over a connection of its own
// and returns the answer. It knows strings, numbers and errors.
func ask(addr, command string) (string, error) { return askWords(addr, strings.Fields(command)...) }

// askWords is ask for words that may have blanks. It waits for a second, for servers that are paused.
func askWords(addr string, words ...string) (string, error) {
	return askWithin(time.Second, addr, words...)
}

func askWithin(wait time.Duration, addr string, words ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, wire(words...)); err != nil {
		return "", err
	}
	return readAnswer(bufio.NewReader(conn), words)
}

// readAnswer reads the answer to a command.
func readAnswer(answer *bufio.Reader, words []string) (string, error) {
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
	return "", fmt.Errorf("redistest: %s: unexpected answer %q", strings.Join(words, " "), line)
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

// Pause is how long to wait before a condition is checked again that was first checked at began: a tenth of
// the time that it has taken, from 5 to 50 ms. Most conditions are requests, and asked all the time they
// would take the processors from what is waited for.
func Pause(began time.Time) <-chan time.Time {
	return time.After(min(max(time.Since(began)/10, 5*time.Millisecond), 50*time.Millisecond))
}

// until tries again and again until ok succeeds. It gives up with ok's last
// error after a while, or at once when stop is closed.
func until(within time.Duration, stop <-chan struct{}, ok func() error) error {
	began, deadline := time.Now(), time.NewTimer(within)
	defer deadline.Stop()
	for {
		err := ok()
		if err == nil {
			return nil
		}
		select {
		case <-Pause(began):
		case <-stop:
			return fmt.Errorf("it has ended: %w", err)
		case <-deadline.C:
			return fmt.Errorf("not within %s: %w", within, err)
		}
	}
}

// DoAs is Do as a user of the server's ACL.
func DoAs(t testing.TB, addr, user, password string, words ...string) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	answer := ""
	// Over one connection, which is what AUTH is for.
	for _, command := range [][]string{{"AUTH", user, password}, words} {
		if _, err := io.WriteString(conn, wire(command...)); err != nil {
			t.Fatal(err)
		}
		if answer, err = readAnswer(answers, command); err != nil {
			t.Fatalf("redistest: %q: %v", command, err)
		}
	}
	return answer
}

// Try is Do for what may fail, or not come back.
func Try(addr string, words ...string) (string, error) { return askWords(addr, words...) }
