// Package charttest renders the Helm chart with sets of values, and checks what comes out by
// Kubernetes' own description of its API. `make packages` runs it.
package charttest

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/yaml"
)

const chartFolder = "../chart/bosgraph"

// object is one of Kubernetes' objects.
type object = map[string]any

// sets are the examples, and the defaults under an empty name.
func sets(t *testing.T) map[string]object {
	t.Helper()
	files, err := filepath.Glob("../chart/examples/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("there are %d examples: %v", len(files), err)
	}
	all := map[string]object{"": {}}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = parsed(t, file)
	}
	return all
}

func parsed(t *testing.T, file string) object {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var values object
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return values
}

// filesOf are what the templates become with these values, by their names.
func filesOf(values object) (map[string]string, error) {
	chart, err := loader.Load(chartFolder)
	if err != nil {
		return nil, err
	}
	return filesOfChart(chart, values)
}

func filesOfChart(chart *chart.Chart, values object) (map[string]string, error) {
	release := chartutil.ReleaseOptions{Name: "bosgraph", Namespace: "services", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, values, release, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(chart, all)
}

// render does what `helm template` does.
func render(values object) ([]object, error) {
	files, err := filesOf(values)
	if err != nil {
		return nil, err
	}
	return objectsIn(files)
}

func objectsIn(files map[string]string) ([]object, error) {
	var objects []object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for _, text := range regexp.MustCompile(`(?m)^---$`).Split(files[name], -1) {
			var o object
			if err := yaml.UnmarshalStrict([]byte(text), &o); err != nil {
				return nil, err
			}
			if len(o) > 0 {
				objects = append(objects, o)
			}
		}
	}
	return objects, nil
}

func TestLint(t *testing.T) {
	for name, values := range sets(t) {
		result := lint.AllWithKubeVersion(chartFolder, values, "services", nil)
		for _, message := range result.Messages {
			if message.Severity > support.InfoSev {
				t.Errorf("%s: %v", name, message)
			}
		}
	}
}

// TestObjectsAreKubernetes renders each set of values, and checks every object by the schema of its
// kind; then what no schema knows: that names and labels within the chart meet.
func TestObjectsAreKubernetes(t *testing.T) {
	known := newSchemas(t)
	options := options(t)
	for name, values := range sets(t) {
		t.Run(name, func(t *testing.T) {
			objects, err := render(values)
			if err != nil {
				t.Fatal(err)
			}
			kinds := map[string]int{}
			for _, o := range objects {
				kinds[o["kind"].(string)]++
				known.check(t, o)
			}
			if kinds["Deployment"] != 1 || kinds["Service"] == 0 {
				t.Errorf("it has %v", kinds)
			}
			checkTogether(t, objects)
			for _, o := range objects {
				if o["kind"] == "Deployment" {
					checkOptions(t, at(o, "spec", "template", "spec", "containers").([]any)[0].(object), options)
				}
			}
		})
	}
}

// TestPartsOfTheChartFollowItsValues looks for what each value is there for.
func TestPartsOfTheChartFollowItsValues(t *testing.T) {
	all := sets(t)
	for name, want := range map[string][]string{
		"":                  {"PodDisruptionBudget", "NetworkPolicy", "StatefulSet", "ConfigMap", "appendonly yes", "maxmemory-policy noeviction", "bosgraph.services.svc,", "bosgraph-metrics.services.svc,"},
		"many-watchers":     {"HorizontalPodAutoscaler", "bosgraph_connections", "redis+cluster://"},
		"ingress-base-path": {"Ingress", "path: /boot", "/boot/readyz", "boot.example.com"},
		"tls":               {"ServiceMonitor", "scheme: HTTPS", "scheme: https"},
		"monitored":         {"VMServiceScrape", "sysmgmt-health"},
		"sentinel-tls":      {"secretKeyRef", "/etc/bosgraph/bosgraph-redis-ca-file/ca.crt", "/etc/bosgraph/redis-password/password"},
		"existing-redis":    {"redis://redis.databases.svc.cluster.local:6379"},
		"oidc":              {"BOSGRAPH_OIDC_ISSUER", "login-key"},
	} {
		text := rendered(t, all[name])
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: %s is missing in\n%s", name, w, text)
			}
		}
	}
	for name, never := range map[string]string{
		"many-watchers": "replicas:", "existing-redis": "StatefulSet", "small-site": "PodDisruptionBudget", "oidc": "BOSGRAPH_TOKEN_FILE", "": "ServiceMonitor",
	} {
		if text := rendered(t, all[name]); strings.Contains(text, never) {
			t.Errorf("%s: there is a %s in\n%s", name, never, text)
		}
	}
}

