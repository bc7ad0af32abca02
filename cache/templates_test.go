package cache

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func template(tenant, name, record string) bos.Template {
	return bos.Template{TemplateKey: bos.TemplateKey{Tenant: tenant, Name: name}, Record: json.RawMessage(record)}
}

// TestTemplates keeps session templates and options, by the holder of the lease alone.
func TestTemplates(t *testing.T) {
	conform(t, func(s *suite) {
		list := func(tenant, want string) {
			s.Helper()
			all, err := s.store.ListTemplates(s.ctx, tenant)
			s.must(err)
			var have []string
			for _, one := range all {
				have = append(have, one.String()+string(one.Record))
			}
			if have := strings.Join(have, " "); have != want {
				s.Errorf("tenant %q has %s, want %s", tenant, have, want)
			}
		}
		list("", "")
		if options, err := s.store.ReadOptions(s.ctx); options != nil || err != nil {
			s.Errorf("before any, the options are %s, %v", options, err)
		}
		lease := s.store.NewLease(5 * time.Second)
		tenure, err := lease.Hold(s.ctx, "")
		s.must(err)
		during := lease.During(tenure)
		s.must(during.KeepTemplates(s.ctx, []bos.Template{
			template("", "compute", `{"a":1e3}`), template("blue", "compute", `{"b":"<&>"}`), template("", "a", `{}`),
		}, nil))
		s.must(during.KeepOptions(s.ctx, json.RawMessage(`{"x":1}`)))
		list("", `/a{} /compute{"a":1e3} blue/compute{"b":"<&>"}`)
		list("blue", `blue/compute{"b":"<&>"}`)
		list("green", "")
		for key, want := range map[bos.TemplateKey]string{
			{Name: "compute"}: `{"a":1e3}`, {Tenant: "blue", Name: "compute"}: `{"b":"<&>"}`, {Tenant: "blue", Name: "a"}: "",
		} {
			if have, err := s.store.ReadTemplate(s.ctx, key); string(have) != want || err != nil {
				s.Errorf("%s is %s, %v", key, have, err)
			}
		}
		s.must(during.KeepTemplates(s.ctx, []bos.Template{template("", "a", `{"c":2}`)}, []bos.TemplateKey{{Name: "compute"}}))
		list("", `/a{"c":2} blue/compute{"b":"<&>"}`)
		if options, err := s.store.ReadOptions(s.ctx); string(options) != `{"x":1}` || err != nil {
			s.Errorf("the options are %s, %v", options, err)
		}
		if drift, err := s.store.Recount(s.ctx, RecountOptions{}); drift != 0 || err != nil {
			s.Errorf("a recount finds %d, %v", drift, err)
		}
		s.audit()

		s.must(lease.Release(s.ctx))
		_, err = s.store.NewLease(5*time.Second).Hold(s.ctx, "")
		s.must(err)
		for what, err := range map[string]error{
			"templates": during.KeepTemplates(s.ctx, []bos.Template{template("", "late", `{}`)}, nil),
			"options":   during.KeepOptions(s.ctx, json.RawMessage(`{"late":1}`)),
		} {
			if !errors.Is(err, bos.ErrTenureEnded) {
				s.Errorf("after the tenure, %s are kept: %v", what, err)
			}
		}
		list("", `/a{"c":2} blue/compute{"b":"<&>"}`)
	})
}

// TestManyTemplates keeps more than one write takes, and removes as many.
func TestManyTemplates(t *testing.T) {
	conform(t, func(s *suite) {
		var all []bos.Template
		var keys []bos.TemplateKey
		for i := range 1200 {
			one := template("", fmt.Sprintf("t%04d", i), `"`+strings.Repeat("x", 2000)+`"`)
			all, keys = append(all, one), append(keys, one.TemplateKey)
		}
		s.must(s.store.KeepTemplates(s.ctx, all, nil))
		stored, err := s.store.ListTemplates(s.ctx, "")
		s.must(err)
		if len(stored) != len(all) || string(stored[1199].Record) != string(all[1199].Record) {
			s.Errorf("%d templates are stored", len(stored))
		}
		s.must(s.store.KeepTemplates(s.ctx, all[:900], keys[900:]))
		s.must(s.store.KeepTemplates(s.ctx, nil, keys[1:900]))
		if stored, err = s.store.ListTemplates(s.ctx, ""); err != nil || len(stored) != 1 {
			s.Errorf("%d templates are left, %v", len(stored), err)
		}
	})
}
