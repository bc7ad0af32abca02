package bos

import (
	"fmt"
	"testing"
)

func TestCabinetOf(t *testing.T) {
	for id, want := range map[string]string{
		"x3000c0s13b0n0": "x3000", "x0c0s0b0n0": "x0", "x999999c7s63b1n1": "x999999", "x1c123456s0b0n0": "x1",
		// As in web/src/machine/layout.test.ts.
		"": OtherCabinet, "x": OtherCabinet, "nid000001": OtherCabinet, "x3000": OtherCabinet, "x3000c0s13b0": OtherCabinet,
		"x3000c0s13b0n0 ": OtherCabinet, "x03000c0s13b0n0": OtherCabinet, "x3000c0s13b0n00": OtherCabinet, "x1000000c0s0b0n0": OtherCabinet,
		"X3000c0s13b0n0": OtherCabinet, "x3000c0s13b0n0n0": OtherCabinet, "x3000c-1s0b0n0": OtherCabinet, "x3000c0s13b0n٣": OtherCabinet,
	} {
		if got := CabinetOf(id); got != want {
			t.Errorf("%q is in %q, want %q", id, got, want)
		}
	}
}

func TestCabinetsAreInTheOrderOfTheirNumbers(t *testing.T) {
	all := []CabinetCounts{{Cabinet: OtherCabinet}, {Cabinet: "x10000"}, {Cabinet: "x9"}, {Cabinet: "x1000"}}
	SortCabinets(all)
	var got []string
	for _, c := range all {
		got = append(got, c.Cabinet)
	}
	if want := "[x9 x1000 x10000 other]"; fmt.Sprint(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
}
