package transport

import (
	"bytes"
	"net/http"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/graph/limits"
)

// The lengths of lists in variables.
const (
	maxList       = bos.MaxBatch
	maxTenantList = 250_000 // of what a tenant owns, which is written in parts
	tenantField   = "putTenant"
)

// maxVariables is how many variables a request may have: no document can declare more, as each
// takes four tokens.
const maxVariables = limits.Tokens / 4

func manyVariables() *bos.Error {
	return bos.Errorf(bos.BadUserInput, "there are more than %d variables: put their values into lists or objects", maxVariables)
}

// maxNesting is how deep the JSON of a request may be nested: as deep as the decoder takes it.
// Beyond that, the screen would only note where it is: a word for each byte of the body.
const maxNesting = 10_000

// screen looks at the JSON of a request while it arrives, so that a request that will be
// refused is not read to its end: lists that are too long, and documents of too many tokens.
// It refuses nothing that would be accepted after decoding, and leaves everything else about
// the JSON to the decoder.
//
// It is a state machine over single bytes, because a piece of the body may end anywhere, also
// within an escape. A decoder that can stop early would have to hold what it has decoded, and
// that memory is what the screen saves.
type screen struct {
	lists []int // items so far of each list around; for an object less than 0

	inText, escaped bool
	isName          bool   // the text is one of an object's names
	name            []byte // of the last one at the top, no longer than it takes to know it
	query           bool   // the text is the document
	document        tokens
	tenant          bool   // the document may assign components to a tenant
	seen            bool   // there was a document
	long            bool   // a list has more items than one of another document may
	tail            []byte // of the document so far: the field's name may begin in one piece and end in the next
}

// see looks at the next bytes. The error is for users, and the status goes with it: that of a
// document or body that can't be parsed, or of a request that asks for too much.
func (s *screen) see(b []byte) (int, *bos.Error) {
	for i := 0; i < len(b); i++ {
		if s.inText {
			rest := s.text(b[i:])
			if s.document.count > limits.Tokens {
				return http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "exceeded token limit of %d", limits.Tokens)
			}
			i = len(b) - len(rest) - 1
			continue
		}
		switch b[i] {
		case '"':
			if len(s.lists) > 1 { // neither a name at the top nor the document: most texts
				end, escaped := textEnd(b[i+1:], false)
				i += 1 + end
				if i == len(b) {
					s.inText, s.escaped, s.query = true, escaped, false
				}
				break
			}
			s.begin()
		case '{', '[':
			if len(s.lists) == maxNesting {
				return http.StatusBadRequest, bos.Errorf(bos.BadUserInput, "the JSON of the request is nested more than %d deep", maxNesting)
			}
			if s.isName = b[i] == '{'; s.isName {
				s.lists = append(s.lists, -1)
			} else {
				s.lists = append(s.lists, 0)
			}
		case '}', ']':
			// Brackets that do not match are left for the decoder, which says where.
			if n := len(s.lists); n > 0 {
				s.lists = s.lists[:n-1]
			}
		case ':':
			s.isName = false
		case ',':
			n := len(s.lists)
			if n == 0 {
				break
			}
			if s.isName = s.lists[n-1] < 0; s.isName {
				// Of what a request has, only its variables and extensions are objects. Members are counted
				// below zero.
				if n == 2 {
					if s.lists[1]--; s.lists[1] < -maxVariables {
						return http.StatusUnprocessableEntity, manyVariables()
					}
				}
				break
			}
			// Commas are counted, not items: a list has one item more than commas.
			if s.lists[n-1]++; s.lists[n-1] >= maxList {
				if s.long = true; s.lists[n-1] >= s.most() {
					return http.StatusUnprocessableEntity, longList(s.most())
				}
			}
		}
	}
	return 0, nil
}

// most is how many items a list may have, as far as it is known yet. Until the document has
// come it may be any that is allowed: variables often stand before it.
func (s *screen) most() int {
	if s.seen && !s.tenant {
		return maxList
	}
	return maxTenantList
}

func longList(most int) *bos.Error {
	return bos.Errorf(bos.BadUserInput, "a list in the variables has more than %d items: send at most %d in one request", most, most)
}

// begin begins a text: at the top, a name or the document.
func (s *screen) begin() {
	s.inText, s.escaped = true, false
	// Only the member "query" of the outermost object is the document: a variable may have the
	// same name, and its text is not counted in tokens.
	top := len(s.lists) == 1 && s.lists[0] < 0
	if top && s.isName {
		s.name = s.name[:0]
	}
	s.query = top && !s.isName && string(s.name) == "query"
}

// text looks at more of a text, and returns what comes after it.
func (s *screen) text(b []byte) []byte {
	end := s.end(b)
	part, rest := b[:end], b[end:]
	if s.inText = end == len(b); !s.inText {
		rest = rest[1:] // the quote
	}
	switch top := len(s.lists) == 1 && s.lists[0] < 0; {
	case s.query:
		s.document.see(part)
		s.lookForTenant(part)
		s.seen = s.seen || !s.inText
	case top && s.isName && len(s.name) <= len("query"):
		// One byte more than the name looked for is enough to know that it is another.
		s.name = append(s.name, part[:min(len(part), len("query")+1)]...)
	}
	return rest
}

// end is where the text ends in b: at its quote, or with b.
func (s *screen) end(b []byte) (end int) {
	end, s.escaped = textEnd(b, s.escaped)
	return end
}

// textEnd is where a text ends that continues in b: at its quote, or with b. escaped says
// whether the first byte is; after says the same of the byte that follows b. Quotes are
// looked for, and not backslashes: nearly all texts are short and without any.
func textEnd(b []byte, escaped bool) (end int, after bool) {
	if escaped && len(b) == 0 {
		return 0, true
	}
	from := 0
	if escaped {
		from = 1
	}
	for {
		next := bytes.IndexByte(b[from:], '"')
		if end = from + next; next < 0 {
			end = len(b)
		}
		first := end
		for first > from && b[first-1] == '\\' {
			first--
		}
		odd := (end-first)%2 == 1
		if next < 0 || !odd {
			return end, odd
		}
		from = end + 1
	}
}

// lookForTenant looks for the field's name, which may come in parts. An escape may stand
// for any of its letters, so any escape counts as a find: that only allows a longer list,
// and the check after decoding still applies the right limit.
func (s *screen) lookForTenant(part []byte) {
	const name, escape = tenantField, `\u`
	joined := append(s.tail, part[:min(len(part), len(name))]...)
	for _, text := range [][]byte{joined, part} {
		s.tenant = s.tenant || bytes.Contains(text, []byte(name)) || bytes.Contains(text, []byte(escape))
	}
	if len(part) >= len(name) {
		joined = part
	}
	s.tail = append(s.tail[:0], joined[max(0, len(joined)-len(name)+1):]...)
}
