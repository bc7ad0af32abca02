package redistest

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// Losses drops packets to and from a server, by the kernel: below TCP, where no proxy reaches.
type Losses struct {
	t     testing.TB
	rules [][]string
}

// DropRule is the command that drops a share of the packets of a port of loopback, in one direction: "--dport" or "--sport".
func DropRule(direction, port string, share float64) []string {
	return []string{
		"iptables", "-w", "-A", "INPUT", "-i", "lo", "-p", "tcp", direction, port,
		"-m", "statistic", "--mode", "random", "--probability", fmt.Sprint(share), "-j", "DROP",
	}
}

// LosePackets drops that share of the packets in either direction until it is healed, or the test ends. It has iptables do so, which
// takes root, and is meant for a network of the test's own.
func LosePackets(t testing.TB, addr string, share float64) *Losses {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	l := &Losses{t: t}
	t.Cleanup(l.Heal)
	for _, direction := range []string{"--dport", "--sport"} {
		rule := DropRule(direction, port, share)
		l.run(rule)
		l.rules = append(l.rules, rule)
	}
	return l
}

// Count is how many packets have been dropped.
func (l *Losses) Count() (dropped int) {
	l.t.Helper()
	for line := range strings.Lines(l.run([]string{"iptables", "-w", "-nvxL", "INPUT"})) {
		var n int
		if _, err := fmt.Sscan(line, &n); err == nil { // the headings begin with no number
			dropped += n
		}
	}
	return dropped
}

// Heal removes the rules, and no others.
func (l *Losses) Heal() {
	l.t.Helper()
	for _, rule := range l.rules {
		remove := append([]string{}, rule...)
		remove[2] = "-D"
		l.run(remove)
	}
	l.rules = nil
}

func (l *Losses) run(command []string) string {
	l.t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		l.t.Fatalf("redistest: %s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}
