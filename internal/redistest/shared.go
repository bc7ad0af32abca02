package redistest

import (
	"sync"
	"testing"
)

// shared is what the tests of one process use together. It is a package variable
// because a test process is all that TestMain and its tests have in common.
var shared struct {
	sync.Mutex
	inMain  bool // between the start and the end of Main
	servers []*server
	cluster []*server
}

// Main runs a package's tests, and ends the servers that they shared:
//
//	func TestMain(m *testing.M) { redistest.Main(m) }
func Main(m *testing.M) {
	shared.Lock()
	shared.inMain = true
	shared.Unlock()
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		shared.inMain = false
		removeAll(shared.servers)
		removeAll(shared.cluster)
	}()
	m.Run() // the process exits with its result when TestMain returns
}

// SharedServer returns the address of a redis-server that all tests of the
// process use. The first call starts it; [Main] ends it.
func SharedServer(t testing.TB) string {
	t.Helper()
	return addrs(share(t, &shared.servers, func() ([]*server, error) {
		s, err := newServer()
		return []*server{s}, err
	}))[0]
}

// SharedCluster returns the addresses of a cluster as of [Cluster] that all tests
// of the process use. The first call starts it; [Main] ends it.
func SharedCluster(t testing.TB) []string {
	t.Helper()
	return addrs(share(t, &shared.cluster, func() ([]*server, error) { return newCluster() }))
}

// share returns what is in place, and starts it if nothing is.
func share(t testing.TB, place *[]*server, start func() ([]*server, error)) []*server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.inMain {
		t.Fatal("redistest: nothing would end a shared server: call redistest.Main from TestMain")
	}
	if *place == nil {
		started, err := start()
		if err != nil {
			t.Fatal(err)
		}
		*place = started
	}
	return *place
}
