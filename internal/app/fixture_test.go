package app

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The mutations that most tests set up their state with.
const (
	createSession = `mutation($in: CreateSessionInput!) { createSession(input: $in) {
		session { id name status { status revision } } userErrors { field message code } } }`
	updateSession = `mutation($in: UpdateSessionInput!) { updateSession(input: $in) {
		session { id status { status revision fromSnapshot timing { endTime } } } userErrors { field message code } } }`
	deleteSession = `mutation($in: DeleteSessionInput!) { deleteSession(input: $in) {
		deletedId userErrors { field message code } } }`
	putComponents = `mutation($in: [ComponentInput!]!) { putComponents(input: {components: $in}) {
		applied userErrors { field message code } } }`
	patchComponents = `mutation($in: [ComponentPatch!]!) { patchComponents(input: {components: $in}) {
		applied userErrors { field message code } } }`
	deleteComponents = `mutation($in: [ID!]!) { deleteComponents(input: {ids: $in}) {
		applied userErrors { field message code } } }`
	putTenant = `mutation($name: String!, $in: [ID!]!) { putTenant(input: {name: $name, components: $in}) {
		owned userErrors { field message code } } }`
)

// session creates a session that is still pending.
func (s *site) session(name string, more ...any) {
	s.t.Helper()
	in := vars{"name": name, "operation": "BOOT", "templateName": "compute"}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	s.must(createSession, vars{"in": in})
}

// update changes a session and returns what the mutation says of it.
func (s *site) update(name string, more ...any) any {
	s.t.Helper()
	in := vars{"name": name}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	return s.must(updateSession, vars{"in": in}).at("updateSession.session")
}

// put stores components, in calls of a size that the slowest stand-in copes with.
func (s *site) put(components ...vars) {
	s.t.Helper()
	const batch = 1000
	for from := 0; from < len(components); from += batch {
		part := components[from:min(from+batch, len(components))]
		if n := s.must(putComponents, vars{"in": part}).at("putComponents.applied"); n != float64(len(part)) {
			s.t.Fatalf("%v of %d components were applied", n, len(part))
		}
	}
}

// powering is an enabled component of a session that is being powered on.
func powering(id, session string) vars {
	return vars{"id": id, "enabled": true, "session": session, "status": vars{"phase": "powering_on"}}
}

// xname is the name of the i-th node of a system, in ascending order.
func xname(i int) string { return fmt.Sprintf("x%04dc0s0b0n0", 1000+i) }

// dump describes all that a namespace has in a Redis: every key with a digest of
// its value, but for the answers of writes, which go by themselves.
func dump(t *testing.T, addr, namespace string) string {
	t.Helper()
	const script = `
		local keys, all = redis.call('KEYS', ARGV[1] .. '*'), {}
		table.sort(keys)
		for _, k in ipairs(keys) do
			if string.sub(k, #ARGV[1] + 1, #ARGV[1] + 2) ~= 'w:' then
				all[#all + 1] = k .. ' ' .. redis.sha1hex(redis.call('DUMP', k))
			end
		end
		return table.concat(all, '\n')`
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var command strings.Builder
	words := []string{"EVAL", script, "0", "{" + namespace + "}:"}
	fmt.Fprintf(&command, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&command, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err := io.WriteString(conn, command.String()); err != nil {
		t.Fatal(err)
	}
	answer := bufio.NewReader(conn)
	header, err := answer.ReadString('\n')
	if err != nil || header[0] != '$' {
		t.Fatalf("the dump answered %q, %v", header, err)
	}
	size, err := strconv.Atoi(strings.TrimSpace(header[1:]))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]byte, size)
	if _, err := io.ReadFull(answer, all); err != nil {
		t.Fatal(err)
	}
	return string(all)
}
