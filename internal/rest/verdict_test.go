package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
)

// TestTemplatesThatAreWrongWhateverTheImages validates templates: some are wrong whatever the boot images are.
func TestTemplatesThatAreWrongWhateverTheImages(t *testing.T) {
	const one, roles = `Session template: 't' boot set: 'a': `, `(('node_list', 'node_roles_groups', 'node_groups'))`
	for _, test := range []struct{ record, options, want string }{
		{`{}`, `{}`, "Session template 't' requires at least 1 boot set."},
		{`{"boot_sets":{}}`, ``, "Session template 't' requires at least 1 boot set."},
		{`{"boot_sets":{"a":{}}}`, `{}`, one + "No hardware specifier fields " + roles},
		{`{"boot_sets":{"a":{"node_list":[],"node_groups":[]}}}`, `{}`, one + "No non-empty hardware specifier fields " + roles},
		{`{"boot_sets":{"a":{"node_list":["x1","nid000001"]}}}`, `{"reject_nids":true}`, one + "Has NID in 'node_list'"},
		{`{"boot_sets":{"a":{"node_list":["nid000001"]}}}`, `{"reject_nids":false}`, ""},
		{`{"boot_sets":{"a":{"node_list":["nid000001"]}}}`, ``, ""},
		{`{"boot_sets":{"a":{"node_groups":["g"]}}}`, `{"reject_nids":true}`, ""},
		{`{"boot_sets":{"a":{},"b":{}}}`, `{}`, ""}, // which of them BOS reports depends on images
	} {
		template := bos.Template{TemplateKey: bos.TemplateKey{Name: "t"}, Record: json.RawMessage(test.record)}
		if have := verdictOn(template.Fields(), bos.ParseOptions(json.RawMessage(test.options))); have != test.want {
			t.Errorf("%s, %s: %q, want %q", test.record, test.options, have, test.want)
		}
	}
}

// TestOnlyFaultsOfRedisBlameRedis blames Redis only for what Redis is to blame for.
func TestOnlyFaultsOfRedisBlameRedis(t *testing.T) {
	for reason, blamed := range map[bos.Reason]bool{
		"": false, bos.RedisOutOfMemory: false, bos.RedisBusy: false, bos.RedisUnreachable: true, bos.RedisLoading: true, bos.RedisTimeout: true,
	} {
		p := problemOf(&bos.Error{Code: bos.Unavailable, Reason: reason, Message: "not now"})
		if has := strings.Contains(p.Title, "Redis"); has != blamed || p.Status != http.StatusServiceUnavailable {
			t.Errorf("%q: %+v", reason, p)
		}
	}
}
