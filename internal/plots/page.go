// Package plots writes pages with plots: one HTML file that needs nothing else,
// with a content security policy that lets nothing be loaded or run, light or dark
// as the reader's system is. Plots are SVG; names from outside are text wherever
// they stand.
//
// It never knows what is shown. Page is the entry point.
package plots

import (
	"fmt"
	"html"
	"io"
	"strings"
	"unicode"
)

// Page is a report.
type Page struct {
	Title    string
	Sections []Section
}

// Section is a part of a page, with what it has of text, table and plot.
type Section struct {
	Title string
	Text  string
	Table [][]string // the first row has the heads
	Plot  Plot       // nil for none
}

// Plot is something drawn.
type Plot interface {
	// draw writes the content of an SVG and returns its size.
	draw(w *strings.Builder) (width, height int)
}

// style has the colours of both schemes as variables; series are c0 to c7.
const style = `:root{color-scheme:light dark;--bg:#fff;--fg:#1a1a1a;--dim:#666;--grid:#ddd;--c0:#2563eb;--c1:#d97706;--c2:#059669;--c3:#dc2626;--c4:#7c3aed;--c5:#0891b2;--c6:#be185d;--c7:#4d7c0f}
@media(prefers-color-scheme:dark){:root{--bg:#16181c;--fg:#e6e6e6;--dim:#9aa0a6;--grid:#33373d;--c0:#60a5fa;--c1:#fbbf24;--c2:#34d399;--c3:#f87171;--c4:#a78bfa;--c5:#22d3ee;--c6:#f472b6;--c7:#a3e635}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse}td,th{padding:.15rem .8rem .15rem 0;text-align:left;vertical-align:top}th{color:var(--dim);font-weight:normal}
svg{max-width:100%;height:auto}text{fill:var(--fg);font:12px system-ui,sans-serif}.d{fill:var(--dim)}.g{stroke:var(--grid)}.l{fill:none;stroke-width:2}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}
.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}.f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}
`

// policy lets the page's own style in and its empty icon, and nothing else.
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

// text makes a name from outside text of HTML. What would act on the reader's
// screen (control characters, marks that turn the direction of writing) is written
// as a number.
func text(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return html.EscapeString(b.String())
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", policy)
	fmt.Fprintf(&b, "<meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"icon\" href=\"data:,\">\n<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>%s</h1>\n", text(p.Title), style, text(p.Title))
	for _, s := range p.Sections {
		s.write(&b)
	}
	b.WriteString("</body>\n</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func (s *Section) write(b *strings.Builder) {
	fmt.Fprintf(b, "<section>\n<h2>%s</h2>\n", text(s.Title))
	if s.Text != "" {
		fmt.Fprintf(b, "<p>%s</p>\n", text(s.Text))
	}
	if len(s.Table) > 0 {
		b.WriteString("<table>\n")
		for i, row := range s.Table {
			cell := "td"
			if i == 0 {
				cell = "th"
			}
			b.WriteString("<tr>")
			for _, c := range row {
				fmt.Fprintf(b, "<%s>%s</%s>", cell, text(c), cell)
			}
			b.WriteString("</tr>\n")
		}
		b.WriteString("</table>\n")
	}
	if s.Plot != nil {
		var content strings.Builder
		w, h := s.Plot.draw(&content)
		fmt.Fprintf(b, "<svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n%s</svg>\n", text(s.Title), w, h, w, h, content.String())
	}
	b.WriteString("</section>\n")
}
