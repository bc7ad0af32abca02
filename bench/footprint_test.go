package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bosgraph/bosgraph/internal/redistest"
)

// largestCall is how many components one call may have.
const largestCall = 5_000

// BenchmarkFootprint reports the most memory that the server has needed: just started,
// and after so many callers at a time have each sent calls of 5,000 whole records. What
// is stored is in Redis; the server holds only the calls under way.
func BenchmarkFootprint(b *testing.B) {
	for _, callers := range []int{0, 1, 4} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			var memory float64
			for b.Loop() {
				s, stop := newServer(b, "--redis-url", "redis://"+redistest.Server(b))
				get(b, s.url+"/readyz")
				const calls = 3 // of each caller
				if err := each(max(callers, 1), calls*callers, func(_, i int) error { return sendLargest(s.url, i) }); err != nil {
					b.Fatal(err)
				}
				memory = s.mostMemory(b)
				stop()
			}
			b.ReportMetric(memory, "MiB-most")
			b.ReportMetric(0, "ns/op") // of starting servers: it says nothing
		})
	}
}

// sendLargest stores the i-th 5,000 components, whole records. On a loaded machine Redis
// may take longer for calls of that size than the server waits: they are sent again, as
// the answer says.
func sendLargest(url string, i int) error {
	l := layout{sessions: ingestSessions, each: largestCall}
	records := make([]json.RawMessage, largestCall)
	for n := range records {
		records[n] = l.whole(i*largestCall+n, i)
	}
	body, err := json.Marshal(map[string]any{
		"query":     `mutation($in: [ComponentInput!]!) { putComponents(input: {components: $in}) { applied } }`,
		"variables": map[string]any{"in": records},
	})
	if err != nil {
		return err
	}
	var answer string
	for range 10 {
		response, err := http.Post(url+"/graphql", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			return err
		}
		answer = string(text)
		if strings.Contains(answer, fmt.Sprintf(`"applied":%d`, largestCall)) {
			return nil
		}
		if !strings.Contains(answer, "UNAVAILABLE") {
			break
		}
	}
	return fmt.Errorf("a call of %d components is answered %.300s", largestCall, answer)
}

func get(b *testing.B, url string) {
	b.Helper()
	response, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatalf("%s is answered %s", url, response.Status)
	}
}
