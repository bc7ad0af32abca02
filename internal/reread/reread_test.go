package reread

import (
	"os"
	"path/filepath"
	"testing"
)

// TestChanged shows when files have to be read again: once for each change, after two looks that
// have found the same.
func TestChanged(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert"), filepath.Join(folder, "key")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(cert, "a")
	write(key, "a")
	f := New(cert, key)
	look := func(what string, want bool) {
		t.Helper()
		if got := f.Changed(); got != want {
			t.Errorf("%s: changed is %v", what, got)
		}
	}
	look("nothing has changed", false)
	write(cert, "b")
	look("one has been replaced", false)
	write(key, "b")
	look("the other one, too", false)
	look("both stand still", true)
	look("they were read", false)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	look("one is missing", false)
	look("it stays away", true)
	look("that is known", false)
	write(key, "c")
	look("it is back", false)
	look("it stands still", true)
}
