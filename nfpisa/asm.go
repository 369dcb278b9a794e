package nfpisa

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Assembly is an assembled source file.
type Assembly struct {
	Mode    Mode
	Start   uint16  // control-store address of Words[0]
	Done    uint16  // control-store address that ends a packet, from .done
	Target  string  // from .target
	ABI     int     // from .target
	Stack   uint32  // bytes of local memory below the stack base, from .stack
	Words   []Word  // with check bits
	Lines   []int   // source line of each word, from 1
	Labels  []Label // in the order of the source
	Refs    []Ref   // in the order of the words
	Entries []Entry
}

// Label is a named place.
type Label struct {
	Name string
	Word int // index into Words; it may be one past the end
	Line int // source line
}

// Ref is a word that a label stands in.
type Ref struct {
	Word int // index into Words
	// Done says that the label was done, the address from .done.
	Done bool
}

// Entry is a place where a program begins, from .entry.
type Entry struct {
	Name string // the label
	Type string // "xdp" or "tc"
	Word int
}

// SyntaxErrors are the mistakes in one source file, in the order of its lines.
type SyntaxErrors []*SyntaxError

// Error returns the first mistake and the number of others.
func (e SyntaxErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	return fmt.Sprintf("%s (and %d more)", e[0], len(e)-1)
}

// Detail returns all mistakes, one a line.
func (e SyntaxErrors) Detail() string {
	var b strings.Builder
	for _, one := range e {
		b.WriteString(one.Error())
		b.WriteByte('\n')
	}
	return b.String()
}

// Unwrap returns the mistakes.
func (e SyntaxErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for k, one := range e {
		errs[k] = one
	}
	return errs
}

// The sizes of a core's control store and local memory.
const (
	maxWords = 8192 // words
	lmBytes  = 4096
)

// doneLabel is the label that stands for the address from .done.
const doneLabel = "done"

// Assemble turns assembler text into words. A line holds a label, a directive
// or an instruction in the syntax of Instr.String, or a label and one of the
// others; // and ; begin a comment.
//
//	.ctx 4            contexts of the core: 4 (default) or 8
//	.start 3072       control-store address of the first word (default 0)
//	.done 1           control-store address that ends a packet; branches to
//	                  it are written br[done]
//	.target NAME 1    target that the code is made for, version of its ABI
//	.stack 64         bytes of local memory that the code's stack takes
//	.entry NAME xdp   the program of type xdp or tc begins at label NAME
//	.word 0x...       a word as it is, with its check bits
//	name:             label
//	br[name]          labels stand for addresses in branches, in
//	immed[r, name]    immed, and in ctx_arb[..], br[name]
//
// The error is of type SyntaxErrors and holds every mistake found; file names
// the source in them.
func Assemble(file string, src []byte) (*Assembly, error) {
	a := &assembler{file: file, labels: make(map[string]int)}
	for n, line := range strings.Split(string(src), "\n") {
		a.line = n + 1
		a.readLine(line)
	}
	a.finish()
	if len(a.errs) != 0 {
		slices.SortStableFunc(a.errs, func(x, y *SyntaxError) int { return cmp.Compare(x.Line, y.Line) })
		return nil, a.errs
	}
	return &a.out, nil
}

type assembler struct {
	out    Assembly
	file   string
	line   int
	code   []pending
	labels map[string]int // word index
	entry  []pendingEntry
	set    map[string]bool // directives seen
	errs   SyntaxErrors
}

// pending is a word that waits for its labels.
type pending struct {
	p    *parser // nil for .word
	word Word
	at   int // column of the instruction, from 0
	line int
}

type pendingEntry struct {
	name, typ token
	line      int
}

func (a *assembler) fail(line int, err *lineError) {
	a.errs = append(a.errs, &SyntaxError{a.file, line, err.at + 1, err.msg})
}

func (a *assembler) readLine(line string) {
	for _, mark := range []string{"//", ";"} {
		if k := strings.Index(line, mark); k >= 0 {
			line = line[:k]
		}
	}
	t := token{line, 0}.trim()
	if k := strings.IndexByte(t.text, ':'); k >= 0 && !strings.ContainsAny(t.text[:k], "[") {
		a.defineLabel(token{t.text[:k], t.at})
		t = token{t.text[k+1:], t.at + k + 1}.trim()
	}
	switch {
	case t.text == "":
	case t.text[0] == '.':
		if err := a.directive(t); err != nil {
			a.fail(a.line, err)
		}
	default:
		p, err := parseLine(t.text)
		if err != nil {
			err.at += t.at
			a.fail(a.line, err)
			return
		}
		a.code = append(a.code, pending{p: p, at: t.at, line: a.line})
	}
}

func (a *assembler) defineLabel(t token) {
	if !isLabel(t.text) {
		a.fail(a.line, errAt(t, "%q is no label", t.text))
		return
	}
	if _, ok := a.labels[t.text]; ok {
		a.fail(a.line, errAt(t, "label %s is defined twice", t.text))
		return
	}
	a.labels[t.text] = len(a.code)
	a.out.Labels = append(a.out.Labels, Label{t.text, len(a.code), a.line})
}

