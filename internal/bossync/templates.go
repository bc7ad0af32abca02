package bossync

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

const (
	templatesPath = "/v2/sessiontemplates"
	optionsPath   = "/v2/options"

	// templatesEvery is how many intervals lie between two readings of session templates
	// and options: administrators change them, a few times a day.
	templatesEvery = 20

	// How many bytes are taken over: of all templates, which a request for their list
	// reads at once, and of the options, which take about one KiB.
	maxTemplates = 8 << 20
	maxOptions   = 64 << 10
)

// templates is what is known of BOS's session templates and options.
type templates struct {
	due     time.Time                // when they are read again
	known   map[bos.TemplateKey]bool // those that BOS has, and those of sessions that it was asked about
	missing map[bos.TemplateKey]bool // stored, but not on BOS's list when that was last read
	problem string                   // what was wrong at the last reading; empty for nothing
}

// followTemplates reads session templates and options now and then, and when a session
// is of a template that is not known, and stores what has changed. What is wrong with
// them at BOS is no reason not to follow the rest.
func (f *follower) followTemplates(ctx context.Context, all []listed) error {
	t, now := &f.templates, f.now()
	if f.doubt != nil || now.Before(t.due) && !t.unknown(all) {
		return nil
	}
	// Due again in any case: a BOS whose templates can't be read is not asked for them in every sweep.
	t.due = now.Add(templatesEvery * f.interval)
	t.problem = ""
	known := map[bos.TemplateKey]bool{}
	// With the templates that sessions name and BOS has deleted: those would be asked for in every
	// sweep otherwise.
	for _, s := range all { // asked about now, whether or not there is such a template
		known[templateOf(s)] = true
	}
	t.known = known
	found, problem := f.listTemplates(ctx)
	if problem == nil {
		for key := range found {
			known[key] = true
		}
		if err := f.keepTemplates(ctx, found); err != nil {
			return err
		}
	}
	// Read even if the templates could not be: the account may have the right to one of the two.
	options, optionsProblem := f.readOptions(ctx)
	if optionsProblem == nil {
		if err := f.keepOptions(ctx, options); err != nil {
			return err
		}
	}
	for _, problem := range []error{problem, optionsProblem} {
		if problem != nil && ctx.Err() == nil {
			t.problem = shown(problem)
			f.log.Debug("reading session templates or options failed; keeping the known ones", reasons(problem)...)
		}
	}
	return nil
}

func templateOf(s listed) bos.TemplateKey {
	return bos.TemplateKey{Tenant: s.Tenant, Name: s.TemplateName}
}

// unknown says whether a session is of a template that BOS was not asked about.
func (t *templates) unknown(all []listed) bool {
	for _, s := range all {
		if !t.known[templateOf(s)] {
			return true
		}
	}
	return false
}

// listTemplates reads the templates of all tenants and of none. It leaves out, and notes as
// a problem, what has no name that can be one.
func (f *follower) listTemplates(ctx context.Context) (map[bos.TemplateKey]json.RawMessage, error) {
	found := map[bos.TemplateKey]json.RawMessage{}
	err := f.bos.get(ctx, templatesPath, nil, "", func(r io.Reader) error {
		return readList(bounded(r, maxTemplates), func(raw jsontext.Value) error {
			var record struct {
				Name   string `json:"name"`
				Tenant string `json:"tenant"`
			}
			err := jsonv2.Unmarshal(raw, &record, lenient)
			key := bos.TemplateKey{Tenant: record.Tenant, Name: record.Name}
			if err == nil {
				err = key.Check()
			}
			if err != nil { // the others are followed
				f.templates.problem = fmt.Sprintf("the session template %q from BOS can't be kept as it is: %v", key, err)
				return nil
			}
			text, err := compact(raw)
			found[key] = text
			return err
		})
	})
	return found, missing(err, f.bos, templatesPath)
}

// keepTemplates makes the stored templates those that were found. They are compared with
// what is stored, not with what this process remembers, as they are read rarely: so what
// Redis has lost is stored again. One that BOS no longer lists is removed when the
// next reading doesn't have it either, which then is that of the next sweep.
func (f *follower) keepTemplates(ctx context.Context, found map[bos.TemplateKey]json.RawMessage) error {
	stored, err := f.store.ListTemplates(ctx, "")
	if err != nil {
		return err
	}
	had := make(map[bos.TemplateKey]json.RawMessage, len(stored))
	gone := map[bos.TemplateKey]bool{}
	var remove []bos.TemplateKey
	for _, s := range stored {
		had[s.TemplateKey] = s.Record
		switch _, there := found[s.TemplateKey]; {
		case there:
		case f.templates.missing[s.TemplateKey]:
			remove = append(remove, s.TemplateKey)
		default:
			gone[s.TemplateKey] = true
			f.templates.due = time.Time{}
		}
	}
	f.templates.missing = gone
	var put []bos.Template
	for key, record := range found {
		if old, there := had[key]; !there || !bytes.Equal(old, record) {
			put = append(put, bos.Template{TemplateKey: key, Record: record})
		}
	}
	return f.store.KeepTemplates(ctx, put, remove)
}

// readOptions reads BOS's options: a JSON object. Its fields are not checked, so that options of
// another version of BOS are passed on as they are.
func (f *follower) readOptions(ctx context.Context) (json.RawMessage, error) {
	var options json.RawMessage
	err := f.bos.get(ctx, optionsPath, nil, "", func(r io.Reader) error {
		text, err := io.ReadAll(bounded(r, maxOptions))
		if err != nil {
			return err
		}
		if jsontext.Value(text).Kind() != '{' {
			return errors.New("the options are no object")
		}
		options, err = compact(text)
		return err
	})
	return options, missing(err, f.bos, optionsPath)
}

func (f *follower) keepOptions(ctx context.Context, options json.RawMessage) error {
	stored, err := f.store.ReadOptions(ctx)
	if err != nil || bytes.Equal(stored, options) {
		return err
	}
	return f.store.KeepOptions(ctx, options)
}

// compact is a value without the blanks between its tokens, in which numbers and texts
// are as they were.
func compact(raw []byte) (json.RawMessage, error) {
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return b.Bytes(), err
}

// bounded reads what is not larger than most bytes, and fails beyond with an error that
// [client.get] knows.
func bounded(r io.Reader, most int64) io.Reader {
	return http.MaxBytesReader(nil, io.NopCloser(r), most)
}
