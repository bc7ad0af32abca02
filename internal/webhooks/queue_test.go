package webhooks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// of makes deliveries of sessions, whose names are the letters.
func of(letters string) []bos.Delivery {
	var all []bos.Delivery
	for i, letter := range letters {
		s := &bos.Session{SessionKey: bos.SessionKey{Name: string(letter)}}
		all = append(all, bos.Delivery{Position: fmt.Sprintf("%d-0", i+1), Event: bos.Event{ID: fmt.Sprint(string(letter), i), Session: s}})
	}
	return all
}

// taken takes all that may be sent.
func (q *queue) taken(now time.Time) (all []*delivery, ids string) {
	for d := q.next(now); d != nil; d = q.next(now) {
		all = append(all, d)
		ids += " " + d.Event.ID
	}
	return all, strings.TrimSpace(ids)
}

func TestDeliveriesOfOneSessionGoInTheirOrderAndOthersDoNotWait(t *testing.T) {
	var q queue
	now := time.Now()
	q.add(of("aabac"))
	first, ids := q.taken(now)
	if ids != "a0 b2 c4" {
		t.Fatalf("first %q", ids)
	}
	q.failed(first[0], now, "broken", 0)
	q.accepted(first[1])
	if _, ids := q.taken(now); ids != "" {
		t.Errorf("while the first of a waits, %q are sent", ids)
	}
	if at := q.due(); !at.After(now) || at.After(now.Add(firstPause)) {
		t.Errorf("due %v from now", at.Sub(now))
	}
	again, ids := q.taken(q.due())
	if ids != "a0" || again[0].Attempts != 1 || again[0].Reason != "broken" {
		t.Fatalf("then %q", ids)
	}
	q.accepted(again[0])
	if _, ids := q.taken(now); ids != "a1" {
		t.Errorf("last %q", ids)
	}
}

func TestATargetThatFailsIsSparedAndThenGetsAll(t *testing.T) {
	var q queue
	now := time.Now()
	q.add(of("abcdefghijkl"))
	all, _ := q.taken(now)
	if len(all) != atOnce {
		t.Fatalf("%d at once", len(all))
	}
	for _, d := range all {
		q.failed(d, now, "down", 0)
	}
	sent := 0
	until := now.Add(time.Hour)
	for at := q.due(); at.Before(until); at = q.due() {
		one, _ := q.taken(at)
		if len(one) != 1 {
			t.Fatalf("%d requests at a time to a target that is down", len(one))
		}
		if at := q.due(); !at.IsZero() {
			t.Fatalf("before that has an answer, the next is due at %v", at)
		}
		q.failed(one[0], at, "down", 0)
		sent++
	}
	if sent < 10 || sent > 40 {
		t.Errorf("%d requests in an hour in which the target was down", sent)
	}
	at := q.due()
	if at.Sub(until) > mostSpared {
		t.Errorf("after an hour the next request is %v later", at.Sub(until))
	}
	one, _ := q.taken(at)
	q.accepted(one[0])
	if all, _ := q.taken(at); len(all) != atOnce {
		t.Errorf("when the target has recovered, %d are sent", len(all))
	}
}

// TestOnlyATargetThatHadFailedGetsAllAtOnce has deliveries that are put off for long, and one that is accepted after them.
func TestOnlyATargetThatHadFailedGetsAllAtOnce(t *testing.T) {
	for failed, want := range map[int]string{manyFailed - 1: "", manyFailed: "a0 b1 c2"} {
		var q queue
		now := time.Now()
		q.add(of("abcde"[:failed+1]))
		all, _ := q.taken(now)
		if q.troubled() {
			t.Error("it is in trouble before anything has failed")
		}
		for _, d := range all[:failed] {
			q.failed(d, now, "busy", time.Hour)
		}
		q.accepted(all[failed])
		if !q.troubled() {
			t.Errorf("with %d that have failed it is not in trouble", failed)
		}
		if _, ids := q.taken(now); ids != want {
			t.Errorf("after %d that failed, %q are sent", failed, ids)
		}
	}
}

func TestTheEarliestIsDueFirst(t *testing.T) {
	var q queue
	now := time.Now()
	q.add(of("abcdefghi"))
	all, _ := q.taken(now)
	if at := q.due(); !at.IsZero() {
		t.Errorf("with as many requests as there may be, the next is due %v from now", at.Sub(now))
	}
	q.failed(all[0], now, "busy", time.Hour)
	q.failed(all[1], now, "busy", time.Minute)
	for _, d := range all[2:] {
		q.accepted(d)
	}
	q.accepted(q.next(now)) // the last one
	if at := q.due(); at.Sub(now) != time.Minute {
		t.Errorf("due %v from now", at.Sub(now))
	}
}

