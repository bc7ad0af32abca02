package bos_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestTemplateFields reads every field of a session template, and leaves out what is
// absent, null or of another type.
func TestTemplateFields(t *testing.T) {
	full := bos.Template{bos.TemplateKey{"blue", "compute"}, json.RawMessage(`{
		"name": "another", "tenant": "another", "description": "ours", "enable_cfs": false, "cfs": {"configuration": "c"},
		"boot_sets": {
			"b": {"name": "other", "type": "s3", "etag": "e", "kernel_parameters": "a=<b>&c", "network": "nmn", "node_list": ["x1", "x2"],
				"node_roles_groups": ["Compute"], "node_groups": [], "path": "s3://1", "rootfs_provider": "sbps",
				"rootfs_provider_passthrough": "sbps:v1", "arch": "ARM", "cfs": {}},
			"a": {}}, "links": [{"href": "x"}]}`)}
	want := &bos.SessionTemplate{
		Name: "compute", Tenant: new("blue"), Description: new("ours"), EnableCFS: new(false), CFS: &bos.CFSParameters{new("c")},
		BootSets: []bos.BootSet{{Name: "a"}, {
			Name: "b", Type: new("s3"), Etag: new("e"), KernelParameters: new("a=<b>&c"), Network: new("nmn"), NodeList: []string{"x1", "x2"},
			NodeRolesGroups: []string{"Compute"}, NodeGroups: []string{}, Path: new("s3://1"), RootfsProvider: new("sbps"),
			RootfsProviderPassthrough: new("sbps:v1"), Arch: new("ARM"), CFS: &bos.CFSParameters{},
		}},
	}
	if have := full.Fields(); !reflect.DeepEqual(have, want) {
		t.Errorf("have %+v\nwant %+v", have, want)
	}
	for record, want := range map[string]*bos.SessionTemplate{
		`{}`: {Name: "t"},
		`{"description": null, "enable_cfs": "yes", "cfs": null, "boot_sets": [1], "Description": "no"}`: {Name: "t"},
		`{"description": 1, "cfs": {"configuration": 2}, "boot_sets": {"a": 1, "b": {"node_list": [1], "node_groups": "x"}}}`: {
			Name: "t", CFS: &bos.CFSParameters{}, BootSets: []bos.BootSet{{Name: "a"}, {Name: "b"}},
		},
	} {
		if have := (bos.Template{bos.TemplateKey{"", "t"}, json.RawMessage(record)}).Fields(); !reflect.DeepEqual(have, want) {
			t.Errorf("%s: have %+v\nwant %+v", record, have, want)
		}
	}
}

// TestTemplateKeys reads a key's text back, whatever the name is.
func TestTemplateKeys(t *testing.T) {
	for _, key := range []bos.TemplateKey{{"", "a"}, {"blue", "a"}, {"", "a/b"}, {"blue", "/"}, {}} {
		if have := bos.ParseTemplateKey(key.String()); have != key {
			t.Errorf("%q is read as %+v", key, have)
		}
	}
}

// TestParseOptions sets a field for each option of BOS 2.50, and keeps all others.
func TestParseOptions(t *testing.T) {
	record := `{"bss_read_timeout":20,"cfs_read_timeout":21,"cleanup_completed_session_ttl":"7d","clear_stage":false,` +
		`"component_actual_state_ttl":"4h","default_retry_policy":3,"disable_components_on_completion":true,"discovery_frequency":300,` +
		`"hsm_read_timeout":22,"ims_errors_fatal":false,"ims_images_must_exist":false,"ims_read_timeout":23,"logging_level":"INFO",` +
		`"max_boot_wait_time":1200,"max_component_batch_size":2800,"max_power_off_wait_time":300,"max_power_on_wait_time":120,` +
		`"pcs_read_timeout":24,"polling_frequency":15,"reject_nids":false,"session_limit_required":false}`
	o := reflect.ValueOf(bos.ParseOptions(json.RawMessage(record))).Elem()
	for i := range o.NumField() {
		switch name := o.Type().Field(i).Name; {
		case name == "Other" && o.Field(i).Len() > 0:
			t.Errorf("there are others: %v", o.Field(i))
		case name != "Other" && o.Field(i).IsNil():
			t.Errorf("%s is not set", name)
		}
	}
	odd := bos.ParseOptions(json.RawMessage(`{"new":{"a":[1e3]},"clear_stage":"yes","polling_frequency":99999999999,"reject_nids":null,"logging_level":"DEBUG"}`))
	want := &bos.Options{LoggingLevel: new("DEBUG"), Other: []bos.Option{
		{"clear_stage", `"yes"`}, {"new", `{"a":[1e3]}`}, {"polling_frequency", "99999999999"},
	}}
	if !reflect.DeepEqual(odd, want) {
		t.Errorf("have %+v\nwant %+v", odd, want)
	}
}
