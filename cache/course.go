package cache

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

// noSample is the field k of a session that has not been sampled yet.
var noSample = "0 " + strconv.FormatInt(bos.CourseGap.Milliseconds(), 10)

// courseOf makes a session's course of its samples, which end before this status, and
// of the status itself: so how a session was frozen is kept once.
func courseOf(samples []string, st *bos.Status) (bos.Course, error) {
	if st.State() == bos.StatePending {
		return nil, nil
	}
	course := make(bos.Course, len(samples))
	for i, sample := range samples {
		words := strings.Split(sample, " ")
		var counts [9]int
		at, err := strconv.ParseInt(words[0], 10, 64)
		for n := range counts {
			if err == nil && len(words) == 1+len(counts) {
				counts[n], err = strconv.Atoi(words[1+n])
			}
		}
		if err != nil || len(words) != 1+len(counts) {
			return nil, fmt.Errorf("the course of a session has a sample that can't be read: %.100q", sample)
		}
		course[i] = bos.Point{Time: time.UnixMilli(at).UTC(), Tally: tallyOf(counts)}
	}
	return course.Until(st.AsOf, st.Tally), nil
}
