package bos_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bosgraph/bosgraph/bos"
)

func TestParseTimeAccepts(t *testing.T) {
	tests := []struct {
		name, in string
		want     bos.Time // what is kept
		rfc3339  string
	}{
		{"UTC", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"},
		{"naive means UTC", "2026-11-22T09:00:00", "2026-11-22T09:00:00", "2026-11-22T09:00:00Z"},
		{"1 digit", "2026-11-22T09:00:00.1Z", "2026-11-22T09:00:00.1Z", "2026-11-22T09:00:00.1Z"},
		{"naive, 6 digits", "2026-11-22T09:00:00.123456", "2026-11-22T09:00:00.123456", "2026-11-22T09:00:00.123456Z"},
		{"9 digits", "2026-11-22T09:00:00.123456789Z", "2026-11-22T09:00:00.123456789Z", "2026-11-22T09:00:00.123456789Z"},
		{"12 digits, cut", "2026-11-22T09:00:00.123456789999", "2026-11-22T09:00:00.123456789999", "2026-11-22T09:00:00.123456789Z"},
		{"zeros", "2026-11-22T09:00:00.500000", "2026-11-22T09:00:00.500000", "2026-11-22T09:00:00.5Z"},
		{"no fraction after all", "2026-11-22T09:00:00.000", "2026-11-22T09:00:00.000", "2026-11-22T09:00:00Z"},
		{"offset", "2026-11-22T09:00:00+02:00", "2026-11-22T07:00:00Z", "2026-11-22T07:00:00Z"},
		{"offset of zero", "2026-11-22T09:00:00+00:00", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"},
		{"offset unknown", "2026-11-22T09:00:00-00:00", "2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"},
		{"half an hour, fraction", "2026-11-22T09:00:00.25-05:30", "2026-11-22T14:30:00.25Z", "2026-11-22T14:30:00.25Z"},
		{"the largest offset", "2026-11-22T09:00:00+23:59", "2026-11-21T09:01:00Z", "2026-11-21T09:01:00Z"},
		{"into the year before", "2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00Z", "2026-12-31T23:30:00Z"},
		{"29 February", "2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"earliest", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{"earliest, by its offset", "1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
		{"latest", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := bos.ParseTime(test.in)
			if err != nil || got != test.want {
				t.Fatalf("got %q, %v, want %q", got, err, test.want)
			}
			if text := got.RFC3339(); text != test.rfc3339 {
				t.Errorf("RFC3339: got %q, want %q", text, test.rfc3339)
			}
		})
	}
}

func TestParseTimeRefuses(t *testing.T) {
	tests := []struct{ name, in string }{
		{"empty", ""},
		{"blank", " "},
		{"a word", "now"},
		{"a zone alone", "Z"},
		{"a date", "2026-11-22"},
		{"no seconds", "2026-11-22T09:00Z"},
		{"a space between", "2026-11-22 09:00:00Z"},
		{"lower case t", "2026-11-22t09:00:00Z"},
		{"lower case z", "2026-11-22T09:00:00z"},
		{"a space before", " 2026-11-22T09:00:00Z"},
		{"a newline behind", "2026-11-22T09:00:00Z\n"},
		{"a NUL behind", "2026-11-22T09:00:00\x00"},
		{"one digit for the hour", "2026-11-22T9:00:00Z"},
		{"one digit for the hour, naive", "2026-11-22T9:00:00"},
		{"no digits in the fraction", "2026-11-22T09:00:00.Z"},
		{"a comma", "2026-11-22T09:00:00,5Z"},
		{"24 hours", "2026-11-22T24:00:00Z"},
		{"a leap second", "2016-12-31T23:59:60Z"},
		{"29 February", "2026-02-29T00:00:00Z"},
		{"month 13", "2026-13-01T00:00:00Z"},
		{"two zones", "2026-11-22T09:00:00+02:00Z"},
		{"two Zs", "2026-11-22T09:00:00ZZ"},
		{"offset without colon", "2026-11-22T09:00:00+0200"},
		{"offset of hours only", "2026-11-22T09:00:00+02"},
		{"offset of 24 hours", "2026-11-22T09:00:00+24:00"},
		{"offset of 25 hours", "2026-11-22T09:00:00+25:00"},
		{"offset of 60 minutes", "2026-11-22T09:00:00+02:60"},
		{"offset of letters", "2026-11-22T09:00:00+aa:bb"},
		{"year 0", "0000-01-01T00:00:00Z"},
		{"year 1", "0001-01-01T00:00:00Z"},
		{"before 1970", "1969-12-31T23:59:59Z"},
		{"before 1970, naive", "1969-12-31T23:59:59"},
		{"before 1970, by its offset", "1970-01-01T00:59:59+01:00"},
		{"long before 1970, with an offset", "0001-01-01T00:00:00+02:00"},
		{"year 10000", "10000-01-01T00:00:00Z"},
		{"year 10000, by its offset", "9999-12-31T23:59:59-01:00"},
		{"negative year", "-2026-11-22T09:00:00Z"},
		{"digits of another script", "２０２６-11-22T09:00:00Z"},
		{"not UTF-8", "2026-11-22T09:00:00\xff\xfe"},
		{"64 KB of garbage", strings.Repeat("\x01\xffé", 1<<14)},
		{"64 KB that end well", strings.Repeat("x", 1<<16) + "+02:00"},
		{"longer than any text", "2026-11-22T09:00:00." + strings.Repeat("1", bos.MaxText)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := bos.ParseTime(test.in)
			if err == nil {
				t.Fatalf("accepted as %.60q", got)
			}
			wantError(t, err, bos.BadUserInput, "")
		})
	}
}

// BOS drops a zone without converting: the wall time counts.
func TestUTCReadsWallTime(t *testing.T) {
	want := time.Date(2026, 11, 22, 9, 0, 0, 500_000_000, time.UTC)
	for _, in := range []bos.Time{
		"2026-11-22T09:00:00.5", "2026-11-22T09:00:00.5Z", "2026-11-22T09:00:00.5+02:00", "2026-11-22T09:00:00.500000-11:45",
	} {
		got, err := in.UTC()
		if err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: got %v, %v", in, got, err)
		}
		if text := in.RFC3339(); text != "2026-11-22T09:00:00.5Z" {
			t.Errorf("%s: RFC3339 is %s", in, text)
		}
	}
	for _, in := range []bos.Time{"", "soon", "0000-01-01T00:00:00"} {
		if at, err := in.UTC(); err == nil {
			t.Errorf("%q: got %v", in, at)
		}
		if text := in.RFC3339(); text != "" {
			t.Errorf("%q: RFC3339 is %q", in, text)
		}
	}
}

