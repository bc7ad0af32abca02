package feed

import "testing"

// TestMissed shows that every notice that does not come is missed, also the first after the subscription.
func TestMissed(t *testing.T) {
	const subscribed = 4 // the revision by then
	for name, test := range map[string]struct {
		next     int64      // that the connection begins with
		messages [][2]int64 // their first and last revisions
		probe    string
		missed   bool
	}{
		"nothing was written":                  {subscribed + 1, nil, "e 4", false},
		"all has come":                         {subscribed + 1, [][2]int64{{5, 5}, {6, 8}}, "e 8", false},
		"the first is lost":                    {subscribed + 1, nil, "e 5", true},
		"the first is lost, the second is not": {subscribed + 1, [][2]int64{{6, 6}}, "e 6", true},
		"one in the midst is lost":             {subscribed + 1, [][2]int64{{5, 5}, {7, 7}}, "e 7", true},
		"the last is lost":                     {subscribed + 1, [][2]int64{{5, 5}}, "e 6", true},
		"nobody knows where it begins":         {0, [][2]int64{{6, 6}}, "e 6", false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &Feed{}
			f.connected(test.next)
			for _, m := range test.messages {
				f.reached(m[0], m[1])
			}
			if _, missed := f.proof(test.probe); missed != test.missed {
				t.Errorf("missed: %v, want %v", missed, test.missed)
			}
			if _, missed := f.proof(test.probe); missed {
				t.Error("what was missed is reported once more")
			}
		})
	}
}
