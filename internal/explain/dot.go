package explain

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// Dot writes the flow of the code as a graph for Graphviz: a node a run of words,
// with its C lines and busy cycles.
func (r *Report) Dot(w io.Writer) error {
	p := &printer{w: w}
	p.printf("digraph %s {\n  node [shape=box fontname=monospace];\n", quote(r.Program))
	for k := range r.Blocks {
		b := &r.Blocks[k]
		lines := make([]string, len(b.Lines))
		for j, n := range b.Lines {
			lines[j] = strconv.Itoa(n)
		}
		label := []string{fmt.Sprintf("%s +%d", b.Of, b.First), fmt.Sprintf("%d words, busy %d", b.Words, b.Busy)}
		if len(lines) > 0 {
			label = append(label, filepath.Base(b.File)+":"+strings.Join(lines, ","))
		}
		p.printf("  w%d [label=%s];\n", b.First, quote(label...))
		for _, to := range b.To {
			p.printf("  w%d -> w%d;\n", b.First, to)
		}
		if b.Exits {
			p.printf("  w%d -> exit;\n", b.First)
		}
		if b.Jumps {
			p.printf("  w%d -> elsewhere [style=dashed];\n", b.First)
		}
	}
	p.printf("}\n")
	return p.err
}

// quote makes a quoted string of lines. Names come from outside: what is no
// printable character is written as a number.
func quote(lines ...string) string {
	var b strings.Builder
	b.WriteByte('"')
	for k, line := range lines {
		if k > 0 {
			b.WriteString(`\n`)
		}
		for _, c := range line {
			switch {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteRune(c)
			case unicode.IsPrint(c):
				b.WriteRune(c)
			default:
				fmt.Fprintf(&b, `\\u%04x`, c)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
