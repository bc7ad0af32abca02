package bos

import (
	"fmt"
	"strings"
	"time"
)

// Time is a time as it was received: BOS writes naive ISO 8601 that means UTC
// ("2026-11-22T09:00:00"), and what is echoed must be what came. Empty for none.
type Time string

// timeLayout reads a fraction of any length too.
const timeLayout = "2006-01-02T15:04:05"

// maxTime is the longest time, in bytes: a fraction may have any number of digits.
const maxTime = 64

// UTC reads t. BOS: a zone is dropped and not converted (dateutil's parser, then
// replace(tzinfo=None)), so the wall time counts.
func (t Time) UTC() (time.Time, error) {
	if len(t) > maxTime {
		return time.Time{}, notATime(string(t))
	}
	wall, _ := t.split()
	at, err := time.Parse(time.RFC3339, wall+"Z") // much faster than any other layout
	if err != nil {
		at, err = time.Parse(timeLayout, wall)
	}
	if err != nil || at.Year() < 1 {
		return time.Time{}, notATime(string(t))
	}
	return at, nil
}

// moment is t, the zero time if it can't be read.
func (t Time) moment() time.Time {
	at, _ := t.UTC()
	return at
}

// split separates the wall time from the zone ("Z", "+02:00" or "").
func (t Time) split() (wall, zone string) {
	s := string(t)
	if s, ok := strings.CutSuffix(s, "Z"); ok {
		return s, "Z"
	}
	if i := len(s) - len("+00:00"); i >= len(timeLayout) && (s[i] == '+' || s[i] == '-') {
		return s[:i], s[i:]
	}
	return s, ""
}

// strict says whether s has the form that RFC 3339 has, with or without a zone.
// time.Parse is more lenient: it takes hours of one digit, a comma, and offsets of
// 24:60.
func strict(s string) bool {
	const form = "dddd-dd-ddTdd:dd:dd"
	if len(s) < len(form) || !like(s[:len(form)], form) {
		return false
	}
	rest := s[len(form):]
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		rest = strings.TrimLeft(fraction, "0123456789")
		if len(rest) == len(fraction) {
			return false
		}
	}
	switch {
	case rest == "" || rest == "Z":
		return true
	case like(rest, "+dd:dd") || like(rest, "-dd:dd"):
		return rest[1:3] <= "23" && rest[4:6] <= "59"
	}
	return false
}

// like says whether s is as form has it, d standing for a digit.
func like(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == 'd' && (s[i] < '0' || s[i] > '9') || form[i] != 'd' && s[i] != form[i] {
			return false
		}
	}
	return true
}

// ParseTime reads a time given by a user: RFC 3339, or the same without a zone,
// which means UTC. An offset is converted, so that what is kept means UTC.
func ParseTime(s string) (Time, error) {
	t := Time(s)
	at, err := t.UTC()
	if err != nil {
		return "", err
	}
	if !strict(s) {
		return "", notATime(s)
	}
	if _, zone := t.split(); zone != "" && zone != "Z" {
		if at, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return "", notATime(s)
		}
		at = at.UTC()
		t = Time(at.Format(time.RFC3339Nano))
	}
	if year := at.Year(); year < 1970 || year > 9999 {
		return "", Errorf(BadUserInput, "%q lies outside the years 1970 to 9999", clip(s))
	}
	return t, nil
}

func notATime(s string) *Error {
	return Errorf(BadUserInput, "%q is not a time: write it as 2026-11-22T09:00:00Z", clip(s))
}

// TimeOf writes a time as BOS does: naive UTC in whole seconds.
func TimeOf(at time.Time) Time { return Time(at.UTC().Format(timeLayout)) }

// RFC3339 is t in UTC with its fraction, ending in Z; "" if it is no time.
func (t Time) RFC3339() string {
	at, err := t.UTC()
	if err != nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// Elapsed is how long a session took: to its end if it has one, else until now.
// BOS: Python's datetime, which knows no less than a microsecond.
func Elapsed(start, end Time, now time.Time) (time.Duration, error) {
	from, err := start.UTC()
	if err != nil {
		return 0, err
	}
	if end != "" {
		if now, err = end.UTC(); err != nil {
			return 0, err
		}
	}
	return now.Truncate(time.Microsecond).Sub(from.Truncate(time.Microsecond)), nil
}

// DurationText writes a duration as h:mm:ss, hours counted beyond 24; a fraction
// of a second is cut off, and nothing is shorter than 0:00:00.
func DurationText(d time.Duration) string {
	s := max(int64(d/time.Second), 0)
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// BOSDurationText writes a duration as BOS does, for its REST answer only.
// BOS: str(timedelta): days apart, microseconds where there are any.
func BOSDurationText(d time.Duration) string {
	const day = 24 * time.Hour
	days := d / day
	if d < days*day { // Python's days are floored
		days--
	}
	rest := d - days*day
	text := DurationText(rest)
	if us := rest % time.Second / time.Microsecond; us != 0 {
		text += fmt.Sprintf(".%06d", us)
	}
	switch days {
	case 0:
		return text
	case 1, -1:
		return fmt.Sprintf("%d day, %s", days, text)
	default:
		return fmt.Sprintf("%d days, %s", days, text)
	}
}
