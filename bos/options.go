package bos

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
)

// Options are the options of a BOS. A field is nil where BOS has no such option. What has
// no field here, or a value of another type, is in Other, so that nothing is lost.
// BOS: src/bos/common/options.py, DEFAULTS, as of v2.50.
type Options struct {
	BSSReadTimeout                *int    // seconds
	CFSReadTimeout                *int    // seconds
	CleanupCompletedSessionTTL    *string // as "7d"; "0" for never
	ClearStage                    *bool
	ComponentActualStateTTL       *string // as "4h"
	DefaultRetryPolicy            *int
	DisableComponentsOnCompletion *bool
	DiscoveryFrequency            *int // seconds
	HSMReadTimeout                *int // seconds
	IMSErrorsFatal                *bool
	IMSImagesMustExist            *bool
	IMSReadTimeout                *int // seconds
	LoggingLevel                  *string
	MaxBootWaitTime               *int // seconds
	MaxComponentBatchSize         *int
	MaxPowerOffWaitTime           *int // seconds
	MaxPowerOnWaitTime            *int // seconds
	PCSReadTimeout                *int // seconds
	PollingFrequency              *int // seconds
	RejectNIDs                    *bool
	SessionLimitRequired          *bool
	Other                         []Option // ascending by name
}

// Option is an option that [Options] has no field for.
type Option struct {
	Name  string // as BOS writes it, in snake_case
	Value string // JSON
}

// ParseOptions reads BOS's record of its options, a JSON object.
func ParseOptions(record json.RawMessage) *Options {
	o := &Options{}
	take := map[string]func(json.RawMessage) bool{
		"bss_read_timeout":                 number(&o.BSSReadTimeout),
		"cfs_read_timeout":                 number(&o.CFSReadTimeout),
		"cleanup_completed_session_ttl":    into(&o.CleanupCompletedSessionTTL),
		"clear_stage":                      into(&o.ClearStage),
		"component_actual_state_ttl":       into(&o.ComponentActualStateTTL),
		"default_retry_policy":             number(&o.DefaultRetryPolicy),
		"disable_components_on_completion": into(&o.DisableComponentsOnCompletion),
		"discovery_frequency":              number(&o.DiscoveryFrequency),
		"hsm_read_timeout":                 number(&o.HSMReadTimeout),
		"ims_errors_fatal":                 into(&o.IMSErrorsFatal),
		"ims_images_must_exist":            into(&o.IMSImagesMustExist),
		"ims_read_timeout":                 number(&o.IMSReadTimeout),
		"logging_level":                    into(&o.LoggingLevel),
		"max_boot_wait_time":               number(&o.MaxBootWaitTime),
		"max_component_batch_size":         number(&o.MaxComponentBatchSize),
		"max_power_off_wait_time":          number(&o.MaxPowerOffWaitTime),
		"max_power_on_wait_time":           number(&o.MaxPowerOnWaitTime),
		"pcs_read_timeout":                 number(&o.PCSReadTimeout),
		"polling_frequency":                number(&o.PollingFrequency),
		"reject_nids":                      into(&o.RejectNIDs),
		"session_limit_required":           into(&o.SessionLimitRequired),
	}
	fields := fieldsOf(record)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if known := take[name]; known == nil || !known(fields[name]) {
			o.Other = append(o.Other, Option{Name: name, Value: string(fields[name])})
		}
	}
	return o
}

// into takes values of one type; what it refuses leaves the field as it is.
func into[T any](to **T) func(json.RawMessage) bool {
	return func(text json.RawMessage) bool {
		var value *T
		if json.Unmarshal(text, &value) != nil {
			return false
		}
		*to = value
		return true
	}
}

// number takes what GraphQL's Int can show: 32 bits.
func number(to **int) func(json.RawMessage) bool {
	return func(text json.RawMessage) bool {
		var value *int
		if !into(&value)(text) || value != nil && (*value < math.MinInt32 || *value > math.MaxInt32) {
			return false
		}
		*to = value
		return true
	}
}
