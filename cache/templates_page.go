package cache

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/cost"
)

// PageTemplates returns a page of session templates, ascending by name and then by tenant,
// and how many pass the filter in all. Without fields they have their names and tenants
// only, and no record is read: one round trip; with them two, or three where the page has
// so many that their sizes are asked for first. A page may have fewer than were asked for
// although more follow: a template that is deleted between two reads is left out; where all of
// a page are, the next ones are read.
func (s *Store) PageTemplates(ctx context.Context, f bos.TemplateFilter, page bos.Page, fields bool) (*bos.List[*bos.SessionTemplate], error) {
	keys, err := s.templateKeys(ctx, f)
	if err != nil {
		return nil, err
	}
	total := len(keys)
	return withItems(page, func(page bos.Page) (*bos.List[*bos.SessionTemplate], string, error) {
		list, last, err := s.pageTemplates(ctx, keys, page, fields)
		list.Total = &total
		return &list, last, err
	})
}

// pageTemplates reads a page of those of a list, and returns also the last position that it has looked at.
func (s *Store) pageTemplates(ctx context.Context, keys []bos.TemplateKey, page bos.Page, fields bool) (list bos.List[*bos.SessionTemplate], last string, err error) {
	if page.After != "" {
		after := bos.ParseTemplateKey(page.After)
		from, found := slices.BinarySearchFunc(keys, after, bos.TemplateKey.Compare)
		if found {
			from++
		}
		keys = keys[from:]
	}
	if len(keys) > page.First {
		keys, list.More = keys[:page.First], true
	}
	found := make([]*bos.SessionTemplate, len(keys))
	if fields {
		if found, err = s.readTemplates(ctx, keys, false); err != nil {
			return list, "", err
		}
		if len(found) < len(keys) {
			list.More, list.Cut = true, true
		}
	} else {
		for i, key := range keys {
			found[i] = key.Named()
		}
	}
	for i, one := range found {
		last = keys[i].String()
		if one != nil {
			list.Items, list.Positions = append(list.Items, one), append(list.Positions, last)
		}
	}
	return list, last, nil
}

// templateKeys are the keys of the templates that pass, in the order of the list. How many
// there are is bounded by the bytes that the sync takes over of all of them together.
func (s *Store) templateKeys(ctx context.Context, f bos.TemplateFilter) ([]bos.TemplateKey, error) {
	var names *redis.StringSliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { names = pipe.HKeys(ctx, s.db.Keys.Templates()) }); err != nil {
		return nil, err
	}
	if err := holdShort(ctx, names.Val()); err != nil {
		return nil, err
	}
	var keys []bos.TemplateKey
	for _, name := range names.Val() {
		if key := bos.ParseTemplateKey(name); f.Match(key) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, bos.TemplateKey.Compare)
	return keys, nil
}

// ReadTemplates returns session templates by their keys, nil for one that is not known: one
// round trip, or two where there are so many that their sizes are asked for first. It fails
// if the operation has no room for all of them.
func (s *Store) ReadTemplates(ctx context.Context, keys []bos.TemplateKey) ([]*bos.SessionTemplate, error) {
	return s.readTemplates(ctx, keys, true)
}

// readTemplates reads templates: all of them, or as many of the first as the operation has
// room for, and at least one. What they hold is counted before it is read.
func (s *Store) readTemplates(ctx context.Context, keys []bos.TemplateKey, all bool) ([]*bos.SessionTemplate, error) {
	fields := fieldsOf(keys)
	effort := cost.EffortOf(ctx)
	sized := effort != nil && !fitUnsized(effort, len(fields))
	if sized {
		sizes, err := s.sizes(ctx, len(fields), func(pipe redis.Pipeliner, i int) *redis.IntCmd {
			return pipe.HStrLen(ctx, s.db.Keys.Templates(), fields[i])
		})
		if err != nil {
			return nil, err
		}
		n, sum := fitting(sizes, effort.Room())
		if all && n < len(keys) {
			return nil, cost.TooLarge(effort.Limit())
		}
		if err := effort.Hold(ctx, sum); err != nil {
			return nil, err
		}
		keys, fields = keys[:n], fields[:n]
	}
	if len(keys) == 0 { // Redis refuses to read nothing
		return nil, nil
	}
	var stored *redis.SliceCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { stored = pipe.HMGet(ctx, s.db.Keys.Templates(), fields...) }); err != nil {
		return nil, err
	}
	found := make([]*bos.SessionTemplate, len(keys))
	var bytes int64
	for i, v := range stored.Val() {
		if record, ok := v.(string); ok {
			bytes += int64(len(record))
			found[i] = bos.Template{TemplateKey: keys[i], Record: json.RawMessage(record)}.Fields()
		}
	}
	if !sized {
		return found, effort.Hold(ctx, bytes)
	}
	return found, nil
}
