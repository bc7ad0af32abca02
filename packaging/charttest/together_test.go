package charttest

import (
	"fmt"
	"testing"
)

// at follows keys into an object; nil if there is nothing.
func at(o object, keys ...string) any {
	var value any = o
	for _, key := range keys {
		inner, ok := value.(object)
		if !ok {
			return nil
		}
		value = inner[key]
	}
	return value
}

// selects says whether a selector of labels matches, and is not empty.
func selects(selector, labels any) bool {
	want, _ := selector.(object)
	have, _ := labels.(object)
	for name, value := range want {
		if have[name] != value {
			return false
		}
	}
	return len(want) > 0
}

// checkTogether checks what no schema of a single object knows.
func checkTogether(t *testing.T, objects []object) {
	t.Helper()
	var pods []object // templates
	checkMetrics(t, objects)
	names := map[string]bool{}
	for _, o := range objects {
		kind := o["kind"].(string)
		id := fmt.Sprint(kind, " ", at(o, "metadata", "name"))
		if names[id] {
			t.Errorf("there are two of %s", id)
		}
		names[id] = true
		if kind == "Deployment" || kind == "StatefulSet" {
			pod := at(o, "spec", "template").(object)
			pods = append(pods, pod)
			if !selects(at(o, "spec", "selector", "matchLabels"), at(pod, "metadata", "labels")) {
				t.Errorf("%s does not select its own pods", id)
			}
			claims, _ := at(o, "spec", "volumeClaimTemplates").([]any)
			checkPod(t, id, pod, claims)
		}
	}
	for _, o := range objects {
		var selector any
		var ports []any
		switch o["kind"] {
		case "Service":
			selector = at(o, "spec", "selector")
			for _, p := range at(o, "spec", "ports").([]any) {
				ports = append(ports, p.(object)["targetPort"])
			}
		case "NetworkPolicy":
			selector = at(o, "spec", "podSelector", "matchLabels")
			for _, rule := range at(o, "spec", "ingress").([]any) {
				ports = append(ports, rule.(object)["ports"].([]any)[0].(object)["port"])
			}
		case "PodDisruptionBudget":
			selector = at(o, "spec", "selector", "matchLabels")
		default:
			continue
		}
		matched := 0
		for _, pod := range pods {
			if !selects(selector, at(pod, "metadata", "labels")) {
				continue
			}
			matched++
			for _, port := range ports {
				if !hasPort(pod, port) {
					t.Errorf("%s %v: its pods have no port %v", o["kind"], at(o, "metadata", "name"), port)
				}
			}
		}
		if matched != 1 {
			t.Errorf("%s %v selects the pods of %d workloads", o["kind"], at(o, "metadata", "name"), matched)
		}
	}
}

// checkMetrics checks that metrics, which need no token, are at no Service that is published, and that what
// scrapes them selects the one that has them.
func checkMetrics(t *testing.T, objects []object) {
	t.Helper()
	var with []object // metrics
	for _, o := range objects {
		if o["kind"] != "Service" {
			continue
		}
		ports := at(o, "spec", "ports").([]any)
		for _, p := range ports {
			if p.(object)["name"] != "metrics" {
				continue
			}
			if with = append(with, o); len(ports) != 1 || at(o, "spec", "type") != "ClusterIP" {
				t.Errorf("Service %v has metrics, %d ports and the type %v", at(o, "metadata", "name"), len(ports), at(o, "spec", "type"))
			}
		}
	}
	for _, o := range objects {
		if o["kind"] != "ServiceMonitor" && o["kind"] != "VMServiceScrape" {
			continue
		}
		for _, s := range objects {
			if s["kind"] == "Service" && selects(at(o, "spec", "selector", "matchLabels"), at(s, "metadata", "labels")) != (len(with) == 1 && at(s, "metadata", "name") == at(with[0], "metadata", "name")) {
				t.Errorf("%s and Service %v", o["kind"], at(s, "metadata", "name"))
			}
		}
	}
}

func hasPort(pod object, port any) bool {
	for _, c := range at(pod, "spec", "containers").([]any) {
		for _, p := range c.(object)["ports"].([]any) {
			if p.(object)["name"] == port {
				return true
			}
		}
	}
	return false
}

// checkPod checks mounts, probes, and what the restricted pod security standard asks for.
func checkPod(t *testing.T, id string, pod object, claims []any) {
	t.Helper()
	volumes := map[any]bool{}
	listed, _ := at(pod, "spec", "volumes").([]any)
	for _, v := range listed {
		volumes[v.(object)["name"]] = true
	}
	for _, c := range claims {
		volumes[at(c.(object), "metadata", "name")] = true
	}
	if at(pod, "spec", "securityContext", "runAsNonRoot") != true || at(pod, "spec", "securityContext", "seccompProfile", "type") != "RuntimeDefault" {
		t.Errorf("%s: pods are not restricted", id)
	}
	for _, c := range at(pod, "spec", "containers").([]any) {
		container := c.(object)
		mounts, _ := container["volumeMounts"].([]any)
		for _, m := range mounts {
			if !volumes[m.(object)["name"]] {
				t.Errorf("%s mounts %v, which is no volume", id, m)
			}
		}
		for _, probe := range []string{"livenessProbe", "readinessProbe"} {
			port := at(container, probe, "httpGet", "port")
			if port == nil {
				port = at(container, probe, "tcpSocket", "port")
			}
			if !hasPort(pod, port) {
				t.Errorf("%s: the %s asks port %v", id, probe, port)
			}
		}
		security := container["securityContext"].(object)
		if security["readOnlyRootFilesystem"] != true || security["allowPrivilegeEscalation"] != false || fmt.Sprint(at(security, "capabilities", "drop")) != "[ALL]" {
			t.Errorf("%s: its container is not restricted: %v", id, security)
		}
	}
}

// checkOptions checks that every variable is one that bosgraph has, and given once.
func checkOptions(t *testing.T, container object, options map[string]bool) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range container["env"].([]any) {
		name := e.(object)["name"].(string)
		if !options[name] {
			t.Errorf("%s is no option of bosgraph", name)
		}
		if seen[name] {
			t.Errorf("%s is given twice", name)
		}
		seen[name] = true
	}
}
