package cache

import (
	"context"
	"crypto/rand"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestMain(m *testing.M) {
	wholeBatch = 2 // all tests are of batches
	redistest.Main(m)
}

// backends are what the conformance suite runs on. Real Redis is the judge, the
// cluster shows that all keys are in one slot, and miniredis is what serves
// without a Redis.
var backends = []struct {
	name string
	url  func(testing.TB) string
}{
	{"miniredis", func(t testing.TB) string { return "redis://" + redistest.Mini(t) }},
	{"redis", func(t testing.TB) string { return "redis://" + redistest.SharedServer(t) }},
	{"cluster", func(t testing.TB) string {
		a := redistest.SharedCluster(t)
		return "redis+cluster://" + a[0] + "?addr=" + strings.Join(a[1:], "&addr=")
	}},
}

// suite is one test on one backend, in a namespace of its own.
type suite struct {
	*testing.T
	ctx       context.Context
	store     *Store
	options   Options
	meanwhile *meanwhile // see after
}

// conform runs a test on every backend, and afterwards audits what it has left.
func conform(t *testing.T, test func(s *suite)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := &suite{T: t, ctx: t.Context(), options: Options{URL: b.url(t), Namespace: rand.Text(), Timeout: 20 * time.Second}}
			if b.name == "redis" {
				s.documented()
			}
			s.store = s.open(nil)
			test(s)
			s.audit()
			s.sweep()
		})
	}
}

// documented has the suite log in as the user that docs/operations.md shows: what a store does is done with its rights alone. What only tests
// do has a set of rights of its own, so that none of them adds to those.
func (s *suite) documented() {
	s.Helper()
	address := strings.TrimPrefix(s.options.URL, "redis://")
	own := []string{"CLIENT", "DUMP", "FLUSHALL", "HLEN", "KEYS", "PEXPIREAT", "PTTL", "RENAME", "SCRIPT|FLUSH", "TYPE", "UNLINK", "PUBSUB"}
	redistest.Do(s, address, slices.Concat([]string{"ACL", "SETUSER", s.options.Namespace, "on", ">secret"}, ACL(s.options.Namespace),
		[]string{"(~* &* +" + strings.ToLower(strings.Join(own, " +")) + ")"})...)
	s.options.User, s.options.Password = s.options.Namespace, "secret"
}

// sweep removes the namespace. A recount and a listing of keys look through all keys of a
// server, those of the tests before, too: with every test they would take longer.
func (s *suite) sweep() {
	s.Helper()
	for part := range slices.Chunk(s.allKeys(), 1000) {
		s.must(s.store.db.Client.Unlink(s.ctx, part...).Err())
	}
}

// long says whether tests are to take as long as it takes, as `make long` does.
func long() bool { return os.Getenv("TEST_BOSGRAPH_LONG") != "" }

// open opens another store on the same namespace, as another replica would.
func (s *suite) open(dialer func(ctx context.Context, network, addr string) (net.Conn, error)) *Store {
	s.Helper()
	o := s.options
	o.Dialer = dialer
	store, err := Open(o)
	s.must(err)
	s.Cleanup(func() { _ = store.Close() })
	return store
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// code fails unless err has that code.
func (s *suite) code(err error, want bos.Code) {
	s.Helper()
	if got := bos.CodeOf(err); got != want {
		s.Fatalf("got code %q (%v), want %q", got, err, want)
	}
}

func name(s string) bos.SessionKey { return bos.SessionKey{Name: s} }

func (s *suite) create(name string) *bos.Session {
	s.Helper()
	return s.createAs(bos.NewSession{SessionKey: bos.SessionKey{Name: name}})
}

func (s *suite) createAs(n bos.NewSession) *bos.Session {
	s.Helper()
	n.Operation, n.TemplateName = bos.OperationBoot, "compute"
	if n.Source == "" {
		n.Source = bos.SourceProducer
	}
	made, err := s.store.CreateSession(s.ctx, n)
	s.must(err)
	return made
}

func (s *suite) state(name string, to bos.State) {
	s.Helper()
	_, err := s.store.UpdateSession(s.ctx, bos.SessionKey{Name: name}, bos.SessionUpdate{State: &to})
	s.must(err)
}

// put stores records and fails if one is refused.
func (s *suite) put(components ...bos.ComponentPatch) {
	s.Helper()
	s.applied(len(components))(s.store.PutComponents(s.ctx, components))
}

func (s *suite) patch(patches ...bos.ComponentPatch) {
	s.Helper()
	s.applied(len(patches))(s.store.PatchComponents(s.ctx, patches))
}

func (s *suite) applied(want int) func(bos.BatchResult, error) {
	return func(r bos.BatchResult, err error) {
		s.Helper()
		s.must(err)
		if r.Applied != want || len(r.Refused) > 0 {
			s.Fatalf("applied %d, refused %v; want %d applied", r.Applied, r.Refused, want)
		}
	}
}

var everything = bos.Want{Details: true, Initial: true, Status: true, Groups: 1000, GroupCount: true, Epoch: true, Progress: true, Estimate: true, Statuses: true, Cabinets: true, PhaseTimes: true}

// read returns the newest session of a name, with everything; nil for none.
func (s *suite) read(key bos.SessionKey) *bos.Session {
	s.Helper()
	return s.readAs(bos.SessionRead{SessionKey: key, Want: everything})
}

func (s *suite) readAs(r bos.SessionRead) *bos.Session {
	s.Helper()
	found, err := s.store.ReadSessions(s.ctx, []bos.SessionRead{r})
	s.must(err)
	return found[0]
}

func (s *suite) status(name string) *bos.Status {
	s.Helper()
	found := s.read(bos.SessionKey{Name: name})
	if found == nil {
		s.Fatalf("there is no session %q", name)
	}
	return found.Status
}

// component is a record that is enabled and powering on in a session.
func component(id, session string) bos.ComponentPatch {
	return bos.ComponentPatch{
		ID: id, Enabled: new(true), Session: &session, Status: &bos.StatusPatch{Phase: new("powering_on")},
	}
}

// done is the patch by which BOS ends a component's boot.
func done(id string) bos.ComponentPatch {
	return bos.ComponentPatch{ID: id, Enabled: new(false), Status: &bos.StatusPatch{Phase: new("")}}
}

func failing(id, session, message string) bos.ComponentPatch {
	c := component(id, session)
	c.Error = &message
	return c
}

// dump returns all that the namespace holds, apart from the answers of writes.
func (s *suite) dump() map[string]string {
	s.Helper()
	all := map[string]string{}
	for _, key := range s.allKeys() {
		if strings.HasPrefix(key, string(s.store.db.Keys)+"w:") {
			continue
		}
		all[key] = s.value(key)
	}
	return all
}

func (s *suite) ids(list *bos.List[*bos.Component], err error) []string {
	s.Helper()
	s.must(err)
	ids := []string{}
	for _, c := range list.Items {
		ids = append(ids, c.ID)
	}
	return ids
}

func (s *suite) equal(got, want []string, what string) {
	s.Helper()
	if !slices.Equal(got, want) {
		s.Fatalf("%s: got %v, want %v", what, got, want)
	}
}
