package webhooks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// errorGroups is how many groups of errors a body has at most.
const errorGroups = 10

// message is a CloudEvent. Its data uses the names of the GraphQL API.
type message struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject,omitempty"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	Data            data   `json:"data"`
}

type data struct {
	Event   string   `json:"event"`
	Outcome string   `json:"outcome,omitempty"` // of a session that has ended
	Above   int      `json:"failuresAbove,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	Link    string   `json:"link,omitempty"`
	Session *session `json:"session,omitempty"`
	Status  *status  `json:"status,omitempty"`
}

type session struct {
	ID           string  `json:"id"`
	Name         string  `json:"name"`
	Tenant       *string `json:"tenant"`
	Operation    string  `json:"operation"`
	TemplateName string  `json:"templateName"`
	Limit        string  `json:"limit"`
	Source       string  `json:"source"`
	Error        *string `json:"error"`
	Deleted      bool    `json:"deleted"`
}

type status struct {
	Status            string         `json:"status"`
	Revision          int64          `json:"revision"`
	Managed           int            `json:"managedComponentsCount"`
	PercentStaged     float64        `json:"percentStaged"`
	PercentSuccessful float64        `json:"percentSuccessful"`
	PercentFailed     float64        `json:"percentFailed"`
	Phases            phases         `json:"phases"`
	Counts            map[string]int `json:"counts"`
	ErrorSummary      []errorSummary `json:"errorSummary"`
	ErrorGroupCount   int            `json:"errorGroupCount"`
	Timing            timing         `json:"timing"`
	FromSnapshot      bool           `json:"fromSnapshot"`
}

type phases struct {
	PercentComplete    float64 `json:"percentComplete"`
	PercentConfiguring float64 `json:"percentConfiguring"`
	PercentPoweringOff float64 `json:"percentPoweringOff"`
	PercentPoweringOn  float64 `json:"percentPoweringOn"`
}

type errorSummary struct {
	Message string `json:"message"`
	Count   int    `json:"count"`
	List    string `json:"list"`
}

type timing struct {
	StartTime       string  `json:"startTime"`
	EndTime         *string `json:"endTime"`
	Duration        string  `json:"duration"`
	DurationSeconds float64 `json:"durationSeconds"`
}

// body is what a target gets of an event.
func (c *Config) body(t *Target, e *bos.Event, namespace string) ([]byte, error) {
	m := c.message(e, namespace)
	if e.Kind == bos.EventSyncLost && !t.serves("") {
		m.Data.Reason = hiddenReason
	}
	cloud, err := json.Marshal(m)
	if err != nil || t.body == nil {
		return cloud, err
	}
	return execute(t.body, cloud)
}

// hiddenReason is for targets of tenants: what is wrong at BOS may name what others own, and is for those who may read operations.
const hiddenReason = "the sync from BOS does not work"

// message makes the CloudEvent. The errors and details of a session are those that were read last,
// if any were; all else is as it was when the event happened.
func (c *Config) message(e *bos.Event, namespace string) message {
	m := message{
		SpecVersion: "1.0", ID: e.ID, Source: "urn:bosgraph:" + namespace, Type: typePrefix + string(e.Kind) + typeSuffix,
		Time: e.Time.UTC().Format(time.RFC3339Nano), DataContentType: plainType,
		Data: data{Event: string(e.Kind), Above: e.Above, Reason: e.Reason},
	}
	if c.server != "" {
		m.Source, m.Data.Link = c.server, c.server+"/"
	}
	s := e.Session
	if s == nil {
		return m
	}
	m.Subject = strings.TrimPrefix(s.SessionKey.String(), "/")
	m.Data.Session = &session{
		ID: s.ID(), Name: s.Name, Operation: strings.ToUpper(string(s.Operation)), TemplateName: s.TemplateName,
		Source: strings.ToUpper(string(s.Source)), Deleted: s.Deleted,
	}
	query := url.Values{}
	if s.Tenant != "" {
		m.Data.Session.Tenant = &s.Tenant
		query.Set("tenant", s.Tenant)
	}
	if s.Details != nil {
		m.Data.Session.Limit = s.Details.Limit
		if s.Details.Error != "" {
			m.Data.Session.Error = &s.Details.Error
		}
	}
	if c.server != "" {
		m.Data.Link = c.server + "/sessions/" + url.PathEscape(s.Name)
		if len(query) > 0 {
			m.Data.Link += "?" + query.Encode()
		}
	}
	m.Data.Status = statusOf(s.Status)
	if e.Kind == bos.EventCompleted {
		m.Data.Outcome = outcomeOf(s)
	}
	return m
}

// outcomeOf is how a session has ended.
func outcomeOf(s *bos.Session) string {
	if s.State == bos.StateComplete && s.Details != nil && s.Details.Error != "" {
		return "setup_failed"
	}
	return string(s.Outcome())
}

func statusOf(s *bos.Status) *status {
	p, t := s.Phases(), s.Tally
	made := &status{
		Status: strings.ToUpper(string(s.State())), Revision: s.Revision, Managed: s.Managed(),
		PercentStaged: s.PercentStaged(), PercentSuccessful: s.PercentSuccessful(), PercentFailed: s.PercentFailed(),
		Phases: phases{p.PercentComplete, p.PercentConfiguring, p.PercentPoweringOff, p.PercentPoweringOn},
		Counts: map[string]int{
			"managed": t.Managed, "staged": t.Staged, "successful": t.Successful, "failed": t.Failed, "complete": t.Complete(),
			"configuring": t.Configuring, "poweringOff": t.PoweringOff, "poweringOn": t.PoweringOn, "active": t.Active,
		},
		ErrorSummary: []errorSummary{}, ErrorGroupCount: s.GroupCount, FromSnapshot: s.FromSnapshot,
		Timing: timing{
			StartTime: s.Timing.StartTime.RFC3339(), Duration: bos.DurationText(s.Timing.Duration), DurationSeconds: s.Timing.Seconds(),
		},
	}
	if s.Timing.EndTime != "" {
		end := s.Timing.EndTime.RFC3339()
		made.Timing.EndTime = &end
	}
	for i := range s.Errors {
		g := &s.Errors[i]
		made.ErrorSummary = append(made.ErrorSummary, errorSummary{g.Message, g.Count, g.List()})
	}
	return made
}

// parseBody reads the template of a body, and tries it on an event of every kind.
func parseBody(text string) (*template.Template, error) {
	body := template.New("bodyFile").Option("missingkey=zero")
	// render makes a text of a template that is defined in the file, for the function json to quote.
	render := func(name string, event any) (string, error) {
		var text strings.Builder
		err := body.ExecuteTemplate(&text, name, event)
		return text.String(), err
	}
	if _, err := body.Funcs(template.FuncMap{"json": quoteJSON, "render": render}).Parse(text); err != nil {
		return nil, fmt.Errorf("bodyFile: it is not a template: %w", err)
	}
	for _, kind := range append(bos.EventKinds, testEvent) {
		cloud, err := json.Marshal((&Config{}).message(example(kind), "bosgraph"))
		if err == nil {
			_, err = execute(body, cloud)
		}
		if err != nil {
			return nil, fmt.Errorf("bodyFile: for an event %s: %w", kind, err)
		}
	}
	return body, nil
}

// execute makes a body of a template. What it may use is what the CloudEvent has, under the same names.
func execute(body *template.Template, cloud []byte) ([]byte, error) {
	var event any
	decoder := json.NewDecoder(bytes.NewReader(cloud))
	decoder.UseNumber()
	if err := decoder.Decode(&event); err != nil {
		return nil, err
	}
	var made bytes.Buffer
	if err := body.Execute(&made, plain(event)); err != nil {
		return nil, err
	}
	if !json.Valid(made.Bytes()) {
		return nil, fmt.Errorf("it makes no JSON: write values with the function json, as in {\"text\": {{json .data.event}}}; it made %q", clip(made.String()))
	}
	return made.Bytes(), nil
}

// plain makes integers of the numbers that are such: templates compare and print them as people do.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			v[name] = plain(value)
		}
	case []any:
		for i, value := range v {
			v[i] = plain(value)
		}
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		n, _ := v.Float64() // it was made from one
		return n
	}
	return v
}

// quoteJSON is the function json of templates.
func quoteJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}

// clip is the beginning of a text that comes from elsewhere.
func clip(text string) string {
	const most = 200
	return strings.ToValidUTF8(text[:min(len(text), most)], "?")
}

// example is an event to try a target or a template with.
func example(kind bos.EventKind) *bos.Event {
	e := &bos.Event{ID: "example", Kind: kind, Time: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC), Reason: "an example"}
	switch kind {
	case bos.EventSyncLost, bos.EventSyncRestored:
		return e
	}
	s := &bos.Session{
		Incarnation: "EXAMPLE", SessionKey: bos.SessionKey{Name: "example"}, Operation: bos.OperationBoot, TemplateName: "compute",
		Source: bos.SourceBOS, State: bos.StateRunning, StartTime: "2026-11-22T09:00:00Z", Details: &bos.SessionDetails{},
	}
	s.Status = &bos.Status{
		Session: s, Revision: 42, Tally: bos.Tally{Managed: 100, Successful: 97, Failed: 1, PoweringOn: 2, Active: 2}, GroupCount: 1,
		Errors: []bos.ErrorGroup{{Message: "unable to reach the node's BMC", Count: 1, First: []string{"x1000c0s0b0n0"}}},
		Timing: bos.Timing{StartTime: s.StartTime, Duration: 30 * time.Minute},
	}
	switch kind {
	case bos.EventCompleted:
		s.State, s.EndTime, s.Status.Timing.EndTime = bos.StateComplete, "2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z"
		s.Status.Tally, s.Status.FromSnapshot = bos.Tally{Managed: 100, Successful: 99, Failed: 1}, true
	case bos.EventFailuresAbove:
		e.Above = defaultShare
	}
	e.Session = s
	return e
}
