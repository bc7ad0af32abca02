// Package status reads a session's status from Redis for the Go servers that
// bosgraph is compared with: from the keys that bosgraph itself has written, with
// one HMGET.
package status

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Session is a session with its status.
type Session struct {
	Name   string
	Status SessionStatus
}

// SessionStatus has the fields of the GraphQL type of that name, and so have the
// types of its parts.
type SessionStatus struct {
	Revision               int64         `json:"revision"`
	Epoch                  string        `json:"epoch"`
	Status                 string        `json:"status"`
	ManagedComponentsCount int           `json:"managedComponentsCount"`
	PercentStaged          float64       `json:"percentStaged"`
	PercentSuccessful      float64       `json:"percentSuccessful"`
	PercentFailed          float64       `json:"percentFailed"`
	Phases                 SessionPhases `json:"phases"`
	Counts                 SessionCounts `json:"counts"`
	Timing                 SessionTiming `json:"timing"`
	FromSnapshot           bool          `json:"fromSnapshot"`
	Stale                  bool          `json:"stale"`
	AsOf                   time.Time     `json:"asOf"`
}

// SessionPhases are the shares of the components in each phase.
type SessionPhases struct {
	PercentComplete    float64 `json:"percentComplete"`
	PercentConfiguring float64 `json:"percentConfiguring"`
	PercentPoweringOff float64 `json:"percentPoweringOff"`
	PercentPoweringOn  float64 `json:"percentPoweringOn"`
}

// SessionCounts are the numbers behind the shares.
type SessionCounts struct {
	Managed     int `json:"managed"`
	Staged      int `json:"staged"`
	Successful  int `json:"successful"`
	Failed      int `json:"failed"`
	Complete    int `json:"complete"`
	Configuring int `json:"configuring"`
	PoweringOff int `json:"poweringOff"`
	PoweringOn  int `json:"poweringOn"`
	Active      int `json:"active"`
}

// SessionTiming is when the session ran, and for how long.
type SessionTiming struct {
	StartTime       time.Time  `json:"startTime"`
	EndTime         *time.Time `json:"endTime"`
	Duration        string     `json:"duration"`
	DurationSeconds float64    `json:"durationSeconds"`
}

// ErrNotFound says that there is no session of that name.
var ErrNotFound = errors.New("no such session")

// fields are what a status is made of. The sessions of the benchmark run until its
// end, so that the counters of frozen ones are not needed.
var fields = strings.Fields("st b0 z r n")

// Reader reads statuses.
type Reader struct {
	Redis *redis.Client
	epoch string // read once: it changes only when Redis comes back empty
}

// Open connects to the Redis at a URL.
func Open(ctx context.Context, url string) (*Reader, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	client := redis.NewClient(options)
	epoch, err := client.HGet(ctx, Meta, "epoch").Result()
	if err != nil {
		return nil, fmt.Errorf("the epoch: %w", err)
	}
	return &Reader{client, epoch}, nil
}

// Read reads the status of one session.
func (r *Reader) Read(ctx context.Context, name string) (*SessionStatus, error) {
	values, err := r.Redis.HMGet(ctx, Key(name), fields...).Result()
	if err != nil {
		return nil, err
	}
	hash := make(map[string]string, len(fields))
	for i, field := range fields {
		hash[field], _ = values[i].(string)
	}
	if hash["st"] == "" {
		return nil, ErrNotFound
	}
	return r.status(hash, time.Now())
}

func (r *Reader) status(hash map[string]string, now time.Time) (*SessionStatus, error) {
	start, err := time.Parse(time.RFC3339, strings.TrimSuffix(hash["b0"], "Z")+"Z") // BOS writes no zone
	if err != nil {
		return nil, err
	}
	revision, err := strconv.ParseInt(hash["r"], 10, 64)
	if err != nil {
		return nil, err
	}
	packed := unpack(hash["n"])
	count := func(letter byte) int { return packed[letter-'a'] }
	counts := SessionCounts{
		Managed: count('m'), Staged: count('t'), Successful: count('s'), Failed: count('f'), Complete: count('s') + count('f'),
		Configuring: count('c'), PoweringOff: count('o'), PoweringOn: count('p'), Active: count('a'),
	}
	took := now.Sub(start)
	return &SessionStatus{
		Revision: revision, Epoch: r.epoch, Status: strings.ToUpper(hash["st"]), ManagedComponentsCount: counts.Managed,
		PercentStaged: counts.percent(counts.Staged), PercentSuccessful: counts.percent(counts.Successful),
		PercentFailed: counts.percent(counts.Failed),
		Phases: SessionPhases{
			PercentComplete: counts.percent(counts.Complete), PercentConfiguring: counts.percent(counts.Configuring),
			PercentPoweringOff: counts.percent(counts.PoweringOff), PercentPoweringOn: counts.percent(counts.PoweringOn),
		},
		Counts:       counts,
		Timing:       SessionTiming{StartTime: start, Duration: clock(took), DurationSeconds: took.Seconds()},
		FromSnapshot: hash["z"] != "", AsOf: now.UTC(),
	}, nil
}

// unpack reads packed counters: "m64p3" is 64 for m, 3 for p, and 0 for any other letter.
func unpack(stored string) (all ['z' - 'a' + 1]int) {
	letter := 0
	for i := range len(stored) {
		if c := stored[i]; c >= 'a' {
			letter = int(c - 'a')
		} else {
			all[letter] = 10*all[letter] + int(c-'0')
		}
	}
	return all
}

func (c *SessionCounts) percent(count int) float64 {
	if c.Managed == 0 {
		return 0
	}
	return math.Round(float64(count)*1e4/float64(c.Managed)) / 100
}

// clock writes a duration as h:mm:ss.
func clock(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
