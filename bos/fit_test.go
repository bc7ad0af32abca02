package bos

import (
	"reflect"
	"strings"
	"testing"
)

// TestWhatIsMadeToFitIsAccepted has each text of a component be one that is not accepted, alone. Nothing else of it changes.
func TestWhatIsMadeToFitIsAccepted(t *testing.T) {
	whole := func() *Component {
		return &Component{ID: "x1", DesiredState: &DesiredState{}, ActualState: &ActualState{}, StagedState: &StagedState{}, LastAction: &LastAction{}}
	}
	for bad, fits := range map[string]string{
		strings.Repeat("é", MaxText+1): strings.Repeat("é", MaxText-1) + "…", "a\x00b": "a\ufffdb", "a\xffb": "a\ufffdb",
	} {
		for n := range textsOf(reflect.ValueOf(whole())) {
			c, want := whole(), whole()
			textsOf(reflect.ValueOf(c))[n].SetString(bad)
			textsOf(reflect.ValueOf(want))[n].SetString(fits)
			want.Session, want.StagedState.Session = "", "" // no session has such a name
			if c.Fit() == nil {
				t.Errorf("text %d is accepted as it is", n)
			}
			if err := c.Check(); err != nil || !reflect.DeepEqual(c, want) {
				t.Errorf("text %d is %.40q then, %v", n, textsOf(reflect.ValueOf(c))[n], err)
			}
		}
	}
}

// textsOf are the fields of a component that are texts, but for its id and times.
func textsOf(v reflect.Value) (all []reflect.Value) {
	v = reflect.Indirect(v)
	for field, value := range v.Fields() {
		switch {
		case field.Tag.Get("json") == "-" || field.Name == "ID" || field.Type == reflect.TypeFor[Time]():
		case value.Kind() == reflect.String:
			all = append(all, value)
		case reflect.Indirect(value).Kind() == reflect.Struct:
			all = append(all, textsOf(value)...)
		}
	}
	return all
}