// TestWrongValuesAreRefused has the mistakes that would show only when pods do not start.
func TestWrongValuesAreRefused(t *testing.T) {
	for _, test := range []struct{ values, want string }{
		{"replicas: 3", "replicas"},
		{"options: {BOSGRAPH_AUTH: null}", "options.BOSGRAPH_AUTH is missing"},
		{"options: {BOSGRAPH_AUTH: none}", "BOSGRAPH_INSECURE"},
		{"files: {BOSGRAPH_TOKEN_FILE: null}", "files.BOSGRAPH_TOKEN_FILE is missing"},
		{"files: {BOSGRAPH_LOGIN_KEY_FILE: null}", "files.BOSGRAPH_LOGIN_KEY_FILE is missing"},
		{"{replicaCount: 1, autoscaling: {enabled: true}, files: {BOSGRAPH_LOGIN_KEY_FILE: null}}", "files.BOSGRAPH_LOGIN_KEY_FILE is missing"},
		{"{options: {BOSGRAPH_AUTH: oidc}, files: {BOSGRAPH_TOKEN_FILE: null, BOSGRAPH_LOGIN_KEY_FILE: null}}", "files.BOSGRAPH_LOGIN_KEY_FILE is missing"},
		{"files: {BOSGRAPH_TOKEN_FILE: {key: tokens, secret: a, configMap: b}}", "BOSGRAPH_TOKEN_FILE"},
		{"options: {BOSGRAPH_LISTEN: ':80'}", "options.BOSGRAPH_LISTEN is set by the chart"},
		{"options: {LISTEN: ':80'}", "LISTEN"},
		{"options: {BOSGRAPH_BOS_PAGESIZE: 5}", "options.BOSGRAPH_BOS_PAGESIZE: bosgraph serve has no option with this variable"},
		{"files: {BOSGRAPH_TOKENS: {secret: a, key: b}}", "files.BOSGRAPH_TOKENS: bosgraph serve has no option with this variable"},
		{"options: {BOSGRAPH_PATIENCE: 5s}", "options.BOSGRAPH_PATIENCE: bosgraph serve has no option with this variable"},
		{"redis: {enabled: false}", "redis.url or redis.urlSecret.name is missing"},
		{"redis: {enabled: false, url: 'http://redis'}", "url"},
		{"redis: {url: 'redis://redis:6379'}", "set redis.enabled to false"},
		{"redis: {urlSecret: {name: mine}}", "set redis.enabled to false"},
		{"options: {BOSGRAPH_SHUTDOWN_TIMEOUT: 30}", "duration"},
		{"redis: {maxMemory: 1Gi}", "maxMemory"},
		{"basePath: boot", "basePath"},
		{"basePath: /boot/", "basePath"},
		{"ingress: {enabled: true}", "hosts"},
		{"allowHosts: ['boot.example.com:80']", "allowHosts"},
	} {
		var values object
		if err := yaml.Unmarshal([]byte(test.values), &values); err != nil {
			t.Fatal(err)
		}
		if _, err := render(values); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.values, err, test.want)
		}
	}
}

// TestExampleForCSM checks the values for CSM's base chart, which has parts of pods as Kubernetes
// does, and that the manifest installs that chart.
func TestExampleForCSM(t *testing.T) {
	known, options := newSchemas(t), options(t)
	values := parsed(t, "../csm/cray-bosgraph/values.yaml")["cray-service"].(object)
	container := maps.Clone(at(values, "containers", "bosgraph").(object))
	image := container["image"].(object) // the one part that the base chart has in its own form
	container["image"] = image["repository"].(string) + ":" + image["tag"].(string)
	checkOptions(t, container, options)
	if !slices.ContainsFunc(container["env"].([]any), func(e any) bool { return e.(object)["name"] == "BOSGRAPH_LOGIN_KEY_FILE" }) {
		t.Errorf("%v replicas do not share a key for logins", values["replicaCount"])
	}
	var volumes []any
	for _, v := range values["volumes"].(object) {
		volumes = append(volumes, v)
	}
	meta := object{"name": "cray-bosgraph", "labels": object{"app": "bosgraph"}}
	deployment := object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
		"spec": object{
			"replicas": values["replicaCount"], "strategy": values["strategy"], "selector": object{"matchLabels": meta["labels"]},
			"template": object{"metadata": meta, "spec": object{
				"containers": []any{container}, "volumes": volumes, "securityContext": values["securityContext"], "priorityClassName": values["priorityClassName"],
			}},
		},
	}
	service := object{"apiVersion": "v1", "kind": "Service", "metadata": meta,
		"spec": object{"selector": meta["labels"], "ports": at(values, "service", "ports")}}
	for _, o := range []object{deployment, service} {
		known.check(t, o)
	}
	checkTogether(t, []object{deployment, service})

	chart, manifest := parsed(t, "../csm/cray-bosgraph/Chart.yaml"), parsed(t, "../csm/loftsman.yaml")
	installed := at(manifest, "spec", "charts").([]any)[0].(object)
	source := at(manifest, "spec", "sources", "charts").([]any)[0].(object)
	if manifest["apiVersion"] != "manifests/v1beta1" || installed["name"] != chart["name"] || installed["version"] != chart["version"] || installed["source"] != source["name"] {
		t.Errorf("the manifest installs %v from %v, the chart is %v", installed, source, chart)
	}
}

func rendered(t *testing.T, values object) string {
	t.Helper()
	objects, err := render(values)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// options are the variables that docs/options.md has, which is made of the command line's grammar.
func options(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/options.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{"GOMEMLIMIT": true}
	for _, name := range regexp.MustCompile("`(BOSGRAPH_[A-Z_]+)`").FindAllStringSubmatch(string(text), -1) {
		all[name[1]] = true
	}
	return all
}
