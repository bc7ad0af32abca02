package cache

import (
	"crypto/rand"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

func TestAStoreFindsItsMasterBySentinel(t *testing.T) {
	master := redistest.SharedServer(t)
	sentinel := redistest.Sentinel(t, master)
	namespace := rand.Text()
	through, err := Open(Options{URL: "redis+sentinel://" + sentinel + "?master_name=main", Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	defer through.Close()
	if _, err := through.PutComponents(t.Context(), []bos.ComponentPatch{component("x1", "a")}); err != nil {
		t.Fatal(err)
	}
	direct, err := Open(Options{URL: "redis://" + master, Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	if found, err := direct.ReadComponents(t.Context(), []string{"x1"}, false); err != nil || found[0] == nil {
		t.Errorf("what went through Sentinel did not reach the master: %v, %v", found, err)
	}
}
