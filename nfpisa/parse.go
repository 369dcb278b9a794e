package nfpisa

import (
	"fmt"
	"strconv"
	"strings"
)

// SyntaxError is a mistake in assembler text. Columns count bytes from 1.
type SyntaxError struct {
	File      string // "" if the text is not from a file
	Line, Col int
	Msg       string
}

// Error returns "file:line:col: message".
func (e *SyntaxError) Error() string {
	if e.File == "" {
		return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Msg)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

// Parse reads one instruction in the syntax that String writes. Branch targets
// are absolute addresses (.10); labels are for Assemble. The instruction is
// not checked beyond its syntax: that is Encode's part. Errors are
// *SyntaxError with Line 1.
func Parse(text string) (Instr, error) {
	p, err := parseLine(text)
	if err == nil && p.label.text != "" {
		err = errAt(p.label, "%q is no address: a label needs a whole file", p.label.text)
	}
	if err != nil {
		return Instr{}, &SyntaxError{Line: 1, Col: err.at + 1, Msg: err.msg}
	}
	return p.i, nil
}

// token is a piece of a line.
type token struct {
	text string
	at   int // offset in the line, in bytes
}

type lineError struct {
	at  int
	msg string
}

func errAt(t token, format string, args ...any) *lineError {
	return &lineError{t.at, fmt.Sprintf(format, args...)}
}

// parser is the state of reading one instruction.
type parser struct {
	i     Instr
	s     *syntax
	args  []token
	label token // a label in place of an address, if any

	left, right, src Operand
	high, low        Operand
	action           token
	used             uint32 // modifiers seen
}

// trim removes blanks at both ends.
func (t token) trim() token {
	s := strings.TrimLeft(t.text, " \t")
	return token{strings.TrimRight(s, " \t\r"), t.at + len(t.text) - len(s)}
}

// split cuts t at its outermost commas.
func (t token) split() []token {
	var out []token
	depth, start := 0, 0
	for k := range len(t.text) {
		switch t.text[k] {
		case '[':
			depth++
		case ']':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, token{t.text[start:k], t.at + start}.trim())
				start = k + 1
			}
		}
	}
	return append(out, token{t.text[start:], t.at + start}.trim())
}

// parseLine reads an instruction and nothing else.
func parseLine(text string) (*parser, *lineError) {
	all := token{text, 0}.trim()
	if all.text == "" {
		return nil, errAt(all, "no instruction")
	}
	end := strings.IndexAny(all.text, "[, \t")
	if end < 0 {
		end = len(all.text)
	}
	name := token{all.text[:end], all.at}
	rest := token{all.text[end:], all.at + end}.trim()
	p := &parser{}
	bracket := strings.HasPrefix(rest.text, "[")
	if bracket {
		depth, close := 0, -1
		for k := range len(rest.text) {
			switch rest.text[k] {
			case '[':
				depth++
			case ']':
				depth--
			}
			if depth == 0 {
				close = k
				break
			}
		}
		if close < 0 {
			return nil, errAt(token{at: all.at + len(all.text)}, "a closing bracket is missing")
		}
		p.args = token{rest.text[1:close], rest.at + 1}.split()
		rest = token{rest.text[close+1:], rest.at + close + 1}.trim()
	}
	if err := p.choose(name); err != nil {
		return nil, err
	}
	if bracket && len(p.s.args) == 0 {
		return nil, errAt(name, "%s has no arguments", name.text)
	}
	if err := p.parseArgs(name); err != nil {
		return nil, err
	}
	if err := p.parseMods(rest); err != nil {
		return nil, err
	}
	if err := p.finish(name); err != nil {
		return nil, err
	}
	return p, nil
}

// mnemonics maps each mnemonic to its syntaxes.
var mnemonics = buildMnemonics()

func buildMnemonics() map[string][]*syntax {
	t := make(map[string][]*syntax)
	for n := range syntaxes {
		s := &syntaxes[n]
		t[s.name] = append(t[s.name], s)
	}
	delete(t, "")
	return t
}

// units maps the names of units to whether a command can go to them.
var units = buildUnits()

func buildUnits() map[string]bool {
	t := make(map[string]bool)
	for _, u := range cmdTargets {
		if u != "" {
			t[u] = true
		}
	}
	return t
}

// choose finds the syntax for a mnemonic.
func (p *parser) choose(name token) *lineError {
	if units[name.text] {
		mode, ok := p.cmdMode()
		if !ok {
			return errAt(name, "%s has no command with %d arguments of these kinds", name.text, len(p.args))
		}
		i := Instr{Class: ClassCmd, Cmd: Cmd{Mode: mode}}
		p.s = i.syntax()
	} else {
		c := mnemonics[name.text]
		if len(c) == 0 {
			return errAt(name, "unknown instruction %q", name.text)
		}
		p.s = c[0]
		if len(c) > 1 && len(p.args) == 2 && p.args[1].text == "--" {
			p.s = c[1]
		}
	}
	p.i = p.s.base
	return nil
}

