package bosfake

import (
	"context"
	"net/http"
	"path"
	"slices"
	"time"
)

// Fault is something that goes wrong with requests. Several parts may be set, and a
// request may meet several faults: all of it happens to it.
type Fault struct {
	Path  string // which requests: a pattern of [path.Match]; "" for all
	Skip  int    // so many of them pass unharmed before
	Times int    // and so many are met; 0 for all until it is lifted

	Until <-chan struct{} // the answer is held back until this is closed
	Delay time.Duration   // and then as long; the end of the request ends both
	Drop  bool            // the connection is closed without an answer

	Status int  // answer with this, and a problem of BOS
	HTML   bool // or with the page of a gateway instead of the problem

	IgnoreAfter bool     // a page repeats: start_after_id is ignored
	PageAtMost  int      // a page has no more than so many, though there are more; 0 for no such limit
	Empty       bool     // a list is empty
	Without     []string // a list lacks those of these ids or names

	ContentType   string // instead of the right one
	Pad           int    // so many blanks before the body
	CutBody       bool   // the first half of the body comes, with a length that fits
	CutConnection bool   // the connection ends after the first half of the body

	gates []<-chan struct{} // Until of all faults that are added up here
}

// Injected is a fault that has been ordered.
type Injected struct {
	b     *BOS
	fault Fault
	met   int
	first chan struct{}
}

// Inject orders a fault.
func (b *BOS) Inject(f Fault) *Injected {
	if _, err := path.Match(f.Path, ""); err != nil {
		panic("bosfake: " + f.Path + ": " + err.Error())
	}
	i := &Injected{b: b, fault: f, first: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, i)
	return i
}

// Lift ends the fault for requests that have not arrived yet.
func (i *Injected) Lift() {
	i.b.mu.Lock()
	defer i.b.mu.Unlock()
	i.b.faults = slices.DeleteFunc(i.b.faults, func(other *Injected) bool { return other == i })
}

// Met is closed once a request has met the fault.
func (i *Injected) Met() <-chan struct{} { return i.first }

// Count is how many requests have met the fault.
func (i *Injected) Count() int {
	i.b.mu.Lock()
	defer i.b.mu.Unlock()
	return i.met
}

// meet returns all that is to happen to a request, as one fault.
func (b *BOS) meet(requested string) *Fault {
	all := &Fault{}
	for _, i := range b.faults {
		f := &i.fault
		matches, _ := path.Match(f.Path, requested)
		switch {
		case !matches && f.Path != "":
		case f.Skip > 0:
			f.Skip--
		case f.Times == 0 || i.met < f.Times:
			if i.met++; i.met == 1 {
				close(i.first)
			}
			all.add(f)
		}
	}
	return all
}

// add lets another fault happen, too.
func (f *Fault) add(o *Fault) {
	if o.Until != nil {
		f.gates = append(f.gates, o.Until)
	}
	f.Delay += o.Delay
	f.Drop = f.Drop || o.Drop
	if o.Status != 0 {
		f.Status = o.Status
	}
	f.HTML = f.HTML || o.HTML
	f.IgnoreAfter = f.IgnoreAfter || o.IgnoreAfter
	if f.PageAtMost == 0 || o.PageAtMost != 0 && o.PageAtMost < f.PageAtMost {
		f.PageAtMost = o.PageAtMost
	}
	f.Empty = f.Empty || o.Empty
	f.Without = slices.Concat(f.Without, o.Without)
	if o.ContentType != "" {
		f.ContentType = o.ContentType
	}
	f.Pad += o.Pad
	f.CutBody = f.CutBody || o.CutBody
	f.CutConnection = f.CutConnection || o.CutConnection
}

// wait holds an answer back. An error means that nobody waits for it any more.
func (f *Fault) wait(ctx context.Context) error {
	for _, gate := range f.gates {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return pause(ctx, f.Delay)
}

// failure is the answer of a BOS that fails, or of a gateway that can't reach it.
func (f *Fault) failure() answer {
	says := http.StatusText(f.Status)
	switch {
	case f.HTML:
		return text(f.Status, "text/html", "<html><head><title>"+says+"</title></head><body><h1>"+says+"</h1></body></html>\n")
	case f.Status == http.StatusServiceUnavailable:
		return problem(f.Status, "Unable to connect to the Redis database", "Connection refused.")
	default:
		return problem(f.Status, says, "This was ordered")
	}
}

// lacks says whether a list comes without that item.
func (f *Fault) lacks(id string) bool { return f.Empty || slices.Contains(f.Without, id) }
