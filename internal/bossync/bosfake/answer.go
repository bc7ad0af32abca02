package bosfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// answer is an answer about to be sent. Its body comes in parts, which may be the
// stored records themselves: they are never written to.
type answer struct {
	status  int
	kind    string // media type
	parts   [][]byte
	scanned int // components that BOS looks at for it

	location string // where it redirects to; empty for nowhere
}

func text(status int, kind, body string) answer {
	return answer{status: status, kind: kind, parts: [][]byte{[]byte(body)}}
}

// object answers with what is encoded already.
func object(body []byte) answer {
	return answer{status: http.StatusOK, kind: "application/json", parts: [][]byte{body}}
}

// list answers with a list of what is encoded already.
func list(items [][]byte) answer {
	a := object([]byte("["))
	for i, item := range items {
		if i > 0 {
			// With the space, as Python's encoder writes it.
			a.parts = append(a.parts, []byte(", "))
		}
		a.parts = append(a.parts, item)
	}
	a.parts = append(a.parts, []byte("]\n"))
	return a
}

// problem answers with an error in the form of BOS.
func problem(status int, title, format string, args ...any) answer {
	a := object(encode(Record{"detail": fmt.Sprintf(format, args...), "status": status, "title": title, "type": "about:blank"}))
	a.status, a.kind = status, "application/problem+json"
	return a
}

func badRequest(format string, args ...any) answer {
	return problem(http.StatusBadRequest, "Bad Request", format, args...)
}

func notFound(what, id string) answer {
	return problem(http.StatusNotFound, "The resource was not found", "%s '%s' does not exist", what, id)
}

// encode writes JSON as it stands in an answer: the keys sorted, as Flask does it.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("bosfake: no JSON: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// decode reads a stored record, numbers as they are.
func decode(text []byte) Record {
	var r Record
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		panic(fmt.Sprintf("bosfake: only an object can be changed: %v", err))
	}
	return r
}

// merge lays changes over r, which is the caller's own, object by object.
func merge(r, changes Record) Record {
	for name, value := range changes {
		change, ok := value.(Record)
		into, both := r[name].(Record)
		if ok && both {
			value = merge(into, change)
		}
		r[name] = value
	}
	return r
}

// percent is a float as Python prints it: 100.0, not 100.
func percent(p float64) json.RawMessage {
	text := strconv.FormatFloat(p, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return json.RawMessage(text)
}

// send sends an answer, spoiled by a fault.
func (a *answer) send(w http.ResponseWriter, fault *Fault) {
	if fault.ContentType != "" {
		a.kind = fault.ContentType
	}
	length := fault.Pad
	for _, part := range a.parts {
		length += len(part)
	}
	left := length
	// A body that is cut says that it is whole, by its length; a connection that is cut
	// promises more than comes. Clients notice the second by themselves, and the first only by
	// what they read.
	if fault.CutBody || fault.CutConnection {
		left /= 2
	}
	if !fault.CutConnection {
		length = left
	}
	w.Header().Set("Content-Type", a.kind)
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(a.status)
	write := func(part []byte) {
		part = part[:min(len(part), left)]
		left -= len(part)
		_, _ = w.Write(part) // the client may have disconnected
	}
	blanks := bytes.Repeat([]byte(" "), min(fault.Pad, 64<<10))
	for padded := 0; padded < fault.Pad; padded += len(blanks) {
		write(blanks[:min(len(blanks), fault.Pad-padded)])
	}
	for _, part := range a.parts {
		write(part)
	}
	if fault.CutConnection {
		_ = http.NewResponseController(w).Flush()
		// Ends the connection within the answer, and the server logs nothing for it.
		panic(http.ErrAbortHandler)
	}
}