// cmdMode tells the address modes apart by their arguments.
func (p *parser) cmdMode() (CmdMode, bool) {
	switch len(p.args) {
	case 6:
		if strings.HasPrefix(p.args[1].text, "$") {
			return Mode40AB, true
		}
		return ModeThird2, true
	case 5:
		return Mode32, true
	case 4:
		if p.args[2].text == "--" {
			return ModeImmData, true
		}
		return ModeImmAddr, true
	case 3:
		return ModeImmBoth, true
	}
	return 0, false
}

func (p *parser) parseArgs(name token) *lineError {
	want, least := len(p.s.args), len(p.s.args)
	if want > 0 {
		switch p.s.args[want-1] {
		case argLdShift, argImmShift:
			least--
		case argSignals:
			return p.parseSignals(p.args, name)
		}
	}
	if n := len(p.args); n < least || n > want {
		return errAt(name, "%s takes %d arguments, not %d", name.text, want, n)
	}
	for k, t := range p.args {
		if err := p.parseArg(p.s.args[k], t); err != nil {
			return err
		}
	}
	return nil
}

// number reads a decimal or 0x number up to max.
func number(t token, what string, max uint64) (uint64, *lineError) {
	digits, base := t.text, 10
	if rest, ok := strings.CutPrefix(digits, "0x"); ok {
		digits, base = rest, 16
	}
	v, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err != nil:
		return 0, errAt(t, "%q is no %s", t.text, what)
	case v > max:
		return 0, errAt(t, "%s %s is above %d", what, t.text, max)
	}
	return v, nil
}

// index finds a name in a list.
func index(t token, what string, names []string) (int, *lineError) {
	for k, n := range names {
		if n != "" && n == t.text {
			return k, nil
		}
	}
	return 0, errAt(t, "%q is no %s", t.text, what)
}

// address reads a branch target: .N or a label.
func (p *parser) address(t token, max uint64) (uint64, *lineError) {
	if rest, ok := strings.CutPrefix(t.text, "."); ok {
		return number(token{rest, t.at + 1}, "address", max)
	}
	if !isLabel(t.text) {
		return 0, errAt(t, "%q is neither an address (.10) nor a label", t.text)
	}
	p.label = t
	return 0, nil
}

func isLabel(s string) bool {
	for k := range len(s) {
		c := s[k]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (k == 0 || c != '.' && c != '$' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// operand reads a register, local memory, a constant or --.
func operand(t token) (Operand, *lineError) {
	s := t.text
	if s == "--" {
		return Operand{}, nil
	}
	base, mod := s, NoMod
	if rest, ok := strings.CutSuffix(s, "++"); ok {
		base, mod = rest, PostInc
	} else if rest, ok := strings.CutSuffix(s, "--"); ok {
		base, mod = rest, PostDec
	}
	switch {
	case base == "*$index":
		return Operand{Kind: XferIndex, Mod: mod}, nil
	case base == "*n$index":
		return Operand{Kind: NNIndex, Mod: mod}, nil
	case strings.HasPrefix(base, "*l$index"):
		return localMemory(t, base[len("*l$index"):], mod)
	case mod != NoMod:
		return Operand{}, errAt(t, "%q: only *$index, *n$index and *l$index have ++ and --", s)
	}
	for _, f := range registerFiles {
		rest, ok := strings.CutPrefix(s, f.prefix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(rest, 10, 16)
		if err != nil {
			return Operand{}, errAt(t, "%q is no register", s)
		}
		o := f.op
		o.Num = uint16(n)
		return o, nil
	}
	if s == "" || s[0] < '0' || s[0] > '9' {
		return Operand{}, errAt(t, "%q is no operand", s)
	}
	n, err := number(t, "constant", 0xffff)
	return Operand{Kind: Imm, Num: uint16(n)}, err
}

// registerFiles are the registers that are written as a name and a number.
var registerFiles = []struct {
	prefix string
	op     Operand
}{
	{"gprA_", Operand{Kind: GPR, Bank: BankA}},
	{"gprB_", Operand{Kind: GPR, Bank: BankB}},
	{"@gprA_", Operand{Kind: AbsGPR, Bank: BankA}},
	{"@gprB_", Operand{Kind: AbsGPR, Bank: BankB}},
	{"$xfer_", Operand{Kind: Xfer}},
	{"n$reg_", Operand{Kind: NN}},
}

// localMemory reads what follows *l$index: N or N[k].
func localMemory(t token, rest string, mod PostMod) (Operand, *lineError) {
	o := Operand{Kind: LM, Mod: mod}
	num, off, bracket := strings.Cut(rest, "[")
	n, err := strconv.ParseUint(num, 10, 8)
	if err != nil {
		return Operand{}, errAt(t, "%q is no local memory operand", t.text)
	}
	o.Index = uint8(n)
	if bracket {
		k, err := strconv.ParseUint(strings.TrimSuffix(off, "]"), 10, 16)
		if err != nil || !strings.HasSuffix(off, "]") || mod != NoMod {
			return Operand{}, errAt(t, "%q is no local memory operand", t.text)
		}
		o.Num = uint16(k)
	}
	return o, nil
}