func TestATargetMayAskToWait(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{10 * time.Minute: 10 * time.Minute, 100 * time.Hour: 24 * time.Hour} {
		var q queue
		now := time.Now()
		q.add(of("ab"))
		d := q.next(now)
		q.failed(d, now, "busy", asked)
		if at := q.due(); at.Sub(now) != want {
			t.Errorf("asked for %v, it waits for %v", asked, at.Sub(now))
		}
		if _, ids := q.taken(now.Add(want - 1)); ids != "" {
			t.Errorf("asked for %v, it gets %q before that", asked, ids)
		}
		if _, ids := q.taken(now.Add(want)); ids != "a0" {
			t.Errorf("asked for %v, it gets %q then", asked, ids)
		}
	}
}

func TestOneThatIsNeverAcceptedIsTriedEverMoreRarely(t *testing.T) {
	var q queue
	now := time.Now()
	q.add(of("a"))
	var pauses []time.Duration
	at := now
	for range 15 {
		d := q.next(at)
		q.failed(d, at, "broken", 0)
		pauses = append(pauses, q.due().Sub(at))
		at = q.due()
	}
	for i, p := range pauses[1:] {
		if before := pauses[i]; p < before && before < mostPause*8/10 {
			t.Errorf("pauses %v", pauses)
		}
	}
	if last := pauses[14]; last > mostPause || last < mostPause*9/10 {
		t.Errorf("the last pause is %v", last)
	}
}

func TestWhatIsOldIsGivenUpUnlessItWasNotTried(t *testing.T) {
	var q queue
	now := time.UnixMilli(2).Add(time.Hour) // the second was queued an hour ago
	q.add(of("abc"))
	expired := func() (ids string) {
		for _, d := range q.expired(now, time.Hour) {
			ids += " " + d.Event.ID
		}
		return ids
	}
	if ids := expired(); ids != "" {
		t.Errorf("before they are tried, %q are expired", ids)
	}
	all, _ := q.taken(now)
	if ids := expired(); ids != "" {
		t.Errorf("under way, %q are expired", ids)
	}
	q.accepted(all[2])
	q.failed(all[1], now, "broken", 0)
	q.failed(all[0], now, "broken", 0)
	q.add(of("d"))
	q.add(of("abe")[2:])                      // queued less than an hour ago
	if ids := expired(); ids != " a0 b1 d0" { // the target accepts nothing, so what was not tried is expired, too
		t.Errorf("expired: %q", ids)
	}
	if again := q.next(now.Add(mostPause)); again == nil || again.Event.ID != "a0" {
		t.Fatalf("then %+v is sent", again)
	}
	if ids := expired(); ids != " b1 d0" {
		t.Errorf("while the first is tried again, %q are expired", ids)
	}
	q.failures = 0 // another was accepted
	if ids := expired(); ids != " b1" {
		t.Errorf("of a target that accepts others, %q are expired", ids)
	}
}

// TestWhatIsRefusedDoesNotHoldUpWhatComesBehind has as many deliveries refused as are looked at, and others behind one of them.
func TestWhatIsRefusedDoesNotHoldUpWhatComesBehind(t *testing.T) {
	var q queue
	now := time.Now()
	refuse := func() {
		for d := q.next(now); d != nil; d = q.next(now) {
			q.failed(d, now, "no such event", 0)
			q.failures, q.paused = 0, time.Time{} // as others are accepted between them
		}
	}
	fill := func(first, n int) {
		for i := first; i < first+n; i++ {
			session := &bos.Session{SessionKey: bos.SessionKey{Name: fmt.Sprint("s", i/2)}} // two of each
			q.add([]bos.Delivery{{Position: fmt.Sprintf("%d-0", i+1), Event: bos.Event{ID: fmt.Sprint(i), Session: session}}})
		}
	}
	fill(0, window)
	if room := q.room(); room != 0 {
		t.Fatalf("there is room for %d more than are looked at", room)
	}
	refuse()
	if room := q.room(); room != window {
		t.Fatalf("when all were refused, or wait behind them, there is room for %d", room)
	}
	fill(window, 2)
	if _, ids := q.taken(now); ids != fmt.Sprint(window) {
		t.Errorf("then %q are sent", ids)
	}
	fill(window+2, mostKnown-window-2)
	refuse()
	if room := q.room(); room != 0 {
		t.Errorf("with all that may be known there is room for %d", room)
	}
}
