package charttest

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// Where the schemas are: Go modules that have them among their files. Nothing of these is compiled,
// so go.mod does not name them.
const (
	kubernetes = "sigs.k8s.io/kubectl-validate@v0.0.4"
	below      = "pkg/openapiclient/builtins/1.30"
	prometheus = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
	monitor    = "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"
)

// schemas are those of Kubernetes' kinds, strict as `kubectl apply --validate=strict`: a field
// that a kind does not have is an error.
type schemas struct {
	compiler *jsonschema.Compiler
	where    map[string]string // by apiVersion and kind
}

func newSchemas(t *testing.T) *schemas {
	t.Helper()
	s := &schemas{compiler: jsonschema.NewCompiler(), where: map[string]string{}}
	top := filepath.Join(module(t, kubernetes), filepath.FromSlash(below))
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		document := unmarshalled(t, path)
		s.add(t, path, document)
		for name, one := range at(document.(object), "components", "schemas").(object) {
			kinds, _ := one.(object)["x-kubernetes-group-version-kind"].([]any)
			for _, k := range kinds {
				group, version, kind := at(k.(object), "group").(string), at(k.(object), "version").(string), at(k.(object), "kind").(string)
				if group != "" {
					version = group + "/" + version
				}
				if strings.Contains(path, filepath.FromSlash(version+".json")) {
					s.where[version+" "+kind] = path + "#/components/schemas/" + name
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(module(t, prometheus), filepath.FromSlash(monitor))
	definition := unmarshalled(t, path).(object)
	version := at(definition, "spec", "versions").([]any)[0].(object)
	s.add(t, path, at(version, "schema", "openAPIV3Schema"))
	s.where["monitoring.coreos.com/v1 ServiceMonitor"] = path
	// The operator of VictoriaMetrics has the same fields for what the chart uses. Its module has not
	// been reachable, so this stands in for its schema.
	s.where["operator.victoriametrics.com/v1beta1 VMServiceScrape"] = path
	return s
}

func (s *schemas) add(t *testing.T, path string, document any) {
	t.Helper()
	strict(document)
	if err := s.compiler.AddResource(path, document); err != nil {
		t.Fatal(err)
	}
}

// strict closes every object that lists its fields.
func strict(value any) {
	switch value := value.(type) {
	case object:
		_, lists := value["properties"].(object)
		if _, open := value["additionalProperties"]; lists && !open && value["x-kubernetes-preserve-unknown-fields"] != true {
			value["additionalProperties"] = false
		}
		for _, inner := range value {
			strict(inner)
		}
	case []any:
		for _, inner := range value {
			strict(inner)
		}
	}
}

func (s *schemas) check(t *testing.T, o object) {
	t.Helper()
	id := o["apiVersion"].(string) + " " + o["kind"].(string)
	where, ok := s.where[id]
	if !ok {
		t.Errorf("there is no schema of %s", id)
		return
	}
	schema, err := s.compiler.Compile(where)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(o); err != nil {
		t.Errorf("%s: %v", id, err)
	}
}

// TestSchemasFindMistakes checks the checks.
func TestSchemasFindMistakes(t *testing.T) {
	s := newSchemas(t)
	for _, test := range []struct{ text, want string }{
		{"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}", ""},
		{"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{prot: 80, port: 80}]}}", "prot"},
		{"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: http}]}}", "port"},
		{"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{name: http}]}}", "port"},
		{"{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {}}}", "selector"},
		{"{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: a}, spec: {selector: {}, endpoints: [{intervall: 1s}]}}", "intervall"},
	} {
		var o object
		if err := yaml.Unmarshal([]byte(test.text), &o); err != nil {
			t.Fatal(err)
		}
		schema, err := s.compiler.Compile(s.where[o["apiVersion"].(string)+" "+o["kind"].(string)])
		if err != nil {
			t.Fatal(err)
		}
		err = schema.Validate(o)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v", test.text, err)
		}
	}
}

func unmarshalled(t *testing.T, path string) any {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return value
}

// module fetches a Go module, which the checksum database vouches for, and returns its folder.
func module(t *testing.T, path string) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s%s", err, out, stderr.String())
	}
	var answer struct{ Dir string }
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Dir
}
