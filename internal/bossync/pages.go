package bossync

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// pager finds out how large a page BOS bears.
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

func newPager(most int) pager { return pager{size: most, most: most, patience: firstPatience} }

// failed makes pages smaller. What was too large before will be so again, most likely:
// it is tried less and less often.
func (p *pager) failed() {
	if p.trying {
		p.patience = min(2*p.patience, mostPatience)
	}
	p.size, p.whole, p.trying = max(p.size/2, leastPage), 0, false
}

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
	digests []uint64          // of the records of changed
	unfit   map[string]string // ids of records that can't be read, and why
}

// readPage reads the page after an id. A page on which something comes twice, here or
// in this sweep, is none.
func (f *follower) readPage(ctx context.Context, after string) (page, error) {
	query := url.Values{"page_size": {strconv.Itoa(f.pager.size)}}
	if after != "" {
		query.Set("start_after_id", after)
	}
	p := page{unfit: map[string]string{}}
	err := f.bos.get(ctx, componentsPath, query, "", func(r io.Reader) error {
		return readList(r, func(raw jsontext.Value) error { return f.take(&p, raw) })
	})
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
	f.components[id] = mirrored{digest: known.digest, sweep: f.sweeps}
	digest := digestOf(raw)
	p.ids = append(p.ids, id)
	if known.digest == digest {
		return nil
	}
	c, err := decodeComponent(raw)
	if err != nil {
		p.unfit[id] = err.Error()
		return nil
	}
	p.changed, p.digests = append(p.changed, c), append(p.digests, digest)
	return nil
}

// maxIDs is how long a list of ids in a request gets, in bytes: some servers take no
// longer request lines than 4 KiB.
const maxIDs = 3000

// still asks BOS which of those components it has. It answers for as many of them as
// one request can name. An empty list is cheap to get wrong, so one of them is asked for
// under its own address, too.
func (f *follower) still(ctx context.Context, ids []string) (asked int, there map[string]bool, err error) {
	length := 0
	for asked < len(ids) && (asked == 0 || length+len(ids[asked]) < maxIDs) {
		length += len(ids[asked]) + len("%2C")
		asked++
	}
	there = map[string]bool{}
	query := url.Values{"ids": {strings.Join(ids[:asked], ",")}}
	err = f.bos.get(ctx, componentsPath, query, "", func(r io.Reader) error {
		return readList(r, func(raw jsontext.Value) error {
			id, err := idOf(raw)
			there[id] = true
			return err
		})
	})
	if err != nil || len(there) > 0 {
		return asked, there, missing(err, f.bos, componentsPath)
	}
	err = f.bos.get(ctx, componentsPath+"/"+url.PathEscape(ids[0]), nil, "", discard)
	switch {
	case err == nil:
		there[ids[0]] = true
	case errors.Is(err, errMissing):
		err = nil
	}
	return asked, there, err
}

// discard reads an answer of which it only matters that it comes.
func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
