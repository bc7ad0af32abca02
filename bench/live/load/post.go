package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Changed is how a server answers a mutation, as those of the benchmark are
// written, that has changed all that it was to change.
const Changed = `{"data":{"change":{"userErrors":[]}}}`

// Post sends a GraphQL request and looks for what a right answer has in it.
func Post(ctx context.Context, client *http.Client, address string, body []byte, want string) error {
	return post(ctx, client, "http://"+address+"/graphql", body, want)
}

func post(ctx context.Context, client *http.Client, url string, body []byte, want string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && !strings.Contains(string(text), want) {
		err = fmt.Errorf("%s: no %s in %.1000s", answer.Status, want, text)
	}
	return err
}
