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
		words := strings.Split(sample, " ") // its moment, and both fields of counters
		at, err := strconv.ParseInt(words[0], 10, 64)
		if err != nil || len(words) != 3 {
			return nil, fmt.Errorf("the progress of a session has a sample that cannot be read: %.100q", sample)
		}
		progress[i] = bos.Point{Time: time.UnixMilli(at).UTC(), Tally: schema.Tally(words[1:]...)}
	}
	return progress.Until(st.AsOf, st.Tally), nil
}
