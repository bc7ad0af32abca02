package transport

import "bytes"

// tokens counts the tokens of a document that is written as a JSON text. It is not to count more
// than the parser does, or a valid document would be refused; it may count fewer, because the
// parser applies the same limit later.
type tokens struct {
	count   int
	state   tokenState
	quotes  int  // in a row: one begins or ends a text, three a block; -1 after a backslash
	escaped bool // in JSON: the next byte stands for another
}

type tokenState byte

const (
	between tokenState = iota
	inWord             // a name, a number or dots
	inComment
	inString
	inBlock
)

// see counts the tokens of a piece. It resolves escapes of JSON first: a quote of the document
// is written as an escape in the request.
func (t *tokens) see(b []byte) {
	for _, c := range b {
		// The text arrives in pieces, so an escape may be divided between two.
		if t.escaped {
			t.escaped = false
			switch c {
			case 'n', 'r':
				c = '\n'
			case 't':
				c = '\t'
			case '"', '\\', '/':
			default:
				// Encoders write other characters as escapes only within texts and comments, where they
				// count for nothing.
				c = 0
			}
		} else if c == '\\' {
			t.escaped = true
			continue
		}
		t.next(c)
	}
}

// next takes one character of the document.
func (t *tokens) next(c byte) {
	if c == '"' {
		t.quote()
		return
	}
	// Two quotes in a row are an empty text, or the beginning of a block. Only what follows
	// decides, and it was no third quote.
	if t.quotes == 2 && t.state == inString {
		t.state = between
	}
	t.quotes = 0
	switch t.state {
	case inComment, inString:
		// A text ends with its line at the latest. The parser refuses one that is not closed, but the
		// rest of the document must not pass uncounted until then.
		if c == '\n' {
			t.state = between
		}
		if c == '\\' && t.state == inString {
			t.quotes = -1 // what follows is escaped
		}
		return
	case inBlock:
		if c == '\\' {
			t.quotes = -1
		}
		return
	}
	switch {
	case c == '#':
		t.state = inComment
		t.count++
	case c == '_' || c == '.' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		if t.state != inWord {
			t.state = inWord
			t.count++
		}
	default:
		t.state = between
		if bytes.IndexByte([]byte("!$&()/:=@[]{|}"), c) >= 0 {
			t.count++
		}
	}
}

// quote is a quote in the document: a text between quotes ends with one, a block with
// three, and three without anything between begin one.
func (t *tokens) quote() {
	switch t.quotes++; {
	case t.quotes == 0: // escaped
	case t.state == inComment:
		t.quotes = 0
	case t.state == inBlock:
		if t.quotes == 3 {
			t.state, t.quotes = between, 0
		}
	case t.state != inString:
		t.state, t.quotes = inString, 1
		t.count++
	case t.quotes == 2: // an empty text, or the beginning of a block
	case t.quotes == 3:
		t.state, t.quotes = inBlock, 0
	default:
		t.state, t.quotes = between, 0
	}
}
