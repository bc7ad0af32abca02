package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/bosgraph/bosgraph/bos"
)

// Templates is where session templates and BOS's options come from. Its methods are
// called at the same time, once for each request, so they should answer from what is at
// hand. A [bos.Error] is answered as the problem of its code; any other error is logged and
// answered as 500.
//
// Records are BOS's own, as JSON objects, key for key: they are answered as they are.
// A template's name is checked before it is asked for. A tenant is "" for none, and
// otherwise any text of at most 127 characters, known or not: BOS has no templates of a
// tenant that it does not know, and refuses nobody for that.
type Templates interface {
	// ListTemplates returns a tenant's templates or, without one, those of all tenants
	// and of none. BOS has them in no order; here they ought to be ascending by name,
	// then by tenant, so that two answers can be compared.
	ListTemplates(ctx context.Context, tenant string) ([]Template, error)

	// Template returns a tenant's template of that name, without a tenant only one that
	// belongs to none. The record is nil if there is none.
	Template(ctx context.Context, tenant, name string) (json.RawMessage, error)

	// BOSOptions returns BOS's options, all of them; nil as long as they are not known.
	BOSOptions(ctx context.Context) (json.RawMessage, error)
}

// Template is a session template.
type Template struct {
	Tenant string // "" for none
	Name   string
	Record json.RawMessage
}

// templates lists session templates.
func (h *handler) templates(w http.ResponseWriter, r *request) error {
	found, err := h.Templates.ListTemplates(r.Context(), tenantOf(r.Request))
	if err != nil {
		return err
	}
	records := make([]json.RawMessage, len(found))
	for i, t := range found {
		records[i] = t.Record
	}
	return send(w, records)
}

// template answers with one template's record.
func (h *handler) template(w http.ResponseWriter, r *request) error {
	record, err := h.findTemplate(r)
	if err != nil {
		return err
	}
	return send(w, record)
}

func (h *handler) findTemplate(r *request) (json.RawMessage, error) {
	tenant := tenantOf(r.Request)
	record, err := h.Templates.Template(r.Context(), tenant, r.id)
	if err == nil && record == nil {
		err = notFoundFor("Session template", tenant, r.id)
	}
	return record, err
}

// templateTemplate answers with an example that others can be made of.
// BOS: sessiontemplates.py, EXAMPLE_SESSION_TEMPLATE.
func (h *handler) templateTemplate(w http.ResponseWriter, _ *request) error {
	type cfs struct {
		Configuration string `json:"configuration"`
	}
	type bootSet struct {
		CFS              cfs      `json:"cfs"`
		Etag             string   `json:"etag"`
		KernelParameters string   `json:"kernel_parameters"`
		Nodes            []string `json:"node_list"`
		Path             string   `json:"path"`
		Rootfs           string   `json:"rootfs_provider"`
		RootfsPass       string   `json:"rootfs_provider_passthrough"`
		Type             string   `json:"type"`
	}
	return send(w, struct {
		BootSets  map[string]bootSet `json:"boot_sets"`
		CFS       cfs                `json:"cfs"`
		EnableCFS bool               `json:"enable_cfs"`
		Name      string             `json:"name"`
	}{
		BootSets: map[string]bootSet{"name_your_boot_set": {
			CFS: cfs{"bootset-specific-cfs-override"}, Etag: "boot-image-s3-etag", KernelParameters: "your-kernel-parameters",
			Nodes: []string{"xname1", "xname2", "xname3"}, Path: "s3://boot-images/boot-image-ims-id/manifest.json",
			Rootfs: "cpss3", RootfsPass: "dvs:api-gw-service-nmn.local:300:hsn0,nmn0:0", Type: "s3",
		}},
		CFS: cfs{"default-sessiontemplate-cfs-config"}, EnableCFS: true, Name: "name-your-template",
	})
}

// options answers with BOS's options. Until they are known, BOS's defaults would be a guess.
func (h *handler) options(w http.ResponseWriter, r *request) error {
	options, err := h.Templates.BOSOptions(r.Context())
	if err == nil && options == nil {
		err = bos.Errorf(bos.Unavailable, "the options of BOS have not been read yet: try again after the first sweep, or send this request to BOS")
	}
	if err != nil {
		return err
	}
	return send(w, options)
}

// noTemplates is a source that has no templates, and BOS's options as they are before
// anybody has changed them.
type noTemplates struct{}

// ListTemplates implements [Templates], as do the others.
func (noTemplates) ListTemplates(context.Context, string) ([]Template, error) { return nil, nil }

// Template returns none.
func (noTemplates) Template(context.Context, string, string) (json.RawMessage, error) {
	return nil, nil
}

// BOSOptions returns BOS's defaults. BOS: common/options.py, DEFAULTS.
func (noTemplates) BOSOptions(context.Context) (json.RawMessage, error) {
	return json.RawMessage(`{"bss_read_timeout":20,"cfs_read_timeout":20,"cleanup_completed_session_ttl":"7d","clear_stage":false,` +
		`"component_actual_state_ttl":"4h","default_retry_policy":3,"disable_components_on_completion":true,"discovery_frequency":300,` +
		`"hsm_read_timeout":20,"ims_errors_fatal":false,"ims_images_must_exist":false,"ims_read_timeout":20,"logging_level":"INFO",` +
		`"max_boot_wait_time":1200,"max_component_batch_size":2800,"max_power_off_wait_time":300,"max_power_on_wait_time":120,` +
		`"pcs_read_timeout":20,"polling_frequency":15,"reject_nids":false,"session_limit_required":false}`), nil
}
