package cache

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/redisdb"
)

// tooFew fails unless err says that the change was made and may be lost.
func (p *pair) tooFew(err error) {
	p.Helper()
	p.code(err, bos.Unavailable)
	if !errors.Is(err, ErrReplicas) || !strings.Contains(err.Error(), "send it again") {
		p.Errorf("%v", err)
	}
}

// A write is acknowledged once the replica has it. While the replica stands still it is
// made and not acknowledged, and sending it again changes nothing.
func TestWritesWaitForReplicas(t *testing.T) {
	p := newPair(t)
	p.follow(1)
	p.options.Replicas, p.options.Timeout = 1, 2*time.Second
	p.at(0)
	p.create("a")
	for range 100 {
		p.put(failing("x1", "a", time.Now().String()))
		if on := p.nodes[1].HGet(p.ctx, p.store.db.Keys.Meta(), "rev").Val(); redisdb.ParseRevision(on) != p.stored().Revision {
			t.Fatalf("acknowledged at revision %d, the replica is at %s", p.stored().Revision, on)
		}
	}

	p.procs[1].Pause()
	write := func() error {
		began := time.Now()
		_, err := p.store.PutComponents(p.ctx, []bos.ComponentPatch{failing("x1", "a", "not acknowledged")})
		if took := time.Since(began); took > p.options.Timeout {
			t.Errorf("the answer took %s", took)
		}
		return err
	}
	p.tooFew(write())
	at := p.stored()
	p.tooFew(write()) // it is there already, and the replica still lacks it
	if now := p.stored(); now != at {
		t.Errorf("sent again, it changes something: %+v, then %+v", at, now)
	}
	p.procs[1].Resume()
	p.eventually("it is acknowledged", func() bool { return write() == nil })
	if now := p.stored(); now != at {
		t.Errorf("sent again, it changes something: %+v, then %+v", at, now)
	}
	if found, err := p.store.ReadComponents(p.ctx, []string{"x1"}, false); err != nil || found[0].Error != "not acknowledged" {
		t.Errorf("%+v, %v", found, err)
	}
	p.equal(p.recounted(false), []string{}, "found afterwards")
}

// The whole of the conformance suite has no replicas; a few calls show that waiting for
// them works on a cluster, too.
func TestWaitingWithoutReplicas(t *testing.T) {
	for _, b := range backends[1:] {
		t.Run(b.name, func(t *testing.T) {
			s := &suite{T: t, ctx: t.Context(), options: Options{URL: b.url(t), Namespace: t.Name(), Timeout: 400 * time.Millisecond, Replicas: 1}}
			p := &pair{suite: s}
			s.store = s.open(nil)
			_, err := s.store.PutComponents(s.ctx, []bos.ComponentPatch{component("x1", "a")})
			p.tooFew(err)
			_, err = s.store.CreateSession(s.ctx, bos.NewSession{SessionKey: name("a"), Operation: bos.OperationBoot, TemplateName: "t", Source: bos.SourceProducer})
			p.tooFew(err)
			if found := s.read(name("a")); found == nil || found.Status.Tally.Managed != 1 {
				t.Errorf("what was not acknowledged was not made: %+v", found)
			}
			s.audit()
		})
	}
}
