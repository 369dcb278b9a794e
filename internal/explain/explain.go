// Package explain says, line by line, what became of a program: its eBPF
// instructions, words and cycles, what passes merged, moved or removed, what they
// could not do, and where registers were short.
//
// It never compiles. Make is the entry point; it takes what translate reports and
// the image's line table.
package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
)

// Report explains a compiled program and those that it reaches by tail calls.
type Report struct {
	Program string `json:"program"`
	Type    string `json:"type"`
	Target  string `json:"target"`
	Insns   int    `json:"insns"`
	Words   int    `json:"words"` // routines and padding included
	Own     int    `json:"own"`
	// Most is the most general-purpose registers that are in use at a time, of Usable.
	Most   int `json:"registers"`
	Usable int `json:"usable_registers"`
	Spills int `json:"spills"`
	// Packets is how many were measured, with Cycles and Waited in all; 0 without a
	// capture.
	Packets int     `json:"packets,omitempty"`
	Cycles  uint64  `json:"cycles,omitempty"`
	Waited  uint64  `json:"waited,omitempty"`
	Lines   []*Line `json:"lines"`
	// General are remarks about code that belongs to no instruction.
	General []translate.Remark `json:"general,omitempty"`
	Blocks  []Block            `json:"blocks"`
}

// Line is a C line of a program, or words that belong to none.
type Line struct {
	Program string `json:"program"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Text    string `json:"text,omitempty"`
	// Symbol names the routine of words that no line has.
	Symbol string `json:"symbol,omitempty"`
	Insns  []Insn `json:"insns,omitempty"`
	Words  []Word `json:"words,omitempty"`
	// Busy is the number of cycles that the core is busy with the words if each runs
	// once and no conditional branch is taken; Taken what those add that are.
	Busy  int `json:"busy"`
	Taken int `json:"busy_taken"`
	// Live is the most registers in use at a word.
	Live int `json:"registers,omitempty"`
	// Uses counts the words that are there for the registers' sake: move, spill,
	// fetch, remat, delay.
	Uses map[string]int `json:"uses,omitempty"`
	// Done is what passes did, Missed what they could not do.
	Done   []translate.Remark `json:"done,omitempty"`
	Missed []translate.Remark `json:"missed,omitempty"`
	// Runs, Cycles and Waits are measured: words executed, cycles until the next
	// word, and the part of them in which the context waited.
	Runs   uint64 `json:"executed,omitempty"`
	Cycles uint64 `json:"cycles,omitempty"`
	Waits  []Wait `json:"waits,omitempty"`
}

// Insn is an eBPF instruction. One without words was folded into others or is
// needed by nobody.
type Insn struct {
	Slot  int    `json:"slot"`
	Text  string `json:"text"`
	Words int    `json:"words"`
}

// Word is a word of the code.
type Word struct {
	Address int    `json:"address"` // in the control store
	Insn    int    `json:"insn"`    // eBPF slot, -1 for none
	Text    string `json:"text"`
	Use     string `json:"use,omitempty"`
	Live    int    `json:"registers,omitempty"`
	Runs    uint64 `json:"executed,omitempty"`
	Cycles  uint64 `json:"cycles,omitempty"`

	in nfpisa.Instr
	ok bool
}

// Wait is what a line's commands waited for.
type Wait struct {
	For    string `json:"for"`
	Count  uint64 `json:"count"`
	Cycles uint64 `json:"cycles"`
}

// Source is what a report is made of.
type Source struct {
	Image  *image.Image
	Report *translate.Report // compiled with Options.Remarks; nil for an image alone
	// Program is the one that was compiled; nil for an image alone.
	Program *object.Program
	// Measured is nil without a capture.
	Measured *Measured
}

// Make explains a program.
func Make(s Source) *Report {
	img := s.Image
	r := &Report{Words: len(img.Words), Usable: usable(&img.Target.Registers), Target: img.Target.Name}
	if len(img.Programs) > 0 {
		p := &img.Programs[0]
		r.Program, r.Type, r.Insns = p.Name, p.Type, int(p.Insns)
	}
	m := &maker{r: r, src: s, lines: map[place]*Line{}}
	m.words()
	if s.Report != nil {
		r.Own, r.Spills = s.Report.Own, s.Report.Alloc.Stores
		m.insns()
		m.remarks()
	}
	if s.Measured != nil {
		m.measured()
	}
	for _, l := range r.Lines {
		l.sum()
		r.Most = max(r.Most, l.Live)
	}
	slices.SortStableFunc(r.Lines, func(a, b *Line) int {
		return cmp.Or(cmp.Compare(m.order(a), m.order(b)), strings.Compare(a.Program, b.Program), strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	r.Blocks = blocks(img)
	return r
}

// place identifies a line of the report.
type place struct {
	program, file, symbol string
	line                  int
}

type maker struct {
	r     *Report
	src   Source
	lines map[place]*Line
	where []*Line // by word
}

// order has programs in the image's order, and what belongs to no program behind
// them.
func (m *maker) order(l *Line) int {
	for k := range m.src.Image.Programs {
		if m.src.Image.Programs[k].Name == l.Program {
			if l.Line == 0 {
				return 2*k + 1
			}
			return 2 * k
		}
	}
	return 2 * len(m.src.Image.Programs)
}

func (m *maker) line(at place, text string) *Line {
	l := m.lines[at]
	if l == nil {
		l = &Line{Program: at.program, File: at.file, Line: at.line, Symbol: at.symbol, Text: strings.TrimSpace(text)}
		m.lines[at] = l
		m.r.Lines = append(m.r.Lines, l)
	}
	return l
}

// owner returns the program or routine that a word belongs to.
func owner(img *image.Image, word int) (program, symbol string) {
	for _, s := range img.Symbols {
		if s.Kind != image.SymLabel && word >= int(s.Word) && word < int(s.Word+s.Size) {
			if s.Kind == image.SymProgram {
				return s.Name, ""
			}
			return "", s.Name
		}
	}
	return "", "padding"
}

// words sorts the image's words into lines.
func (m *maker) words() {
	img := m.src.Image
	for k, w := range img.Words {
		program, symbol := owner(img, k)
		at, text := place{program: program, symbol: symbol}, ""
		word := Word{Address: int(img.Machine.CodeStart) + k, Insn: -1}
		if l := img.LineOf(k); l != nil && program != "" {
			word.Insn = int(l.Insn)
			if l.LineNo > 0 {
				at.file, at.line, text = l.File, int(l.LineNo), l.Text
			}
		}
		var err error
		if word.in, err = nfpisa.Decode(w, img.Machine.Mode); err == nil {
			word.Text, word.ok = word.in.String(), true
		} else {
			word.Text = err.Error()
		}
		if r := m.src.Report; r != nil && k < len(r.Code) {
			word.Use, word.Live = r.Code[k].Use, r.Code[k].Live
		}
		l := m.line(at, text)
		l.Words = append(l.Words, word)
		m.where = append(m.where, l)
	}
}

// insns adds the eBPF instructions of the programs, those without words among
// them.
func (m *maker) insns() {
	for _, p := range append([]*object.Program{m.src.Program}, m.src.Program.Called...) {
		words := map[int]int{}
		for _, l := range m.r.Lines {
			if l.Program == p.Name {
				for _, w := range l.Words {
					words[w.Insn]++
				}
			}
		}
		for slot := 0; slot < len(p.Insns); slot++ {
			in := p.Insns[slot]
			at, text := place{program: p.Name}, ""
			if l := p.LineAt(slot); l != nil && l.LineNo > 0 {
				at.file, at.line, text = l.File, l.LineNo, l.Text
			}
			l := m.line(at, text)
			l.Insns = append(l.Insns, Insn{Slot: slot, Text: in.String(), Words: words[slot]})
			if in.Wide() {
				slot++
			}
		}
	}
}

// remarks puts remarks on their lines.
func (m *maker) remarks() {
	for _, k := range m.src.Report.Remarks {
		if k.Insn < 0 {
			m.r.General = append(m.r.General, k)
			continue
		}
		at := place{program: k.Program}
		if k.Place != nil {
			at.file, at.line = k.Place.File, k.Place.Line
		}
		l := m.line(at, "")
		if k.Done {
			l.Done = append(l.Done, k)
		} else {
			l.Missed = append(l.Missed, k)
		}
	}
}

// sum works out what follows from a line's words.
func (l *Line) sum() {
	for k := range l.Words {
		w := &l.Words[k]
		busy, taken := w.Cost()
		l.Busy, l.Taken = l.Busy+busy, l.Taken+taken
		l.Live = max(l.Live, w.Live)
		if w.Use != "" && w.Use != "own" {
			if l.Uses == nil {
				l.Uses = map[string]int{}
			}
			l.Uses[w.Use]++
		}
	}
}

// usable returns how many general-purpose registers programs have.
func usable(r *target.Registers) int { return 2*r.GPRs - len(r.KeepA) - len(r.KeepB) }
