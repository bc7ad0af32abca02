package cache

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

// noSample is the field k of a session that has not been sampled yet.
var noSample = "0 " + strconv.FormatInt(bos.ProgressGap.Milliseconds(), 10)

// progressOf makes a session's progress of its samples, which end before this status, and
// of the status itself: so how a session was frozen is kept once.
func progressOf(samples []string, st *bos.Status) (bos.Progress, error) {
	if st.State() == bos.StatePending {
		return nil, nil
	}
	progress := make(bos.Progress, len(samples))
	for i, sample := range samples {
		words := strings.Split(sample, " ")
		at, err := strconv.ParseInt(words[0], 10, 64)
		counts := words[1:] // fewer than there are counters if the last of them are newer than the sample
		if len(counts) < schema.LeastCounters || len(counts) > len(schema.Counters) {
			err = strconv.ErrRange
		}
		var tally bos.Tally
		for n := 0; n < len(counts) && err == nil; n++ {
			*schema.Counters[n].Of(&tally), err = strconv.Atoi(counts[n])
		}
		if err != nil {
			return nil, fmt.Errorf("the progress of a session has a sample that cannot be read: %.100q", sample)
		}
		progress[i] = bos.Point{Time: time.UnixMilli(at).UTC(), Tally: tally}
	}
	return progress.Until(st.AsOf, st.Tally), nil
}
