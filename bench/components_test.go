package bench

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/bosgraph/bosgraph/bos"
)

// layout says which session each of the components is in.
type layout struct {
	sessions  int
	each      int  // components a session
	scattered bool // neighbours are in different sessions
}

func (l layout) session(i int) string {
	if l.scattered {
		return sessionName(i % l.sessions)
	}
	return sessionName(min(i/l.each, l.sessions-1))
}

func sessionName(i int) string { return fmt.Sprintf("reboot-compute-%05d", i) }

func (l layout) names() []string {
	names := make([]string, l.sessions)
	for i := range names {
		names[i] = sessionName(i)
	}
	return names
}

// xname is the name of component i, a node in a liquid-cooled cabinet.
func xname(i int) string {
	return fmt.Sprintf("x%dc%ds%db%dn%d", 1000+i/256, i/32%8, i/4%8, i/2%2, i%2)
}

// state is what a patch of a component's state sets.
type state struct {
	phase, override string
	failed, enabled bool
}

// cycle is what components go through, one step a round: some field changes with
// each step, from the last to the first, too. One in eight has an error.
var cycle = [...]state{
	{phase: "powering_off", enabled: true},
	{phase: "powering_on", enabled: true},
	{phase: "powering_on", override: "failed", failed: true},
	{phase: "powering_on", enabled: true},
	{phase: "configuring", enabled: true},
	{},
	{phase: "powering_off", override: "on_hold", enabled: true},
	{phase: "configuring", enabled: true},
}

// causes are why components fail.
var causes = [...]string{"no services have reported specific errors", "the node did not answer", "the image was not found",
	"configuration has failed", "the power controller is not reachable"}

// state is that of component i in a round. All sessions have components in several
// states in every round, so that none completes.
func (l layout) state(i, round int) (s state, failure string) {
	s = cycle[(i+i/l.sessions+round)%len(cycle)]
	if s.failed {
		failure = "The retry limit has been hit for this component, but " + causes[i%len(causes)]
	}
	return s, failure
}

// patch is a patch of a component's state: phase, override, error and enabled, in
// GraphQL's spelling.
func (l layout) patch(i, round int) []byte {
	s, failure := l.state(i, round)
	return fmt.Appendf(nil, `{"id":%q,"enabled":%t,"error":%q,"status":{"phase":%q,"statusOverride":%q}}`,
		xname(i), s.enabled, failure, s.phase, s.override)
}

// small is a record with a state and a session only.
func (l layout) small(i, round int) []byte {
	p := l.patch(i, round)
	return fmt.Appendf(p[:len(p)-1], `,"session":%q}`, l.session(i))
}

// whole is a record as BOS has it, with everything; every round changes the state,
// the token, the attempts and the times.
func (l layout) whole(i, round int) []byte {
	r := l.small(i, round)
	artifacts := fmt.Sprintf(`{"kernel":"%[1]s/kernel","initrd":"%[1]s/initrd","kernelParameters":"console=ttyS0,115200 ip=dhcp quiet `+
		`rd.neednet=1 rd.retry=10 root=sbps-s3:%[1]s/rootfs"}`, "s3://boot-images/"+uuid(i/l.each))
	token, at := uuid(i*1000+round), fmt.Sprintf("2026-11-22T%02d:%02d:%02dZ", round/3600%24, round/60%60, round%60)
	return fmt.Appendf(r[:len(r)-1], `,"retryPolicy":3`+
		`,"desiredState":{"bootArtifacts":%[1]s,"configuration":"compute-config-24.7.0","bssToken":%[2]q,"lastUpdated":%[3]q}`+
		`,"actualState":{"bootArtifacts":%[1]s,"bssToken":%[2]q,"lastUpdated":%[3]q}`+
		`,"stagedState":{"bootArtifacts":{"kernel":"","initrd":"","kernelParameters":""},"configuration":"","session":"","lastUpdated":%[3]q}`+
		`,"lastAction":{"action":"powering_on","failed":false,"lastUpdated":%[3]q}`+
		`,"eventStats":{"powerOnAttempts":%[4]d,"powerOffGracefulAttempts":1,"powerOffForcefulAttempts":0}}`,
		artifacts, token, at, round%3)
}

func uuid(n int) string { return fmt.Sprintf("c7088b58-7a38-4e3f-8d96-%012x", n) }

// patches are a batch of components as a store takes them, from the first on.
func patches(first int, component func(i int) []byte) (all []bos.ComponentPatch, err error) {
	// GraphQL's names differ from Go's in their case only, which is all the same to
	// encoding/json.
	err = json.Unmarshal(array(first, component), &all)
	return all, err
}

// array is a batch of components in JSON.
func array(first int, component func(i int) []byte) []byte {
	all := make([][]byte, batch)
	for i := range all {
		all[i] = component(first + i)
	}
	return fmt.Appendf(nil, "[%s]", bytes.Join(all, []byte(",")))
}
