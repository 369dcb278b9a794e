package explain

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/translate"
)

// Title names a line: its place and text, or the routine.
func (l *Line) Title() string {
	switch {
	case l.Line > 0:
		return fmt.Sprintf("%s:%d: %s", filepath.Base(l.File), l.Line, l.Text)
	case l.Symbol == "padding":
		return "(padding)"
	case l.Symbol != "":
		return "(routine " + l.Symbol + ")"
	}
	return "(entry and exit of " + l.Program + ")"
}

// Figures returns what a line takes, and what was measured of n packets.
func (l *Line) Figures(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d insns, %d words, busy %d", len(l.Insns), len(l.Words), l.Busy)
	if l.Taken > 0 {
		fmt.Fprintf(&b, " (branches taken: +%d)", l.Taken)
	}
	if l.Live > 0 {
		fmt.Fprintf(&b, ", %d registers", l.Live)
	}
	for _, use := range slices.Sorted(maps.Keys(l.Uses)) {
		fmt.Fprintf(&b, ", %s %d", use, l.Uses[use])
	}
	if n > 0 && l.Runs > 0 {
		fmt.Fprintf(&b, "; a packet: %.1f cycles", float64(l.Cycles)/float64(n))
		for _, w := range l.Waits {
			fmt.Fprintf(&b, ", %.1f waiting for %s", float64(w.Cycles)/float64(n), w.For)
		}
	}
	return b.String()
}

// Sentence says a remark in words.
func Sentence(k *translate.Remark) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", k.Pass, k.What)
	if k.Count > 1 {
		fmt.Fprintf(&b, " (%d times)", k.Count)
	}
	if k.Insn >= 0 {
		fmt.Fprintf(&b, ", instruction %d", k.Insn)
	}
	if k.Why != "" {
		fmt.Fprintf(&b, ", because %s", k.Why)
	}
	if k.OtherPlace != nil {
		fmt.Fprintf(&b, ": line %d", k.OtherPlace.Line)
		if k.Other >= 0 {
			fmt.Fprintf(&b, " (instruction %d)", k.Other)
		}
	} else if k.Other >= 0 {
		fmt.Fprintf(&b, ": instruction %d", k.Other)
	}
	return b.String()
}

// Text writes the report as text; with words, each word of the code.
func (r *Report) Text(w io.Writer, words bool) error {
	p := &printer{w: w}
	p.printf("program %s, %s for %s: %d eBPF slots, %d words", r.Program, r.Type, r.Target, r.Insns, r.Words)
	if r.Own > 0 {
		p.printf(", %d of them its own; at most %d of %d registers in use, %d values spilled", r.Own, r.Most, r.Usable, r.Spills)
	}
	p.printf("\n")
	if r.Packets > 0 {
		n := float64(r.Packets)
		p.printf("measured: %d packets, %.1f cycles each, %.1f of them waiting\n", r.Packets, float64(r.Cycles)/n, float64(r.Waited)/n)
	}
	for _, l := range r.Lines {
		p.printf("\n%s\n  %s\n", l.Title(), l.Figures(r.Packets))
		p.insns(l, words)
		for k := range l.Done {
			p.printf("  + %s\n", Sentence(&l.Done[k]))
		}
		for k := range l.Missed {
			p.printf("  - %s\n", Sentence(&l.Missed[k]))
		}
	}
	for k := range r.General {
		p.printf("\n- %s\n", Sentence(&r.General[k]))
	}
	return p.err
}

// printer remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// insns prints the instructions of a line, each with its words.
func (p *printer) insns(l *Line, words bool) {
	known := map[int]bool{}
	for _, in := range l.Insns {
		known[in.Slot] = true
		note := ""
		if in.Words == 0 {
			note = "   ; no word of its own"
		}
		p.printf("  %5d  %s%s\n", in.Slot, in.Text, note)
		if words {
			p.words(l, func(w *Word) bool { return w.Insn == in.Slot })
		}
	}
	if words {
		p.words(l, func(w *Word) bool { return !known[w.Insn] })
	}
}

func (p *printer) words(l *Line, which func(*Word) bool) {
	for k := range l.Words {
		w := &l.Words[k]
		if !which(w) {
			continue
		}
		note := ""
		if w.Use != "" && w.Use != "own" {
			note = "   ; " + w.Use
		}
		p.printf("         %6d  %s%s\n", w.Address, w.Text, note)
	}
}

// Remarks writes what could not be done, a line each.
func Remarks(w io.Writer, list []translate.Remark) error {
	p := &printer{w: w}
	for k := range list {
		m := &list[k]
		if m.Done {
			continue
		}
		where := m.Program
		if m.Place != nil {
			where = fmt.Sprintf("%s:%d", filepath.Base(m.Place.File), m.Place.Line)
		}
		p.printf("%s: %s\n", where, Sentence(m))
	}
	return p.err
}
