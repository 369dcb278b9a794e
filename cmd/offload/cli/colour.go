package cli

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// colour is the sequence that begins a colour on a terminal.
type colour string

// The colours, in what terminals have made of them.
const (
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
	plain  colour = "\x1b[0m"
)

// coloured reports whether text for a writer may have colours: it is a terminal that
// has some, and the user does not mind (https://no-color.org).
func coloured(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// paint prints text in a colour where the writer has them. The text is made visible
// as any other.
func paint(w io.Writer, c colour, format string, args ...any) {
	v, ok := w.(*visible)
	if !ok || !v.colours {
		fmt.Fprintf(w, format, args...)
		return
	}
	v.end()
	_, _ = io.WriteString(v.w, string(c)) // what fails here fails again below
	fmt.Fprintf(v, format, args...)
	v.end()
	_, _ = io.WriteString(v.w, string(plain))
}
