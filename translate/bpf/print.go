package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// PrintFormat is a format of bpf_trace_printk and bpf_trace_vprintk, of numbers,
// strings and IP addresses.
type PrintFormat struct {
	parts []printPart
}

// printPart is text and, unless verb is 0, a value behind it.
type printPart struct {
	text  string
	left  bool // aligned to the left
	plus  bool // with a sign
	space bool // with a space in the place of a plus
	zero  bool // filled up with zeros
	width int
	long  bool   // 64 bits
	verb  byte   // d, u, x, X or c; s or p where memory is shown
	ip    string // of a p: i4, I4, i6, I6, or s for a string without a width
}

// PrintString is the most bytes of a string that are shown.
const PrintString = 512

// MaxPrintWidth bounds the width of a value, in characters.
const MaxPrintWidth = 512

// ParsePrint reads a format as bpf_bprintf_prepare does, of which it leaves out what
// shows addresses: text ends at the first 0 byte. values is how many values the call
// has.
func ParsePrint(text []byte, values int) (*PrintFormat, error) {
	end := bytes.IndexByte(text, 0)
	if end < 0 {
		return nil, errors.New("no 0 byte ends it")
	}
	f, s := &PrintFormat{}, string(text[:end])
	var plain strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < ' ' || c > '~') && (c < '\t' || c > '\r') {
			return nil, fmt.Errorf("byte %#02x is neither printable nor space", c)
		}
		if c != '%' {
			plain.WriteByte(c)
			continue
		}
		if strings.HasPrefix(s[i:], "%%") {
			plain.WriteByte('%')
			i++
			continue
		}
		p, n, err := parseVerb(s[i+1:])
		if err != nil {
			return nil, err
		}
		if values--; values < 0 {
			return nil, errors.New("it has more values than the call")
		}
		p.text = plain.String()
		plain.Reset()
		f.parts = append(f.parts, p)
		i += n
	}
	f.parts = append(f.parts, printPart{text: plain.String()})
	return f, nil
}

// parseVerb reads what follows a percent sign and returns the bytes that it took.
func parseVerb(s string) (p printPart, n int, err error) {
	at := func() byte {
		if n < len(s) {
			return s[n]
		}
		return 0
	}
	for ; strings.IndexByte("0+- ", at()) >= 0 && at() != 0; n++ {
		switch at() {
		case '0':
			p.zero = true
		case '+':
			p.plus = true
		case '-':
			p.left = true
		default:
			p.space = true
		}
	}
	for ; at() >= '0' && at() <= '9'; n++ {
		if p.width = 10*p.width + int(at()-'0'); p.width > MaxPrintWidth {
			return p, n, fmt.Errorf("a width above %d", MaxPrintWidth)
		}
	}
	switch at() {
	case 's':
		p.verb, n = 's', n+1
		return p, n, wordEnds(s, n)
	case 'p':
		return parsePointer(p, s, n+1)
	}
	if at() != 'c' {
		for k := 0; k < 2 && at() == 'l'; k++ {
			p.long = true
			n++
		}
	}
	switch p.verb = at(); {
	case p.verb == 'i':
		p.verb = 'd'
	case p.verb == 0 || strings.IndexByte("duxXc", p.verb) < 0 || p.verb == 'c' && p.long:
		return p, n, fmt.Errorf("%%%s, which the kernel does not take", s[:min(n+1, len(s))])
	}
	return p, n + 1, nil
}

// parsePointer reads what follows the p at n-1.
func parsePointer(p printPart, s string, n int) (printPart, int, error) {
	p.verb = 'p'
	switch rest := s[n:]; {
	case strings.HasPrefix(rest, "ks"):
		p.ip = "s"
		return p, n + 2, wordEnds(s, n+2)
	case strings.HasPrefix(rest, "us"):
		return p, n, errors.New("%pus, because a network card has no processes whose memory it could show")
	case len(rest) > 1 && strings.IndexByte("iI", rest[0]) >= 0 && strings.IndexByte("46", rest[1]) >= 0:
		p.ip = rest[:2]
		return p, n + 2, nil
	case rest == "" || !isLetterOrDigit(rest[0]) || strings.IndexByte("KxsSB", rest[0]) >= 0:
		return p, n, fmt.Errorf("%%%s, because addresses of the card mean nothing to a reader", s[:min(n+1, len(s))])
	}
	return p, n, fmt.Errorf("%%%s, which the kernel does not take", s[:min(n+1, len(s))])
}

func isLetterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// wordEnds refuses a string behind which letters or digits follow, as the kernel does.
func wordEnds(s string, n int) error {
	if n < len(s) && isLetterOrDigit(s[n]) {
		return fmt.Errorf("%%%s, which the kernel does not take", s[:n+1])
	}
	return nil
}

// Memory reports whether value k is the address of memory that is shown, and of how
// many bytes; 0 is a string, up to a 0 byte and at most PrintString bytes.
func (f *PrintFormat) Memory(k int) (n int, ok bool) {
	switch p := &f.parts[k]; {
	case p.verb == 's', p.ip == "s":
		return 0, true
	case p.verb == 'p' && p.ip[1] == '4':
		return 4, true
	case p.verb == 'p':
		return 16, true
	}
	return 0, false
}

// Values returns how many values the format shows.
func (f *PrintFormat) Values() int { return len(f.parts) - 1 }

// Print returns the text with its values, those that are missing taken for 0. memory
// has the bytes of the values that show memory, by their number.
func (f *PrintFormat) Print(values []uint64, memory map[int][]byte) string {
	var w strings.Builder
	for k, p := range f.parts {
		w.WriteString(p.text)
		if p.verb == 0 {
			continue
		}
		if p.verb == 's' || p.verb == 'p' {
			w.WriteString(p.show(memory[k]))
			continue
		}
		var v uint64
		if k < len(values) {
			v = values[k]
		}
		w.WriteString(p.print(v))
	}
	return w.String()
}

// show returns memory in the form that the format wants.
func (p *printPart) show(b []byte) string {
	switch {
	case p.verb == 's', p.ip == "s":
		if n := bytes.IndexByte(b, 0); n >= 0 {
			b = b[:n]
		}
		if p.verb == 's' {
			return p.fill("", string(b), false)
		}
		return string(b)
	case p.ip[1] == '4':
		b = append(bytes.Clone(b), 0, 0, 0, 0)[:4]
		if p.ip == "i4" {
			return fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3])
		}
		return fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3])
	}
	b = append(bytes.Clone(b), make([]byte, 16)...)[:16]
	text := fmt.Sprintf("%x", b)
	if p.ip == "i6" {
		return text
	}
	var groups []string
	for ; text != ""; text = text[4:] {
		groups = append(groups, text[:4])
	}
	return strings.Join(groups, ":")
}

// print returns one value.
func (p *printPart) print(v uint64) string {
	sign, digits := "", ""
	if !p.long {
		v = uint64(uint32(v))
	}
	switch p.verb {
	case 'c':
		return p.fill("", string([]byte{byte(v)}), false)
	case 'x':
		digits = fmt.Sprintf("%x", v)
	case 'X':
		digits = fmt.Sprintf("%X", v)
	case 'u':
		digits = fmt.Sprint(v)
	default:
		n := int64(v)
		if !p.long {
			n = int64(int32(v))
		}
		switch {
		case n < 0:
			sign = "-"
		case p.plus:
			sign = "+"
		case p.space:
			sign = " "
		}
		digits = strings.TrimPrefix(fmt.Sprint(n), "-")
	}
	return p.fill(sign, digits, p.zero)
}

// fill makes a value as wide as the format wants it.
func (p *printPart) fill(sign, digits string, zero bool) string {
	n := max(0, p.width-len(sign)-len(digits))
	switch {
	case p.left:
		return sign + digits + strings.Repeat(" ", n)
	case zero:
		return sign + strings.Repeat("0", n) + digits
	}
	return strings.Repeat(" ", n) + sign + digits
}
