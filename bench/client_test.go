package bench

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

// clientVariable makes a process the client.
const clientVariable = "BENCH_CLIENT"

// client is a process that sends requests: it shares the machine with the server,
// but neither its heap nor its profile.
type client struct {
	errands  *gob.Encoder
	outcomes *gob.Decoder
}

// request is a GraphQL request, and what a right answer to it has in it.
type request struct {
	URL, Want, Token string // without a token, none is sent
	Body             []byte
}

// errand hands the client requests or, without any, has it send those it has.
type errand struct {
	Callers  int
	Requests []request
}

// outcome says how long each request took, from sending it to its whole answer, and
// what computing time the client has spent on them.
type outcome struct {
	Took []time.Duration
	CPU  time.Duration
	Err  string
}

// newClient starts a client, which ends with the benchmark.
func newClient(b *testing.B) *client {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env, cmd.Stderr = append(os.Environ(), clientVariable+"=1"), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
			b.Error(err)
		}
	})
	return &client{errands: gob.NewEncoder(in), outcomes: gob.NewDecoder(out)}
}

// prepare hands the client its requests, and returns how to send them, once or
// again: only that is to be measured.
func (c *client) prepare(b *testing.B, callers int, requests []request) (send func() outcome) {
	b.Helper()
	c.ask(b, errand{callers, requests})
	return func() outcome {
		b.Helper()
		return c.ask(b, errand{})
	}
}

func (c *client) ask(b *testing.B, e errand) outcome {
	b.Helper()
	var o outcome
	if err := errors.Join(c.errands.Encode(e), c.outcomes.Decode(&o)); err != nil {
		b.Fatal(err)
	}
	if o.Err != "" {
		b.Fatal(o.Err)
	}
	return o
}

// serveErrands is the client process.
func serveErrands(in io.Reader, out io.Writer) error {
	errands, outcomes := gob.NewDecoder(in), gob.NewEncoder(out)
	web := &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: max(callers, smallCallers)}}
	var held errand
	for {
		var e errand
		if err := errands.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var o outcome
		if len(e.Requests) > 0 {
			held = e
		} else {
			o = held.run(web)
		}
		if err := outcomes.Encode(o); err != nil {
			return err
		}
	}
}

// run sends every request once.
func (e errand) run(web *http.Client) outcome {
	o := outcome{Took: make([]time.Duration, len(e.Requests))}
	before := computing()
	err := each(e.Callers, len(e.Requests), func(_, i int) error {
		start := time.Now()
		_, err := e.Requests[i].send(web)
		o.Took[i] = time.Since(start)
		return err
	})
	if o.CPU = computing() - before; err != nil {
		o.Err = err.Error()
	}
	return o
}

func (r request) send(web *http.Client) ([]byte, error) {
	post, err := http.NewRequest(http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	post.Header.Set("Content-Type", "application/json")
	if r.Token != "" {
		post.Header.Set("Authorization", "Bearer "+r.Token)
	}
	answer, err := web.Do(post)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && !bytes.Contains(body, []byte(r.Want)) {
		err = fmt.Errorf("%s: no %q in the answer %.1000s", answer.Status, r.Want, body)
	}
	return body, err
}

// query makes the body of a request of a document and its variables.
func query(b *testing.B, document string, variables map[string]any) []byte {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		b.Fatal(err)
	}
	return body
}
