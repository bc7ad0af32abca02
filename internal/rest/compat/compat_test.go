package compat

import "testing"

// TestTheListHasTheRequestsThatItCounts checks that the list is what it says that it is.
func TestTheListHasTheRequestsThatItCounts(t *testing.T) {
	all, err := Requests()
	if err != nil {
		t.Fatal(err)
	}
	ids, examples, reads := map[string]bool{}, map[string]int{}, 0
	for _, r := range all {
		if ids[r.ID] || r.ID == "" || r.Method == "" || r.Path == "" {
			t.Errorf("%+v is not whole, or comes twice", r)
		}
		ids[r.ID] = true
		examples[r.Differs]++
		if r.Reads() {
			reads++
		}
		if r.Differs != "" && Differences()[r.Differs] == "" {
			t.Errorf("%s differs by %q, for which there is no reason", r.ID, r.Differs)
		}
	}
	for name := range Differences() {
		if examples[name] == 0 {
			t.Errorf("nothing differs by %q", name)
		}
	}
	if reads < 350 {
		t.Errorf("only %d of %d requests read", reads, len(all))
	}
	filled := Request{Path: "/v2/components/{component}?a={b}", Headers: map[string]string{"Cray-Tenant-Name": "{tenant}"}}.
		Fill(Names{"component": "x1", "tenant": "blue"})
	if filled.Path != "/v2/components/x1?a={b}" || filled.Headers["Cray-Tenant-Name"] != "blue" {
		t.Errorf("filled: %+v", filled)
	}
}