func TestTimeOfIsNaiveUTCInWholeSeconds(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 59, 59, 999_999_999, time.FixedZone("", 2*60*60))
	if got := bos.TimeOf(at); got != "2026-11-21T23:59:59" {
		t.Errorf("got %s", got)
	}
}

func TestDurationsCountHoursBeyondADay(t *testing.T) {
	const day = 24 * time.Hour
	tests := []struct {
		d       time.Duration
		text    string
		bosText string
	}{
		{0, "0:00:00", "0:00:00"},
		{9 * time.Second, "0:00:09", "0:00:09"},
		{59*time.Minute + 59*time.Second, "0:59:59", "0:59:59"},
		{time.Hour, "1:00:00", "1:00:00"},
		{12*time.Hour + 34*time.Minute + 56*time.Second, "12:34:56", "12:34:56"},
		{day - time.Second, "23:59:59", "23:59:59"},
		{day, "24:00:00", "1 day, 0:00:00"},
		{26*time.Hour + 3*time.Minute + 4*time.Second, "26:03:04", "1 day, 2:03:04"},
		{2 * day, "48:00:00", "2 days, 0:00:00"},
		{1000*day + time.Second, "24000:00:01", "1000 days, 0:00:01"},
		{123 * time.Microsecond, "0:00:00", "0:00:00.000123"},
		{time.Second - time.Microsecond, "0:00:00", "0:00:00.999999"},
		{12*day + 9500*time.Millisecond, "288:00:09", "12 days, 0:00:09.500000"},
		{999 * time.Nanosecond, "0:00:00", "0:00:00"},
		{-time.Microsecond, "0:00:00", "-1 day, 23:59:59.999999"},
		{-time.Second, "0:00:00", "-1 day, 23:59:59"},
		{-day, "0:00:00", "-1 day, 0:00:00"},
		{-day - time.Second, "0:00:00", "-2 days, 23:59:59"},
		{-3 * day, "0:00:00", "-3 days, 0:00:00"},
	}
	for _, test := range tests {
		if got := bos.DurationText(test.d); got != test.text {
			t.Errorf("DurationText(%v) = %q, want %q", test.d, got, test.text)
		}
		if got := bos.BOSDurationText(test.d); got != test.bosText {
			t.Errorf("BOSDurationText(%v) = %q, want %q", test.d, got, test.bosText)
		}
	}
}

func TestTheDurationRunsUntilTheEnd(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		name       string
		start, end bos.Time
		want       time.Duration
		bad        bool
	}{
		{"running", "2026-11-22T09:00:00", "", time.Hour, false},
		{"ended", "2026-11-22T09:00:00", "2026-11-22T09:30:00Z", 30 * time.Minute, false},
		{"ended in the future", "2026-11-22T09:00:00", "2026-11-23T09:00:00", 24 * time.Hour, false},
		{"not begun by our clock", "2026-11-22T10:00:01", "", 0, false},
		{"end before start", "2026-11-22T09:00:00", "2026-11-22T08:00:00", 0, false},
		{"no start", "", "", 0, true},
		{"end is no time", "2026-11-22T09:00:00", "later", 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := bos.TimingOf(test.start, test.end, now)
			if (err != nil) != test.bad || got.Duration != test.want || got.StartTime != test.start || got.EndTime != test.end {
				t.Errorf("got %+v, %v", got, err)
			}
			if got.Seconds() != test.want.Seconds() {
				t.Errorf("got %v seconds", got.Seconds())
			}
		})
	}
}
