package apptest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// The mutations that most tests set up their state with.
const (
	CreateSession = `mutation($in: CreateSessionInput!) { createSession(input: $in) {
		session { id name status { status revision } } userErrors { field message code } } }`
	UpdateSession = `mutation($in: UpdateSessionInput!) { updateSession(input: $in) {
		session { id status { status revision fromSnapshot timing { endTime } } } userErrors { field message code } } }`
	DeleteSession = `mutation($in: DeleteSessionInput!) { deleteSession(input: $in) {
		deletedId userErrors { field message code } } }`
	PutComponents = `mutation($in: [ComponentInput!]!) { putComponents(input: {components: $in}) {
		applied userErrors { field message code } } }`
	PatchComponents = `mutation($in: [ComponentPatch!]!) { patchComponents(input: {components: $in}) {
		applied userErrors { field message code } } }`
	DeleteComponents = `mutation($in: [ID!]!) { deleteComponents(input: {ids: $in}) {
		applied userErrors { field message code } } }`
	PutTenant = `mutation($name: String!, $in: [ID!]!) { putTenant(input: {name: $name, components: $in}) {
		owned userErrors { field message code } } }`
)

// Session creates a session that is still pending.
func (s *Site) Session(name string, more ...any) {
	s.T.Helper()
	in := Vars{"name": name, "operation": "BOOT", "templateName": "compute"}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	s.Must(CreateSession, Vars{"in": in})
}

// Update changes a session and returns what the mutation says of it.
func (s *Site) Update(name string, more ...any) any {
	s.T.Helper()
	in := Vars{"name": name}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	return s.Must(UpdateSession, Vars{"in": in}).At("updateSession.session")
}

// Put stores components, in calls of a size that the slowest stand-in copes with.
func (s *Site) Put(components ...Vars) {
	s.T.Helper()
	const batch = 1000
	for from := 0; from < len(components); from += batch {
		part := components[from:min(from+batch, len(components))]
		if n := s.Must(PutComponents, Vars{"in": part}).At("putComponents.applied"); n != float64(len(part)) {
			s.T.Fatalf("%v of %d components were applied", n, len(part))
		}
	}
}

// Powering is an enabled component of a session that is being powered on.
func Powering(id, session string) Vars {
	return Vars{"id": id, "enabled": true, "session": session, "status": Vars{"phase": "powering_on"}}
}

// Xname is the name of the i-th node of a system, in ascending order.
func Xname(i int) string { return fmt.Sprintf("x%04dc0s0b0n0", 1000+i) }

// Dump describes all that a namespace has in a Redis: every key with a digest of
// its value, but for the answers of writes, which go by themselves.
func Dump(t *testing.T, addr, namespace string) string {
	t.Helper()
	// As one script: between two commands, a server that runs could write.
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

// Everywhere runs a test on every backend.
func Everywhere(t *testing.T, test func(t *testing.T, s *Site)) {
	t.Helper()
	t.Parallel()
	for _, b := range Backends {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			test(t, Serve(t, b.URL(t)))
		})
	}
}

// Furnished is a server with a pending, a running and a complete session, and
// with components x1 and x2.
func Furnished(t *testing.T) *Site {
	t.Helper()
	s := ServeRedis(t)
	for _, name := range []string{"pending", "running", "complete"} {
		s.Session(name, "startTime", "2026-11-22T09:00:00Z")
	}
	s.Put(Powering("x1", "running"), Powering("x2", "running"))
	s.Update("running", "status", "RUNNING")
	s.Update("complete", "status", "COMPLETE", "endTime", "2026-11-22T09:30:00Z")
	return s
}

// Finished is a disabled component without a phase: it is not active any more.
func Finished(id string) Vars {
	return Vars{"id": id, "enabled": false, "status": Vars{"phase": ""}}
}

// Failing is a component that has failed, with a text of its own.
func Failing(id, session, text string) Vars {
	return Vars{"id": id, "enabled": true, "session": session, "error": text, "status": Vars{"phase": "powering_on"}}
}

// Refused is a request that is at fault, and how it is answered.
type Refused struct {
	Name  string
	Query string
	Vars  Vars
	Code  string // BAD_USER_INPUT if empty
}

// Check sends the request, and compares what Redis holds before and after.
func (r Refused) Check(t *testing.T, s *Site) {
	t.Helper()
	if r.Code == "" {
		r.Code = "BAD_USER_INPUT"
	}
	s = s.With(t)
	addr := redistest.SharedServer(t)
	// All of it, and not what the request would have written: a fault stores what nobody
	// thought of.
	before := Dump(t, addr, s.Namespace)
	got := s.Ask(r.Query, r.Vars)
	if codes := got.Codes(); len(codes) == 0 || slices.ContainsFunc(codes, func(c string) bool { return c != r.Code }) {
		t.Errorf("answered %v, want %s: %s", codes, r.Code, Clip(string(got.Body)))
	}
	if after := Dump(t, addr, s.Namespace); after != before {
		t.Errorf("something was stored:\nbefore:\n%s\nafter:\n%s", before, after)
	}
}
