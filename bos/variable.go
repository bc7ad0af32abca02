package bos

// variable finds what messages about different components differ in: the kind of what begins at s[i], and where it ends; "" for
// nothing. The special goes before the general: within an address, there are numbers.
//
// A regular expression says the same in six lines (a test compares), and takes a quarter of a second of CPU time for a thousand
// messages with many numbers in them: ten times as much.
func variable(s string, i int) (kind string, end int) {
	switch {
	case s[i] != 'x' && !is(hex, s[i]):
		return "", i
	case !edge(s, i):
		return decimal(s, i)
	}
	if end, ok := hexParts(s, i, '-', 8, 4, 4, 4, 12); ok {
		return "uuid", end
	}
	if end, ok := xname(s, i); ok {
		return "xname", end
	}
	for _, between := range []byte(":-") {
		if end, ok := hexParts(s, i, between, 2, 2, 2, 2, 2, 2); ok {
			return "mac", end
		}
	}
	if end, ok := ipv4(s, i); ok {
		return "address", end
	}
	if end, ok := ipv6(s, i); ok {
		return "address", end
	}
	if end, ok := hexadecimal(s, i); ok {
		return "hex", end
	}
	return decimal(s, i)
}

// hexParts is so many hexadecimal digits in each part, with that between them.
func hexParts(s string, i int, between byte, sizes ...int) (end int, ok bool) {
	for n, size := range sizes {
		if n > 0 {
			if i == len(s) || s[i] != between {
				return 0, false
			}
			i++
		}
		if span(s, i, i+size, hex) != i+size {
			return 0, false
		}
		i += size
	}
	return i, edge(s, i)
}

func xname(s string, i int) (end int, ok bool) {
	if i == len(s) || s[i] != 'x' {
		return 0, false
	}
	for levels := 0; ; levels++ {
		digits := span(s, i+1, len(s), digit)
		if digits == i+1 { // a letter without a number
			return i, levels > 1 && edge(s, i)
		}
		if i = digits; i == len(s) || s[i] < 'a' || s[i] > 'z' {
			return i, levels > 0 && edge(s, i)
		}
	}
}

func ipv4(s string, i int) (end int, ok bool) {
	for part := range 4 {
		if part > 0 {
			if i == len(s) || s[i] != '.' {
				return 0, false
			}
			i++
		}
		digits := span(s, i, i+3, digit)
		if digits == i {
			return 0, false
		}
		i = digits
	}
	return i, edge(s, i)
}

// ipv6 is eight groups, or fewer before and after "::", at least one on each side.
func ipv6(s string, i int) (end int, ok bool) {
	before := 0
	for before < 7 {
		digits := span(s, i, i+4, hex)
		if digits == i || digits == len(s) || s[digits] != ':' {
			break
		}
		i = digits + 1
		before++
	}
	if before == 7 {
		end = span(s, i, i+4, hex)
		return end, end > i && edge(s, end)
	}
	for after := 0; before > 0 && after < 6 && i < len(s) && s[i] == ':'; after++ {
		digits := span(s, i+1, i+5, hex)
		if digits == i+1 {
			break
		}
		if i = digits; edge(s, i) {
			end, ok = i, true
		}
	}
	return end, ok
}

// hexadecimal is a number with 0x, or one that letters follow a digit in: "cafe" may be a word, and 12 is decimal.
func hexadecimal(s string, i int) (end int, ok bool) {
	if i+1 < len(s) && s[i] == '0' && (s[i+1] == 'x' || s[i+1] == 'X') {
		end = span(s, i+2, len(s), hex)
		return end, end > i+2 && edge(s, end)
	}
	end = span(s, i, len(s), hex)
	for at := i + 1; at < end; at++ {
		if is(digit, s[at-1]) && !is(digit, s[at]) {
			return end, edge(s, end)
		}
	}
	return 0, false
}

func decimal(s string, i int) (kind string, end int) {
	if end = span(s, i, len(s), digit); end == i {
		return "", i
	}
	if end < len(s) && s[end] == '.' {
		if fraction := span(s, end+1, len(s), digit); fraction > end+1 {
			end = fraction
		}
	}
	return "number", end
}

// span is where characters of a class end that begin at s[i], most at the latest.
func span(s string, i, most int, of class) int {
	for i < min(most, len(s)) && is(of, s[i]) {
		i++
	}
	return i
}

// edge says whether a word begins or ends before s[i].
func edge(s string, i int) bool {
	return (i > 0 && is(word, s[i-1])) != (i < len(s) && is(word, s[i]))
}

// class is a set of characters.
type class byte

const (
	digit class = 1 << iota
	hex
	word
)

// classes are those of each byte: every byte of a message is looked up several times.
var classes = func() (of [256]class) {
	for _, c := range []byte("0123456789") {
		of[c] = digit | hex | word
	}
	for c := byte('a'); c <= 'z'; c++ {
		of[c], of[c-'a'+'A'] = word, word
		if c <= 'f' {
			of[c], of[c-'a'+'A'] = hex|word, hex|word
		}
	}
	of['_'] = word
	return of
}()

func is(of class, c byte) bool { return classes[c]&of != 0 }
