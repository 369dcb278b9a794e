package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible writes text for a terminal. Names of programs, maps and files come
// from outside; what of them would act on the terminal (control characters,
// marks that turn the direction of writing, bytes that are no text) it writes
// as numbers. JSON has such characters as escapes already.
type visible struct {
	w    io.Writer
	rest []byte // beginning of a character whose end is still to come
	// colours says that w is a terminal that may have some.
	colours bool
}

// Write counts the bytes that it was given, not those that it makes of them.
func (v *visible) Write(b []byte) (int, error) {
	text := append(v.rest, b...)
	out := make([]byte, 0, len(text))
	for len(text) > 0 && utf8.FullRune(text) {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1, r < utf8.RuneSelf && r != '\n' && r != '\t' && unicode.IsControl(r):
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case r >= utf8.RuneSelf && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	v.rest = append([]byte(nil), text...)
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// end writes what is left of a character that did not end.
func (v *visible) end() {
	for _, c := range v.rest {
		fmt.Fprintf(v.w, `\x%02x`, c)
	}
	v.rest = nil
}

// raw returns the writer behind, for what another program writes itself.
func raw(w io.Writer) io.Writer {
	if v, ok := w.(*visible); ok {
		return v.w
	}
	return w
}

// visibleText returns text as visible writes it, on one line.
func visibleText(s string) string {
	var b strings.Builder
	v := visible{w: &b}
	_, _ = v.Write([]byte(s)) // a Builder takes all
	v.end()
	return strings.ReplaceAll(b.String(), "\n", `\x0a`)
}
