package apptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// Main runs a package's tests, and removes what they shared:
//
//	func TestMain(m *testing.M) { apptest.Main(m) }
func Main(m *testing.M) {
	defer func() {
		if folder != "" {
			_ = os.RemoveAll(folder) // what is left lies in the folder for temporary files
		}
	}()
	redistest.Main(m)
}

// folder holds the command that build has built. These are package variables because a
// test process is all that TestMain and its tests have in common.
var folder string

// build builds the command once for all tests of the process: linking it takes seconds.
var build = sync.OnceValues(func() (path string, err error) {
	if path = os.Getenv(commandPath); path != "" {
		return path, nil
	}
	if folder, err = os.MkdirTemp("", "bosgraph-test-"); err != nil {
		return "", err
	}
	path = filepath.Join(folder, "bosgraph")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/bosgraph/bosgraph").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// Command returns the path of the command, built from this tree.
func Command(t *testing.T) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
