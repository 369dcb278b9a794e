package bpf

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// PrintFormat is a format of bpf_trace_printk and bpf_trace_vprintk whose values
// are numbers.
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
	long  bool // 64 bits
	verb  byte // d, u, x, X or c
}

// MaxPrintWidth bounds the width of a value, in characters.
const MaxPrintWidth = 512

// ParsePrint reads a format as bpf_bprintf_prepare does, of which it takes the
// part without memory: text ends at the first 0 byte. values is how many values
// the call has.
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
	if at() == 'p' || at() == 's' {
		return p, n, fmt.Errorf("%%%c, because its value is memory that the host does not see", at())
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

// Values returns how many values the format shows.
func (f *PrintFormat) Values() int { return len(f.parts) - 1 }

// Print returns the text with its values, those that are missing taken for 0.
func (f *PrintFormat) Print(values []uint64) string {
	var w strings.Builder
	for k, p := range f.parts {
		w.WriteString(p.text)
		if p.verb == 0 {
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
