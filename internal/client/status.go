package client

import (
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// Status is the status of a session. Its fields are those of SessionStatus in the
// schema, which says what they mean, and have their names in JSON, too.
type Status struct {
	Session         SessionRecord `json:"session"`
	Status          string        `json:"status"`
	Revision        int64         `json:"revision"`
	Epoch           string        `json:"epoch"`
	Managed         int           `json:"managedComponentsCount"`
	PercentStaged   float64       `json:"percentStaged"`
	PercentDone     float64       `json:"percentSuccessful"`
	PercentFailed   float64       `json:"percentFailed"`
	Phases          Phases        `json:"phases"`
	Counts          Counts        `json:"counts"`
	ErrorSummary    []ErrorGroup  `json:"errorSummary"` // the largest, see Groups
	ErrorGroupCount int           `json:"errorGroupCount"`
	Timing          Timing        `json:"timing"`
	EstimatedEnd    *time.Time    `json:"estimatedEndTime"`
	FromSnapshot    bool          `json:"fromSnapshot"`
	Note            *string       `json:"statusNote"`
	Stale           bool          `json:"stale"`
	AsOf            time.Time     `json:"asOf"`
}

// SessionRecord is what a session is, apart from how far it is.
type SessionRecord struct {
	Name         string  `json:"name"`
	Tenant       *string `json:"tenant"`
	Operation    string  `json:"operation"`
	TemplateName string  `json:"templateName"`
	Error        *string `json:"error"`
}

// Phases are percentages of the managed components.
type Phases struct {
	Complete    float64 `json:"percentComplete"`
	Configuring float64 `json:"percentConfiguring"`
	PoweringOff float64 `json:"percentPoweringOff"`
	PoweringOn  float64 `json:"percentPoweringOn"`
}

// Counts are the integers behind all percentages.
type Counts struct {
	Managed     int `json:"managed"`
	Staged      int `json:"staged"`
	Successful  int `json:"successful"`
	Failed      int `json:"failed"`
	Complete    int `json:"complete"`
	Configuring int `json:"configuring"`
	PoweringOff int `json:"poweringOff"`
	PoweringOn  int `json:"poweringOn"`
	Active      int `json:"active"`
}

// Result is how components have come out by these counts and by the percentages beside them.
func (c Counts) Result(managed int, successful, failed float64) bos.Result {
	return bos.Result{Managed: managed, PercentSuccessful: successful, PercentFailed: failed,
		Tally: bos.Tally{Managed: c.Managed, Successful: c.Successful, Failed: c.Failed}}
}

// ErrorGroup is an error and who has it.
type ErrorGroup struct {
	Message string `json:"message"`
	Count   int    `json:"count"`
	List    string `json:"list"`
}

// Timing is when a session started and ended, and how long it took.
type Timing struct {
	StartTime       time.Time  `json:"startTime"`
	EndTime         *time.Time `json:"endTime"`
	Duration        string     `json:"duration"`
	DurationSeconds float64    `json:"durationSeconds"`
}

// The states of a session.
const (
	Pending  = "PENDING"
	Running  = "RUNNING"
	Complete = "COMPLETE"
)

// The operations that do not go through all phases.
const (
	Boot     = "BOOT"
	Shutdown = "SHUTDOWN"
)

// Groups is how many error groups a Status has at most.
const Groups = 10

// followStatus selects all of Status.
const followStatus = `subscription($name: String!, $tenant: String, $interval: Int, $revision: Revision, $epoch: String, $groups: Int) {
	sessionStatusUpdated(name: $name, tenant: $tenant, minInterval: $interval, sinceRevision: $revision, sinceEpoch: $epoch) {
		session { name tenant operation templateName error }
		status revision epoch managedComponentsCount percentStaged percentSuccessful percentFailed
		phases { percentComplete percentConfiguring percentPoweringOff percentPoweringOn }
		counts { managed staged successful failed complete configuring poweringOff poweringOn active }
		errorSummary(first: $groups) { message count list } errorGroupCount
		timing { startTime endTime duration durationSeconds }
		estimatedEndTime fromSnapshot statusNote stale asOf
	}
}`
