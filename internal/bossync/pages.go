package bossync

import (
	"context"
	"io"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// pager finds out how large a page BOS can handle.
type pager struct {
	size, most int
	patience   int  // sweeps that have to go well before larger pages are tried
	whole      int  // that went well in a row
	trying     bool // pages have just become larger
}

const (
	leastPage     = 100 // how small a page gets
	firstPatience = 20
	mostPatience  = 1000
)

// newPager begins with the largest pages: BOS looks at all components for every page, so few large
// ones cost it least.
func newPager(most int) pager { return pager{size: most, most: most, patience: firstPatience} }

// failed makes pages smaller. What was too large before will be so again, most likely:
// it is tried less and less often.
func (p *pager) failed() {
	if p.trying {
		p.patience = min(2*p.patience, mostPatience)
	}
	p.size, p.whole, p.trying = max(p.size/2, leastPage), 0, false
}

// wentWell makes pages larger again after some sweeps without a failure: what made BOS slow
// may be over.
func (p *pager) wentWell() {
	p.whole++
	if p.trying = p.whole >= p.patience && p.size < p.most; p.trying {
		p.size, p.whole = min(2*p.size, p.most), 0
	}
}

// page is what of a page of components is new.
type page struct {
	ids     []string // of all that is on it
	changed []bos.Component
	digests []uint64         // of the records of changed
	unfit   map[string]unfit // records that can't be read, or not kept as they are, by id
}

// readPage reads the page after an id. A page on which something comes twice, here or
// in this sweep, is none.
func (f *follower) readPage(ctx context.Context, after string) (page, error) {
	query := url.Values{"page_size": {strconv.Itoa(f.pager.size)}}
	if after != "" {
		query.Set("start_after_id", after)
	}
	p := page{unfit: map[string]unfit{}}
	err := f.bos.get(ctx, componentsPath, query, "", func(r io.Reader) error {
		return readList(r, func(raw jsontext.Value) error { return f.take(&p, raw) })
	})
	// More than it was asked for means that BOS has not read the parameters, start_after_id among
	// them: the next page would be the same one.
	if err == nil && len(p.ids) > f.pager.size {
		err = f.bos.failed(componentsPath, "it answered more components than it was asked for", nil)
	}
	return p, missing(err, f.bos, componentsPath)
}

// take notes one record of a page, and that its component was seen. One that was
// seen already in this sweep shows that BOS repeats itself.
func (f *follower) take(p *page, raw jsontext.Value) error {
	id, err := idOf(raw)
	if err != nil {
		return err
	}
	known := f.components[id]
	if known.sweep == f.sweeps {
		return f.bos.failed(componentsPath, "it answers the same components again", nil)
	}
	// Seen, whether or not the rest can be read: an unfit record is no reason to remove what is
	// stored of the component.
	f.components[id] = mirrored{digest: known.digest, sweep: f.sweeps, member: known.member}
	digest := digestOf(raw)
	p.ids = append(p.ids, id)
	if known.digest == digest {
		return nil
	}
	c, misfit, err := decodeComponent(raw)
	if err != nil {
		// Not the digest of what is stored: that record may come again, and has to be noticed then.
		f.components[id] = mirrored{sweep: f.sweeps, member: known.member}
		p.unfit[id] = unfit{why: err.Error(), member: known.member || mayBeMember(raw)}
		return nil
	}
	if misfit != nil {
		p.unfit[id] = unfit{why: misfit.Error(), counted: true}
	}
	p.changed, p.digests = append(p.changed, c), append(p.digests, digest)
	return nil
}