// directive reads a line that begins with a dot.
func (a *assembler) directive(t token) *lineError {
	f := fields(t)
	name, args := f[0], f[1:]
	want := 1
	if name.text == ".entry" || name.text == ".target" {
		want = 2
	}
	switch name.text {
	case ".ctx", ".start", ".done", ".target", ".stack":
		if a.set[name.text] {
			return errAt(name, "%s stands twice", name.text)
		}
		if a.set == nil {
			a.set = make(map[string]bool)
		}
		a.set[name.text] = true
	case ".entry", ".word":
	default:
		return errAt(name, "unknown directive %s", name.text)
	}
	if len(args) != want {
		return errAt(name, "%s takes %d arguments, not %d", name.text, want, len(args))
	}
	switch name.text {
	case ".ctx":
		switch args[0].text {
		case "4":
			a.out.Mode = Ctx4
		case "8":
			a.out.Mode = Ctx8
		default:
			return errAt(args[0], "a core runs 4 or 8 contexts")
		}
	case ".start":
		v, err := number(args[0], "address", maxAddress)
		a.out.Start = uint16(v)
		return err
	case ".done":
		v, err := number(args[0], "address", maxAddress)
		a.out.Done = uint16(v)
		return err
	case ".target":
		v, err := number(args[1], "ABI version", 1<<31-1)
		a.out.Target, a.out.ABI = args[0].text, int(v)
		return err
	case ".stack":
		v, err := number(args[0], "stack size", lmBytes)
		a.out.Stack = uint32(v)
		return err
	case ".entry":
		if typ := args[1].text; typ != "xdp" && typ != "tc" {
			return errAt(args[1], "a program is of type xdp or tc")
		}
		a.entry = append(a.entry, pendingEntry{args[0], args[1], a.line})
	case ".word":
		v, err := number(args[0], "word", 1<<wordBits-1)
		a.code = append(a.code, pending{word: Word(v), line: a.line})
		return err
	}
	return nil
}

// fields splits t at blanks.
func fields(t token) []token {
	var out []token
	for t = t.trim(); t.text != ""; t = t.trim() {
		end := strings.IndexAny(t.text, " \t")
		if end < 0 {
			end = len(t.text)
		}
		out = append(out, token{t.text[:end], t.at})
		t = token{t.text[end:], t.at + end}
	}
	return out
}

// finish resolves labels and encodes.
func (a *assembler) finish() {
	if len(a.code) > maxWords {
		a.fail(a.code[maxWords].line, errAt(token{}, "the control store holds %d words", maxWords))
		return
	}
	a.out.Words = make([]Word, len(a.code))
	a.out.Lines = make([]int, len(a.code))
	for k := range a.code {
		c := &a.code[k]
		a.out.Lines[k] = c.line
		a.out.Words[k] = c.word
		if c.p == nil {
			continue
		}
		w, err := a.encode(c)
		if err != nil {
			err.at += c.at
			a.fail(c.line, err)
		}
		a.out.Words[k] = w
		if name := c.p.label.text; name != "" {
			a.out.Refs = append(a.out.Refs, Ref{Word: k, Done: a.isDone(c.p.label)})
		}
	}
	for _, e := range a.entry {
		at, ok := a.labels[e.name.text]
		switch {
		case !ok:
			a.fail(e.line, errAt(e.name, "label %s is not defined", e.name.text))
		case at == len(a.code):
			a.fail(e.line, errAt(e.name, "no code at label %s", e.name.text))
		}
		a.out.Entries = append(a.out.Entries, Entry{e.name.text, e.typ.text, at})
	}
}

func (a *assembler) encode(c *pending) (Word, *lineError) {
	p := c.p
	if p.label.text != "" {
		addr, err := a.resolve(p.label)
		if err != nil {
			return 0, err
		}
		switch {
		case p.i.Class == ClassImmed && a.isDone(p.label):
			return 0, errAt(p.label, "label done stands in branches only")
		case p.i.Class == ClassImmed:
			p.i.Imm = uint32(addr)
		default:
			p.i.Target = uint16(addr)
		}
	}
	w, err := Encode(p.i, a.out.Mode)
	if err == nil {
		return w, nil
	}
	var e *EncodeError
	if !errors.As(err, &e) {
		panic("BUG: Encode gave an error of another type: " + err.Error())
	}
	return 0, errAt(token{at: p.column(e.Part)}, "%s: %s", e.Part, e.Reason)
}

// isDone reports whether a label is the one for the end of a packet.
func (a *assembler) isDone(t token) bool {
	_, own := a.labels[t.text]
	return t.text == doneLabel && !own
}

// resolve returns the address that a label stands for.
func (a *assembler) resolve(t token) (int, *lineError) {
	at, ok := a.labels[t.text]
	switch {
	case ok:
	case t.text == doneLabel && a.set[".done"]:
		return int(a.out.Done), nil
	case t.text == doneLabel:
		return 0, errAt(t, "label done needs a line .done with its address")
	default:
		return 0, errAt(t, "label %s is not defined", t.text)
	}
	addr := int(a.out.Start) + at
	if addr > maxAddress {
		return 0, errAt(t, "label %s is at address %d, beyond the reach of branches", t.text, addr)
	}
	return addr, nil
}

// column finds the argument that an encoder's complaint is about.
func (p *parser) column(part string) int {
	for k, a := range p.s.args {
		if k < len(p.args) && p.partOf(a) == part {
			return p.args[k].at
		}
	}
	return 0
}

// partOf is the encoder's name of the part that an argument becomes.
func (p *parser) partOf(a arg) string {
	swapped := p.i.Class == ClassCmd && (p.i.Cmd.Mode == Mode40BA || p.i.Cmd.Mode == ModeThird3)
	switch a {
	case argDst, argMulDst:
		return "destination"
	case argLeft:
		if p.i.Class == ClassLdField {
			return "destination"
		}
		return "left operand"
	case argRight:
		if p.i.Class == ClassLdField {
			return "source"
		}
		return "right operand"
	case argSrc:
		return "source"
	case argImm, argByteVal:
		return "value"
	case argXfer:
		return "transfer register"
	case argHigh, argAddrA:
		if swapped {
			return "address B"
		}
		return "address A"
	case argLow, argAddrB:
		if swapped {
			return "address A"
		}
		return "address B"
	}
	return ""
}
