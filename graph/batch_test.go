package graph

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

const wholeComponent = `{"id": "x1000c0s0b0n0", "enabled": true, "error": "a \"quoted\" é \ud83d\ude80\n", "session": "s", "retryPolicy": -3,
  "status": {"phase": "powering_on", "statusOverride": null},
  "desiredState": {"bootArtifacts": {"kernel": "k", "kernelParameters": "p", "initrd": "i"}, "configuration": "c", "bssToken": "t",
    "lastUpdated": "2026-11-22T09:00:00.5Z"},
  "actualState": {"bootArtifacts": null, "bssToken": "", "lastUpdated": "2026-11-22T09:00:00"},
  "stagedState": {"session": "t", "configuration": "d", "bootArtifacts": {}, "lastUpdated": "2026-11-22T10:00:00+01:00"},
  "lastAction": {"action": "powering_on", "failed": false, "lastUpdated": "2026-11-22T09:00:00Z"},
  "eventStats": {"powerOnAttempts": 1, "powerOffGracefulAttempts": 0, "powerOffForcefulAttempts": 2147483647}}`

// byReflection decodes as a library does it: what the reader has to agree with.
func byReflection(raw []byte) ([]bos.ComponentPatch, error) {
	var items []struct {
		ID *anID `json:"id"`
		bos.ComponentPatch
	}
	err := jsonv2.Unmarshal(raw, &items, jsonv2.RejectUnknownMembers(true), jsonv2.WithUnmarshalers(jsonv2.JoinUnmarshalers(
		jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, t *bos.Time) error {
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			if token.Kind() != '"' {
				return bos.Errorf(bos.BadUserInput, "no string")
			}
			*t, err = bos.ParseTime(token.String())
			return err
		}),
		jsonv2.UnmarshalFromFunc(func(d *jsontext.Decoder, id *anID) error {
			token, err := d.ReadToken()
			if err != nil {
				return err
			}
			if *id = anID(token.String()); token.Kind() != '"' && (token.Kind() != '0' || strings.ContainsAny(string(*id), ".eE")) {
				return bos.Errorf(bos.BadUserInput, "no id")
			}
			return nil
		}))))
	var batch []bos.ComponentPatch
	for _, item := range items {
		if item.ID == nil {
			return nil, bos.Errorf(bos.BadUserInput, "no id")
		}
		item.ComponentPatch.ID = string(*item.ID)
		batch = append(batch, item.ComponentPatch)
	}
	return batch, err
}

type anID string

func TestDecodeBatch(t *testing.T) {
	for _, list := range []string{
		`[]`, ` [ ] `, `[{"id":""},{"id":12},{"id": -3 }]`, `[` + wholeComponent + `]`, `[{"id":"x"},` + wholeComponent + ` , {"enabled":null,"id":"y"} ]`,
	} {
		got, err := decodeBatch(list)
		want, wantErr := byReflection([]byte(list))
		if err != nil || wantErr != nil || len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			t.Errorf("%s:\ngot  %s (%v)\nwant %s (%v)", list, a, err, b, wantErr)
		}
	}
	for list, want := range map[string]string{
		`{}`:                                "components: give a list, not an object",
		`[{"id":"x"},{"id":"y","color":1}]`: "components.1.color: there is no such field",
		`[{"id":"x","lastAction":{"failed":"no"}}]`:                   "components.0.lastAction.failed: give a Boolean, not a string",
		`[{"id":"x","desiredState":{"bootArtifacts":{"kernel":[]}}}]`: "components.0.desiredState.bootArtifacts.kernel: give a String, not a list",
		`[{"id":"x","retryPolicy":2147483648}]`:                       "components.0.retryPolicy: give an Int, a whole number of 32 bits",
		`[{"id":"x","retryPolicy":1e3}]`:                              "components.0.retryPolicy: give an Int, a whole number of 32 bits",
		`[{"id":"x","status":[]}]`:                                    "components.0.status: give an object, not a list",
		`[{"id":"x","stagedState":{"lastUpdated":5}}]`:                "components.0.stagedState.lastUpdated: give a DateTime, which is a string, not a number",
		`[{"id":null}]`: "components.0: give an id",
		`[{}]`:          "components.0: give an id",
		`[{"id":1.5}]`:  "components.0.id: give an ID, a string or a whole number",
		`[{"id":[]}]`:   "components.0.id: give an ID, a string or a whole number",
		`[null]`:        "components.0: give an object, not null",
	} {
		if _, err := decodeBatch(list); bos.CodeOf(err) != bos.BadUserInput || err.Error() != want {
			t.Errorf("%s: got %v, want %s", list, err, want)
		}
	}
}

// FuzzDecodeBatch compares the reader with a decoder by reflection.
func FuzzDecodeBatch(f *testing.F) {
	f.Add([]byte(`[` + wholeComponent + `]`))
	f.Add([]byte(`[{"id":"x","retryPolicy":1.5},null,[],"",{"id":"\u0000"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !jsontext.Value(raw).IsValid() { // never comes this far
			return
		}
		got, err := decodeBatch(string(raw))
		want, wantErr := byReflection(raw)
		if err == nil && (wantErr != nil || len(got) > 0 && !reflect.DeepEqual(got, want)) {
			t.Errorf("%s: got %+v, want %+v, %v", raw, got, want, wantErr)
		}
		// The decoder takes null for an empty list.
		if err != nil && wantErr == nil {
			if jsontext.Value(raw).Kind() == '[' {
				t.Errorf("%s: refused with %v", raw, err)
			}
		}
	})
}

func BenchmarkDecodeBatch(b *testing.B) {
	var list []byte
	for range 500 {
		list = append(append(list, ','), wholeComponent...)
	}
	list = append(append([]byte{'['}, list[1:]...), ']')
	b.Run("reader", func(b *testing.B) {
		b.SetBytes(int64(len(list)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := decodeBatch(string(list)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reflection", func(b *testing.B) {
		b.SetBytes(int64(len(list)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := byReflection(list); err != nil {
				b.Fatal(err)
			}
		}
	})
}
