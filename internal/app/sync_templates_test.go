package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/bossync/bosfake"
	"github.com/bosgraph/bosgraph/internal/redistest"
)

const computeTemplate = `{"boot_sets": {"compute": {"arch": "X86", "node_roles_groups": ["Compute"], "kernel_parameters": "a=<b>&c",
	"path": "s3://boot-images/1/manifest.json", "type": "s3"}}, "cfs": {"configuration": "c"}, "enable_cfs": true,
	"name": "compute", "odd": [1e3, 12345678901234567890, null], "tenant": null}`

// TestEveryReplicaHasTheTemplatesOfBOS reads session templates and options from every replica as BOS
// has them, as they come, change and go, each tenant its own.
func TestEveryReplicaHasTheTemplatesOfBOS(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	fake.PutTemplate(bos.TemplateKey{Name: "compute"}, computeTemplate)
	fake.PutTemplate(bos.TemplateKey{Tenant: "blue", Name: "compute"}, `{"name":"compute","tenant":"blue","description":"ours"}`)
	redisURL := "redis://" + redistest.SharedServer(t)
	one := followBOS(t, redisURL, fake)
	two := followBOS(t, redisURL, fake, "--namespace", one.Namespace)
	same := func() {
		t.Helper()
		for _, f := range []followedSite{one, two} {
			for _, tenant := range []string{"", "blue", "green"} {
				for _, path := range []string{"", "/compute", "/login"} {
					f.likeBOS("/v2/sessiontemplates"+path, tenant)
				}
			}
			f.likeBOS("/v2/options", "")
		}
	}
	same()
	if _, body := two.restAnswer("/v2/sessiontemplates/compute", ""); !strings.Contains(string(body), `"kernel_parameters":"a=<b>&c"`) ||
		!strings.Contains(string(body), `"odd":[1e3,12345678901234567890,null]`) {
		t.Errorf("a template is answered as %s", body)
	}
	fake.PutTemplate(bos.TemplateKey{Name: "compute"}, strings.Replace(computeTemplate, "X86", "ARM", 1))
	fake.PutTemplate(bos.TemplateKey{Name: "login"}, `{"name":"login","tenant":null}`)
	fake.DeleteTemplate(bos.TemplateKey{Tenant: "blue", Name: "compute"})
	fake.SetOptions(`{"polling_frequency": 10, "new": "x"}`)
	same()

	if code, body := one.restAnswer("/v2/sessiontemplatesvalid/login", ""); code != http.StatusOK ||
		strings.TrimSpace(string(body)) != `"Session template 'login' requires at least 1 boot set."` {
		t.Errorf("a template without boot sets is validated: %d, %s", code, body)
	}
	if code, body := one.restAnswer("/v2/sessiontemplatesvalid/compute", ""); code != http.StatusNotImplemented || !strings.Contains(string(body), "Only BOS can validate") {
		t.Errorf("a template is validated: %d, %s", code, body)
	}
	if code, body := one.restAnswer("/v2/sessiontemplatesvalid/none", ""); code != http.StatusNotFound {
		t.Errorf("one that is not there is validated: %d, %s", code, body)
	}
	if problem := one.sync(); problem != "" {
		t.Errorf("the sync says %q", problem)
	}
}

// TestTheTemplateOfANewSessionIsReadAtOnce reads the template of a session that has just come at once.
func TestTheTemplateOfANewSessionIsReadAtOnce(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	f := followBOS(t, "redis://"+redistest.SharedServer(t), fake, "--bos-interval", "1s")
	reads := func() int { return fake.Traffic().ByPath["/v2/sessiontemplates"] }
	f.eventually("the first reading", func() bool { return reads() == 1 })
	fake.PutTemplate(bos.TemplateKey{Name: "compute"}, computeTemplate)
	fake.CreateSession(untenanted("new"))
	f.likeBOS("/v2/sessiontemplates/compute", "")
	f.sweeps(2)
	if n := reads(); n != 2 {
		t.Errorf("templates were read %d times", n)
	}
}

// TestTemplatesThatCannotBeReadStopNothingElse follows the rest, says what is wrong and keeps what is known.
func TestTemplatesThatCannotBeReadStopNothingElse(t *testing.T) {
	t.Parallel()
	fake := bosfake.New(bosfake.Options{})
	fake.PutTemplate(bos.TemplateKey{Name: "compute"}, computeTemplate)
	f := followBOS(t, "redis://"+redistest.SharedServer(t), fake)
	f.likeBOS("/v2/sessiontemplates", "")
	fake.PutTemplate(bos.TemplateKey{Name: "huge"}, `{"name":"huge","tenant":null,"text":"`+strings.Repeat("x", 8<<20)+`"}`)
	f.eventually("the problem", func() bool { return strings.Contains(f.sync(), "larger than 8192 KiB") })
	f.sweeps(1)
	if code, _ := f.restAnswer("/v2/sessiontemplates/compute", ""); code != http.StatusOK {
		t.Errorf("the known template is answered with %d", code)
	}
	fake.DeleteTemplate(bos.TemplateKey{Name: "huge"})
	fake.PutTemplate(bos.TemplateKey{Name: "a/b"}, `{"name":"a/b"}`)
	fake.PutTemplate(bos.TemplateKey{Name: "login"}, `{"name":"login"}`)
	f.eventually("the other problem", func() bool { return strings.Contains(f.sync(), `"/a/b" from BOS can't be kept`) })
	f.likeBOS("/v2/sessiontemplates/login", "")
	fake.DeleteTemplate(bos.TemplateKey{Name: "a/b"})
	f.eventually("no problem", func() bool { return f.sync() == "" })
	f.likeBOS("/v2/sessiontemplates", "")
}
