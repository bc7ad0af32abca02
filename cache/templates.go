package cache

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// templatesAtOnce is how many bytes of templates one write takes at most, if it takes more
// than one: Redis does nothing else meanwhile.
const templatesAtOnce = 1 << 20

// ListTemplates returns the session templates of a tenant or, if that is "", those of all
// tenants and of none, ascending by name and then by tenant.
func (s *Store) ListTemplates(ctx context.Context, tenant string) ([]bos.Template, error) {
	var stored *redis.MapStringStringCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { stored = pipe.HGetAll(ctx, s.db.Keys.Templates()) }); err != nil {
		return nil, err
	}
	var all []bos.Template
	for field, record := range stored.Val() {
		if key := bos.ParseTemplateKey(field); tenant == "" || key.Tenant == tenant {
			all = append(all, bos.Template{TemplateKey: key, Record: json.RawMessage(record)})
		}
	}
	slices.SortFunc(all, func(a, b bos.Template) int { return a.Compare(b.TemplateKey) })
	return all, nil
}

// ReadTemplate returns the record of a session template, nil if there is none.
func (s *Store) ReadTemplate(ctx context.Context, key bos.TemplateKey) (json.RawMessage, error) {
	return s.readJSON(ctx, func(pipe redis.Pipeliner) *redis.StringCmd {
		return pipe.HGet(ctx, s.db.Keys.Templates(), key.String())
	})
}

// ReadOptions returns BOS's options, nil as long as none have been kept.
func (s *Store) ReadOptions(ctx context.Context) (json.RawMessage, error) {
	return s.readJSON(ctx, func(pipe redis.Pipeliner) *redis.StringCmd { return pipe.Get(ctx, s.db.Keys.Options()) })
}

// readJSON reads one value as it is stored; nil if there is none.
func (s *Store) readJSON(ctx context.Context, read func(redis.Pipeliner) *redis.StringCmd) (json.RawMessage, error) {
	var stored *redis.StringCmd
	if err := s.db.Pipelined(ctx, func(pipe redis.Pipeliner) { stored = read(pipe) }); err != nil || stored.Err() == redis.Nil {
		return nil, err
	}
	text, err := stored.Bytes()
	return text, redisdb.Explain(err)
}

// KeepTemplates stores session templates and removes others. Many are written in parts,
// each of them all or nothing; a read meanwhile finds some of them.
func (s *Store) KeepTemplates(ctx context.Context, put []bos.Template, remove []bos.TemplateKey) error {
	key := s.db.Keys.Templates()
	for len(put)+len(remove) > 0 {
		n, size := 0, 0
		for n < len(put) && (n == 0 || size+len(put[n].Record) <= templatesAtOnce) {
			size += len(put[n].Record)
			n++
		}
		removed := remove
		if n < len(put) { // removals are part of the last write
			removed = nil
		}
		if err := s.retry(ctx, func() (*change, error) {
			c := s.newChange()
			for _, t := range put[:n] {
				// No version is compared: only the follower of BOS writes templates, and its
				// tenure is a guard.
				c.do("HSET", key, t.String(), string(t.Record))
			}
			c.doAll("HDEL", key, fieldsOf(removed))
			return c, nil
		}); err != nil {
			return err
		}
		put, remove = put[n:], remove[len(removed):]
	}
	return nil
}

// fieldsOf are the fields of the hash of templates.
func fieldsOf(keys []bos.TemplateKey) []string {
	fields := make([]string, len(keys))
	for i, k := range keys {
		fields[i] = k.String()
	}
	return fields
}

// KeepOptions stores BOS's options.
func (s *Store) KeepOptions(ctx context.Context, options json.RawMessage) error {
	return s.retry(ctx, func() (*change, error) {
		c := s.newChange()
		c.do("SET", s.db.Keys.Options(), string(options))
		return c, nil
	})
}
