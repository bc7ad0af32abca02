package charttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"sigs.k8s.io/yaml"
)

// TestOptionsKeepTheirValues has the kinds that YAML has. Helm reads every number of a file as a float.
func TestOptionsKeepTheirValues(t *testing.T) {
	values := object{}
	if err := yaml.Unmarshal([]byte(`options: {BOSGRAPH_MAX_COMPONENTS: 2000000, BOSGRAPH_INSECURE: true, BOSGRAPH_NAMESPACE: 'a"<b>'}`), &values); err != nil {
		t.Fatal(err)
	}
	env := map[any]any{}
	for _, e := range at(objectOf(t, values, "Deployment"), "spec", "template", "spec", "containers").([]any)[0].(object)["env"].([]any) {
		env[e.(object)["name"]] = e.(object)["value"]
	}
	for name, want := range map[string]string{"BOSGRAPH_MAX_COMPONENTS": "2000000", "BOSGRAPH_INSECURE": "true", "BOSGRAPH_NAMESPACE": `a"<b>`} {
		if env[name] != want {
			t.Errorf("%s is %v, want %s", name, env[name], want)
		}
	}
}

// TestPodsHaveTimeToStop wants Kubernetes to wait longer than bosgraph does.
func TestPodsHaveTimeToStop(t *testing.T) {
	for timeout, want := range map[string]float64{"": 35, "500ms": 25, "120s": 145, "1m30s": 115} {
		values := object{}
		if timeout != "" {
			values["options"] = object{"BOSGRAPH_SHUTDOWN_TIMEOUT": timeout}
		}
		if got := at(objectOf(t, values, "Deployment"), "spec", "template", "spec", "terminationGracePeriodSeconds"); got != want {
			t.Errorf("with --shutdown-timeout=%s it is %v, want %v", timeout, got, want)
		}
	}
	for delay, want := range map[string]float64{"0s": 30, "20s": 50} {
		values := object{"options": object{"BOSGRAPH_SHUTDOWN_DELAY": delay}}
		if got := at(objectOf(t, values, "Deployment"), "spec", "template", "spec", "terminationGracePeriodSeconds"); got != want {
			t.Errorf("with --shutdown-delay=%s it is %v, want %v", delay, got, want)
		}
	}
}

// TestRedisHasThePasswordOfItsFile runs what starts the chart's Redis, as Kubernetes does, with a program in its place that prints its
// arguments. Secrets that are made of files end in a line break.
func TestRedisHasThePasswordOfItsFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "redis-server"), []byte("#!/bin/sh\nprintf '[%s]' \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	container := at(objectOf(t, object{"redis": object{"passwordSecret": object{"name": "redis", "key": "password"}}}, "StatefulSet"), "spec", "template", "spec", "containers").([]any)[0].(object)
	var words []string
	for _, part := range []string{"command", "args"} {
		all, _ := container[part].([]any)
		for _, word := range all {
			words = append(words, word.(string))
		}
	}
	for _, password := range []string{"p w$1\"'", "p w$1\"'\n", "p w$1\"'\r\n"} {
		given := make([]string, len(words))
		for i, word := range words {
			given[i] = strings.ReplaceAll(word, "$(REDIS_PASSWORD)", password)
		}
		cmd := exec.Command(given[0], given[1:]...)
		cmd.Env = append(os.Environ(), "REDIS_PASSWORD="+password)
		if got, err := cmd.CombinedOutput(); err != nil || string(got) != `[/etc/redis/redis.conf][--requirepass][p w$1"']` {
			t.Errorf("%q: it is started with %s, %v", password, got, err)
		}
	}
}

// TestRedisRestartsForItsConfigurationAlone compares the chart's Redis in releases of the chart: what `helm upgrade` does not change keeps running.
func TestRedisRestartsForItsConfigurationAlone(t *testing.T) {
	pod := func(version, memory string) string {
		chart, err := loader.Load(chartFolder)
		if err != nil {
			t.Fatal(err)
		}
		chart.Metadata.Version, chart.Metadata.AppVersion = version, version
		files, err := filesOfChart(chart, object{"redis": object{"maxMemory": memory}})
		if err != nil {
			t.Fatal(err)
		}
		objects, err := objectsIn(files)
		if err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(at(ofKind(t, objects, "StatefulSet"), "spec"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := pod("1.0.0", "512mb")
	if after := pod("1.0.1", "512mb"); after != before {
		t.Errorf("another version of the chart replaces it: it was\n%sand is\n%s", before, after)
	}
	if pod("1.0.0", "1gb") == before {
		t.Error("it keeps running with the memory that it had")
	}
}

// TestTheDocumentMakesTheDefaultFiles looks for each file of the default values in the command that makes their Secret.
func TestTheDocumentMakesTheDefaultFiles(t *testing.T) {
	text, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range parsed(t, chartFolder+"/values.yaml")["files"].(object) {
		command := "kubectl -n bosgraph create secret generic " + file.(object)["secret"].(string)
		_, arguments, found := strings.Cut(string(text), command)
		arguments, _, _ = strings.Cut(arguments, "\n")
		if key := "--from-file=" + file.(object)["key"].(string); !found || !slices.Contains(strings.Fields(arguments), key) {
			t.Errorf("%s: docs/install.md has no %s … %s", name, command, key)
		}
	}
}

// TestNotesHaveTheAddress wants a URL that answers.
func TestNotesHaveTheAddress(t *testing.T) {
	for name, want := range map[string]string{"": "http://127.0.0.1:8080/", "tls": "https://127.0.0.1:8080/", "ingress-base-path": "://boot.example.com/boot/"} {
		files, err := filesOf(sets(t)[name])
		if err != nil {
			t.Fatal(err)
		}
		if notes := files["bosgraph/templates/NOTES.txt"]; !strings.Contains(notes, want) {
			t.Errorf("%s: %s is missing in\n%s", name, want, notes)
		}
	}
}

// objectOf is the one of its kind.
func objectOf(t *testing.T, values object, kind string) object {
	t.Helper()
	objects, err := render(values)
	if err != nil {
		t.Fatal(err)
	}
	return ofKind(t, objects, kind)
}

func ofKind(t *testing.T, objects []object, kind string) object {
	t.Helper()
	i := slices.IndexFunc(objects, func(o object) bool { return o["kind"] == kind })
	if i < 0 {
		t.Fatalf("there is no %s", kind)
	}
	return objects[i]
}
