package coverage

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Report is what was reached, by file, in the order of names.
type Report struct {
	Files []File `json:"files"`
}

// File is what was reached of a C file.
type File struct {
	Name      string     `json:"name"` // as BTF has it
	Lines     []Line     `json:"lines"`
	Branches  []Branch   `json:"branches"`
	Functions []Function `json:"functions"`
}

// Line is a C line that has code which the verifier does not prove unreachable.
type Line struct {
	Number int    `json:"line"`  // from 1
	Count  uint64 `json:"count"` // of its most frequent instruction
	Text   string `json:"text"`  // the C line
}

// Branch is a condition whose both ways are possible. Copies of it that the compiler made
// by inlining or unrolling count as one.
type Branch struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"` // the C line
	// Falls and Jumps are how often execution went on behind the jump, and at its target;
	// which of them is the C condition's "true" is the compiler's choice.
	Falls uint64 `json:"falls"`
	Jumps uint64 `json:"jumps"`
}

// Function is a program or a function that was not inlined.
type Function struct {
	Name  string `json:"name"`
	Line  int    `json:"line"` // its first with code
	Count uint64 `json:"count"`
}

// place is a condition in the C file: comparisons of one place with different
// operations or constants, as those of a switch, are conditions of their own.
type place struct {
	file         string
	line, column int
	op           bpf.JumpOp
	wide         bool
	constant     int32
	byRegister   bool
}

type ways struct {
	falls, jumps     uint64
	canFall, canJump bool
	text             string
}

// lineKey is a line of a file.
type lineKey struct {
	file string
	line int
}

// Report returns what the runs until now have reached.
func (c *Counter) Report() *Report {
	lines, functions := map[lineKey]*Line{}, map[lineKey]map[string]*Function{}
	branches := map[place]*ways{}
	for _, n := range c.progs {
		n.lines(lines)
		n.functions(functions)
		n.branches(branches)
	}
	files := map[string]*File{}
	file := func(name string) *File {
		if files[name] == nil {
			files[name] = &File{Name: name, Lines: []Line{}, Branches: []Branch{}, Functions: []Function{}}
		}
		return files[name]
	}
	for k, l := range lines {
		f := file(k.file)
		f.Lines = append(f.Lines, *l)
	}
	for k, named := range functions {
		for _, fn := range named {
			f := file(k.file)
			f.Functions = append(f.Functions, *fn)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(branches), comparePlaces) {
		w := branches[k]
		if !w.canFall || !w.canJump {
			continue
		}
		f := file(k.file)
		f.Branches = append(f.Branches, Branch{Line: k.line, Column: k.column, Text: w.text, Falls: w.falls, Jumps: w.jumps})
	}
	r := &Report{Files: []File{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f := files[name]
		slices.SortFunc(f.Lines, func(a, b Line) int { return cmp.Compare(a.Number, b.Number) })
		slices.SortFunc(f.Functions, func(a, b Function) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), strings.Compare(a.Name, b.Name))
		})
		r.Files = append(r.Files, *f)
	}
	return r
}

// lines adds the counts of the program's lines. Those of several programs, whose
// code is apart, add up.
func (n *counted) lines(all map[lineKey]*Line) {
	own := map[lineKey]*Line{}
	for slot := range n.src.Insns {
		l := n.src.LineAt(slot)
		if l == nil || l.LineNo == 0 || !n.proven.Reached(slot) {
			continue
		}
		k := lineKey{l.File, l.LineNo}
		if own[k] == nil {
			own[k] = &Line{Number: l.LineNo, Text: strings.TrimSpace(l.Text)}
		}
		own[k].Count = max(own[k].Count, n.ran[slot])
	}
	for k, l := range own {
		if have := all[k]; have != nil {
			have.Count += l.Count
		} else {
			all[k] = l
		}
	}
}

// functions adds the calls of the program's functions, by their first lines.
func (n *counted) functions(all map[lineKey]map[string]*Function) {
	for _, fn := range n.src.Funcs {
		l := n.src.PlaceAt(fn.Start)
		if l == nil || !n.proven.Reached(fn.Start) {
			continue
		}
		k := lineKey{l.File, l.LineNo}
		if all[k] == nil {
			all[k] = map[string]*Function{}
		}
		if all[k][fn.Name] == nil {
			all[k][fn.Name] = &Function{Name: fn.Name, Line: l.LineNo}
		}
		all[k][fn.Name].Count += n.ran[fn.Start]
	}
}

// branches adds the ways of the program's conditional jumps.
func (n *counted) branches(all map[place]*ways) {
	for slot, in := range n.src.Insns {
		l := n.src.PlaceAt(slot)
		if l == nil || !in.IsCompare() || !n.proven.Reached(slot) || in.JumpTarget(slot) == slot+1 {
			continue
		}
		op, flipped := canonical(in.JumpOp())
		k := place{file: l.File, line: l.LineNo, column: l.Column, op: op, wide: in.Class() == bpf.ClassJMP, byRegister: in.Source() == bpf.X}
		if !k.byRegister {
			k.constant = in.Imm
		}
		w := all[k]
		if w == nil {
			w = &ways{text: strings.TrimSpace(l.Text)}
			all[k] = w
		}
		jumps, falls := n.jumped[slot], n.ran[slot]-n.jumped[slot]
		canFall, canJump := n.proven.Branches(slot)
		if flipped {
			jumps, falls, canFall, canJump = falls, jumps, canJump, canFall
		}
		w.jumps += jumps
		w.falls += falls
		w.canFall = w.canFall || canFall
		w.canJump = w.canJump || canJump
	}
}

// canonical returns one of an operation and its opposite, and whether it is the
// opposite: copies of a condition may be either.
func canonical(op bpf.JumpOp) (one bpf.JumpOp, flipped bool) {
	switch op {
	case bpf.JNe:
		return bpf.JEq, true
	case bpf.JLt:
		return bpf.JGe, true
	case bpf.JLe:
		return bpf.JGt, true
	case bpf.JSLt:
		return bpf.JSGe, true
	case bpf.JSLe:
		return bpf.JSGt, true
	}
	return op, false
}

func comparePlaces(a, b place) int {
	return cmp.Or(
		strings.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column), cmp.Compare(a.op, b.op),
		cmp.Compare(a.constant, b.constant), compareBools(a.wide, b.wide), compareBools(a.byRegister, b.byRegister),
	)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
