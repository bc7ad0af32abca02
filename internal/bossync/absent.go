package bossync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bosgraph/bosgraph/bos"
)

// absent is what is stored and was not seen in a sweep that has read all of BOS.
type absent struct {
	components []string         // ids, ascending
	live       []bos.SessionKey // sessions that were not complete
	complete   []bos.SessionKey // and those that were
}

func (f *follower) absent() absent {
	var a absent
	for id, known := range f.components {
		if known.sweep != f.sweeps {
			a.components = append(a.components, id)
		}
	}
	for key, known := range f.sessions {
		switch {
		case known.sweep == f.sweeps:
		case known.state == bos.StateComplete:
			a.complete = append(a.complete, key)
		default:
			a.live = append(a.live, key)
		}
	}
	// In order, so that those that are asked for by name are spread over the whole system.
	slices.Sort(a.components)
	for _, keys := range [][]bos.SessionKey{a.live, a.complete} {
		slices.SortFunc(keys, func(x, y bos.SessionKey) int { return cmp.Compare(x.String(), y.String()) })
	}
	return a
}

const (
	// mostAsked is how many components, and how many sessions, BOS is asked for by name
	// in one sweep. Such a request costs it one read, a list all of its components.
	mostAsked = 20
	// mostDropped is how many complete sessions are removed in one sweep: BOS is asked
	// for each.
	mostDropped = 100
)

// remove removes what BOS does not have any more. It is asked by name for what is
// missing, or for some of that where it is much: a list that lacks what BOS has removes
// nothing. Nothing else asks with lists of ids: BOS allows 127 characters of them, and
// goes through all of its components for each.
func (f *follower) remove(ctx context.Context, a absent) error {
	if err := f.confirm(ctx, a); err != nil {
		return err
	}
	believed, err := f.believes(ctx, a)
	if err != nil || !believed {
		return err
	}
	// What the doubt began with has been missing in all of its sweeps. Otherwise two sweeps must agree,
	// unless each component was asked for by name.
	since := f.before // what was missing in the last whole sweep, too
	if f.doubt != nil {
		since = f.doubt.first
	} else if len(a.components) <= mostAsked {
		since = f.sweeps // BOS was asked for each of them
	}
	if err := f.dropSessions(ctx, a, since); err != nil {
		return err
	}
	if err := f.dropComponents(ctx, a.components, since); err != nil {
		return err
	}
	if f.doubt == nil {
		return nil
	}
	f.doubt = nil
	_, err = f.believes(ctx, f.absent()) // what has vanished since the doubt began is another loss
	return err
}

// confirm asks BOS for what it did not list. Its error says that BOS has some of it, or
// can't be asked.
func (f *follower) confirm(ctx context.Context, a absent) error {
	// Spread over all that is missing: some may be deleted and others only left out of the list, and
	// the first ones need not be of both kinds.
	for _, id := range spread(a.components, mostAsked) {
		there, err := f.has(ctx, componentsPath+"/"+url.PathEscape(id), "", func(raw jsontext.Value) bool {
			got, err := idOf(raw)
			return err == nil && got == id
		})
		if err != nil {
			return err
		}
		if there {
			f.doubt = nil // it was the list
			return f.bos.failed(componentsPath, fmt.Sprintf("it left out components that it has, %q among them", id), nil)
		}
	}
	for _, key := range spread(a.live, mostAsked) {
		if err := f.confirmSession(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) confirmSession(ctx context.Context, key bos.SessionKey) error {
	there, err := f.has(ctx, sessionPath(key.Name), key.Tenant, func(raw jsontext.Value) bool {
		got, err := keyOf(raw)
		return err == nil && got.Name == key.Name
	})
	if err == nil && there {
		f.doubt = nil // it was the list that was wrong
		err = f.bos.failed(sessionsPath, fmt.Sprintf("it left out session %q, which it has", key.Name), nil)
	}
	return err
}

// has asks BOS for one record by its name. An answer about another record is an error, and not a
// "no": a proxy that answers every path with the same page must not confirm a deletion.
func (f *follower) has(ctx context.Context, path, tenant string, is func(jsontext.Value) bool) (bool, error) {
	err := f.bos.get(ctx, path, nil, tenant, func(r io.Reader) error {
		raw, err := jsontext.NewDecoder(r, lenient).ReadValue()
		if err == nil && !is(raw) {
			err = f.bos.failed(path, "it answered something that it was not asked for", nil)
		}
		return err
	})
	if errors.Is(err, errMissing) {
		return false, nil
	}
	return err == nil, err
}

// spread is at most so many of a list, from all over it.
func spread[T any](all []T, most int) []T {
	if len(all) <= most {
		return all
	}
	some := make([]T, most)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(most-1)]
	}
	return some
}

// dropComponents removes those components that have not been seen since a sweep. What
// was seen then and is missing now waits for another sweep.
func (f *follower) dropComponents(ctx context.Context, ids []string, since uint64) error {
	ids = slices.DeleteFunc(ids, func(id string) bool { return f.components[id].sweep >= since })
	// Forgotten only once they are deleted: after an error the next sweep misses the same ones again.
	for part := range slices.Chunk(ids, batchSize) {
		if _, err := f.store.DeleteComponents(ctx, part); err != nil {
			return err
		}
		for _, id := range part {
			delete(f.components, id)
			delete(f.unfit, id)
		}
	}
	return nil
}

// dropSessions makes history of sessions that BOS does not have any more.
func (f *follower) dropSessions(ctx context.Context, a absent, since uint64) error {
	drop := func(key bos.SessionKey) error {
		// NOT_FOUND: the retention has removed it meanwhile.
		if err := f.store.MarkDeleted(ctx, key); err != nil && bos.CodeOf(err) != bos.NotFound {
			return err
		}
		delete(f.sessions, key)
		return nil
	}
	for _, key := range a.live { // only after a doubt
		if f.sessions[key].sweep >= since {
			continue
		}
		f.log.Warn("a session was deleted at BOS before it was complete", "session", key.String())
		if err := drop(key); err != nil {
			return err
		}
	}
	// These are confirmed one by one: BOS deletes complete sessions by itself when they are old, many
	// in one night, and none of them is urgent.
	for _, key := range a.complete[:min(len(a.complete), mostDropped)] {
		err := f.confirmSession(ctx, key)
		if err == nil {
			err = drop(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
