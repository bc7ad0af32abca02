package bosfake

import (
	"net/http"
	"slices"

	"github.com/bosgraph/bosgraph/bos"
)

// defaultOptions are those of a BOS that nobody has changed.
// Cray-HPE/bos: src/bos/common/options.py, DEFAULTS.
const defaultOptions = `{"bss_read_timeout":20,"cfs_read_timeout":20,"cleanup_completed_session_ttl":"7d","clear_stage":false,` +
	`"component_actual_state_ttl":"4h","default_retry_policy":3,"disable_components_on_completion":true,"discovery_frequency":300,` +
	`"hsm_read_timeout":20,"ims_errors_fatal":false,"ims_images_must_exist":false,"ims_read_timeout":20,"logging_level":"INFO",` +
	`"max_boot_wait_time":1200,"max_component_batch_size":2800,"max_power_off_wait_time":300,"max_power_on_wait_time":120,` +
	`"pcs_read_timeout":20,"polling_frequency":15,"reject_nids":false,"session_limit_required":false}`

// PutTemplate creates a session template, or replaces one: a JSON object, answered as it
// is. Its name and tenant have to be those of the key.
func (b *BOS) PutTemplate(key bos.TemplateKey, record string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.templates[key] = []byte(record)
}

// DeleteTemplate removes a session template.
func (b *BOS) DeleteTemplate(key bos.TemplateKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.templates[key] == nil {
		panic("bosfake: there is no session template " + key.String())
	}
	delete(b.templates, key)
}

// SetOptions replaces BOS's options: a JSON object, answered as it is.
func (b *BOS) SetOptions(record string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.options = []byte(record)
}

// getTemplates lists session templates. BOS: in no order, those of everybody without a
// tenant, and an empty list for a tenant that is not known (controllers/v2/sessiontemplates.py).
func (b *BOS) getTemplates(r *http.Request, _ *Fault) answer {
	var keys []bos.TemplateKey
	for key := range b.templates {
		if tenant := tenantOf(r); tenant == "" || tenant == key.Tenant {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, bos.TemplateKey.Compare)
	items := make([][]byte, len(keys))
	for i, key := range keys {
		items[i] = b.templates[key]
	}
	return list(items)
}

func (b *BOS) getTemplate(r *http.Request, _ *Fault) answer {
	tenant, name := tenantOf(r), r.PathValue("id")
	if record := b.templates[bos.TemplateKey{Tenant: tenant, Name: name}]; record != nil {
		return object(record)
	}
	what := "Session template"
	if tenant != "" {
		what += " for tenant '" + tenant + "'"
	}
	return notFound(what, name)
}

// getTemplateValidity finds every image in order.
// Cray-HPE/bos: src/bos/server/controllers/v2/boot_set/validate.py.
func (b *BOS) getTemplateValidity(r *http.Request, fault *Fault) answer {
	found := b.getTemplate(r, fault)
	if found.status != http.StatusOK {
		return found
	}
	if sets, _ := decode(found.parts[0])["boot_sets"].(Record); len(sets) == 0 {
		return object(encode("Session template '" + r.PathValue("id") + "' requires at least 1 boot set."))
	}
	return object(encode("Valid"))
}

// getTemplateExample answers with BOS's example.
// Cray-HPE/bos: src/bos/server/controllers/v2/sessiontemplates.py, EXAMPLE_SESSION_TEMPLATE.
func getTemplateExample(*http.Request, *Fault) answer {
	return object(encode(Record{
		"boot_sets": Record{"name_your_boot_set": Record{
			"cfs": Record{"configuration": "bootset-specific-cfs-override"}, "etag": "boot-image-s3-etag",
			"kernel_parameters": "your-kernel-parameters", "node_list": []string{"xname1", "xname2", "xname3"},
			"path": "s3://boot-images/boot-image-ims-id/manifest.json", "rootfs_provider": "cpss3",
			"rootfs_provider_passthrough": "dvs:api-gw-service-nmn.local:300:hsn0,nmn0:0", "type": "s3",
		}},
		"cfs": Record{"configuration": "default-sessiontemplate-cfs-config"}, "enable_cfs": true, "name": "name-your-template",
	}))
}

func (b *BOS) getOptions(*http.Request, *Fault) answer { return object(b.options) }
