package transport

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bosgraph/bosgraph/graph"
)

// TestAnswersHaveTheirLength sends answers of about the length from which on net/http does not set it.
func TestAnswersHaveTheirLength(t *testing.T) {
	for _, length := range []int{0, 1, countedByServer, countedByServer + 1, 100_000} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			answered(typeJSON, http.StatusOK, graph.Parts{make([]byte, length/2), make([]byte, length-length/2)}).send(w)
		}))
		response, err := http.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || len(body) != length || response.ContentLength != int64(length) || len(response.TransferEncoding) > 0 {
			t.Errorf("an answer of %d bytes came as %d, with Content-Length %d and Transfer-Encoding %v, %v",
				length, len(body), response.ContentLength, response.TransferEncoding, err)
		}
		server.Close()
	}
}
