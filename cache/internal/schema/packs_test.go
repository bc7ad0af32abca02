package schema

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bosgraph/bosgraph/bos"
)

func TestAPackIsRead(t *testing.T) {
	want := []Packed{{ID: "x1", Wait: bos.WaitStart}, {ID: "x1!"}, {ID: "x2", Wait: bos.WaitOther}, {ID: "x3", Wait: bos.WaitOther}}
	if got := ParsePack("x1 1\nx1!\nx2 11\nx3 99"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestPacksAreOrderedByTheirFirstIDs compares texts as Redis does.
func TestPacksAreOrderedByTheirFirstIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching(`[!"#0x~é]{1,4}`)
		a, b := id.Draw(t, "id"), id.Draw(t, "first id of a pack")
		pack := b + rapid.SampledFrom([]string{"", " 3", "\n" + b + "~", " 3\n" + b + "~ 0"}).Draw(t, "rest")
		if below := pack < BehindPack(a); below != (b <= a) {
			t.Errorf("%q < %q is %v, and %q <= %q is not", pack, BehindPack(a), below, b, a)
		}
		if other := a + "\n"; strings.Compare(other, pack) != strings.Compare(a, b) && a != b {
			t.Errorf("%q and %q are not ordered as %q and %q are", other, pack, a, b)
		}
	})
}
