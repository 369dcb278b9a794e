package conform

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Parse reads a program in the notation of the kernel's log, one instruction a
// line ("r2 += 14", "if r2 > r3 goto pc+5"). A semicolon starts a comment.
func Parse(text string) ([]bpf.Insn, error) {
	var out []bpf.Insn
	for n, l := range strings.Split(text, "\n") {
		l, _, _ = strings.Cut(l, ";")
		l = strings.Join(strings.Fields(l), " ")
		if l == "" {
			continue
		}
		in, err := parseLine(l)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		out = append(out, in...)
	}
	return out, nil
}

// form is one shape of line: a pattern and what its groups make.
type form struct {
	re   *regexp.Regexp
	make func(g []string) ([]bpf.Insn, error)
}

func pattern(s string) *regexp.Regexp {
	s = strings.NewReplacer(
		"REG", `([rw])(\d+)`, "INT", `([-+]?(?:0x)?[0-9a-fA-F]+)`, "SIZE", `([us])(8|16|32|64) ?`,
		"MEM", `\(r(\d+) ?([-+] ?\d+)\)`, " ", ` ?`,
	).Replace(s)
	return regexp.MustCompile("^" + s + "$")
}

var signs = map[string]uint8{
	"+=": bpf.ADD, "-=": bpf.SUB, "*=": bpf.MUL, "/=": bpf.DIV, "|=": bpf.OR, "&=": bpf.AND, "<<=": bpf.LSH,
	">>=": bpf.RSH, "%=": bpf.MOD, "^=": bpf.XOR, "=": bpf.MOV, "s>>=": bpf.ARSH, "s/=": bpf.DIV, "s%=": bpf.MOD,
}

var compares = map[string]uint8{
	"==": bpf.JEQ, ">": bpf.JGT, ">=": bpf.JGE, "&": bpf.JSET, "!=": bpf.JNE, "s>": bpf.JSGT, "s>=": bpf.JSGE,
	"<": bpf.JLT, "<=": bpf.JLE, "s<": bpf.JSLT, "s<=": bpf.JSLE,
}

var atomics = map[string]int32{
	"+=": bpf.AtomicAdd, "|=": bpf.AtomicOr, "&=": bpf.AtomicAnd, "^=": bpf.AtomicXor,
	"add": bpf.AtomicAdd, "or": bpf.AtomicOr, "and": bpf.AtomicAnd, "xor": bpf.AtomicXor,
}

var forms = []form{
	{pattern(`exit`), func([]string) ([]bpf.Insn, error) { return one(bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT}, nil) }},
	{pattern(`goto pcINT`), func(g []string) ([]bpf.Insn, error) {
		off, err := num(g[0], 16)
		return one(bpf.Insn{Op: bpf.ClassJMP | bpf.JA, Off: int16(off)}, err)
	}},
	{pattern(`gotol pcINT`), func(g []string) ([]bpf.Insn, error) {
		off, err := num(g[0], 32)
		return one(bpf.Insn{Op: bpf.ClassJMP32 | bpf.JA, Imm: int32(off)}, err)
	}},
	{pattern(`may_goto pcINT`), func(g []string) ([]bpf.Insn, error) {
		off, err := num(g[0], 16)
		return one(bpf.Insn{Op: bpf.ClassJMP | bpf.JCOND, Off: int16(off)}, err)
	}},
	{pattern(`call pcINT`), func(g []string) ([]bpf.Insn, error) {
		off, err := num(g[0], 32)
		return one(bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoCall, Imm: int32(off)}, err)
	}},
	{pattern(`call #INT`), func(g []string) ([]bpf.Insn, error) {
		id, err := num(g[0], 32)
		return one(bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Imm: int32(id)}, err)
	}},
	{pattern(`callx REG`), func(g []string) ([]bpf.Insn, error) {
		return one(bpf.Insn{Op: bpf.ClassJMP | bpf.CALL | bpf.X, Dst: reg(g[1])}, nil)
	}},
	{pattern(`if REG (s?[<>]=?|==|!=|&) (?:([rw])(\d+)|INT) goto pcINT`), parseJump},
	{pattern(`REG = INT ll`), func(g []string) ([]bpf.Insn, error) {
		v, err := num(g[2], 64)
		return []bpf.Insn{{Op: bpf.ClassLD | bpf.SizeDW, Dst: reg(g[1]), Imm: int32(v)}, {Imm: int32(v >> 32)}}, err
	}},
	{pattern(`REG = -REG`), func(g []string) ([]bpf.Insn, error) {
		return one(bpf.Insn{Op: aluClass(g[0]) | bpf.NEG, Dst: reg(g[1])}, nil)
	}},
	{pattern(`REG = (be|le|bswap)(16|32|64) REG`), parseEndian},
	{pattern(`REG = \(s(8|16|32)\)REG`), func(g []string) ([]bpf.Insn, error) {
		w, err := num(g[2], 16)
		return one(bpf.Insn{Op: aluClass(g[0]) | bpf.MOV | bpf.X, Dst: reg(g[1]), Src: reg(g[4]), Off: int16(w)}, err)
	}},
	{pattern(`REG (s?[-+*/|&%^]=|s?>>=|<<=|=) REG`), func(g []string) ([]bpf.Insn, error) {
		return one(bpf.Insn{Op: aluClass(g[0]) | signs[g[2]] | bpf.X, Dst: reg(g[1]), Src: reg(g[4]), Off: signed(g[2])}, nil)
	}},
	{pattern(`REG (s?[-+*/|&%^]=|s?>>=|<<=|=) INT`), func(g []string) ([]bpf.Insn, error) {
		v, err := num(g[3], 32)
		return one(bpf.Insn{Op: aluClass(g[0]) | signs[g[2]], Dst: reg(g[1]), Imm: int32(v), Off: signed(g[2])}, err)
	}},
	{pattern(`REG = \*\(SIZE\*\)MEM`), func(g []string) ([]bpf.Insn, error) {
		mode := uint8(bpf.ModeMEM)
		if g[2] == "s" {
			mode = bpf.ModeMEMSX
		}
		off, err := num(g[5], 16)
		return one(bpf.Insn{Op: bpf.ClassLDX | mode | width(g[3]), Dst: reg(g[1]), Src: reg(g[4]), Off: int16(off)}, err)
	}},
	{pattern(`\*\(SIZE\*\)MEM = REG`), func(g []string) ([]bpf.Insn, error) {
		off, err := num(g[3], 16)
		return one(bpf.Insn{Op: bpf.ClassSTX | bpf.ModeMEM | width(g[1]), Dst: reg(g[2]), Src: reg(g[5]), Off: int16(off)}, err)
	}},
	{pattern(`\*\(SIZE\*\)MEM = INT`), func(g []string) ([]bpf.Insn, error) {
		off, err := num(g[3], 16)
		if err != nil {
			return nil, err
		}
		v, err := num(g[4], 32)
		return one(bpf.Insn{Op: bpf.ClassST | bpf.ModeMEM | width(g[1]), Dst: reg(g[2]), Imm: int32(v), Off: int16(off)}, err)
	}},
	{pattern(`lock \*\(SIZE\*\)MEM ([-+|&^]=) REG`), func(g []string) ([]bpf.Insn, error) {
		return atomic(g[1], g[2], g[3], g[6], atomics[g[4]])
	}},
	{pattern(`REG = atomic(?:64)?_(fetch_add|fetch_or|fetch_and|fetch_xor|xchg)\(\(SIZE\*\)MEM, REG\)`), func(g []string) ([]bpf.Insn, error) {
		op := int32(bpf.AtomicXchg)
		if name, ok := strings.CutPrefix(g[2], "fetch_"); ok {
			op = atomics[name] | bpf.AtomicFetch
		}
		if g[1] != g[8] {
			return nil, fmt.Errorf("the old value goes to the operand's register r%s, not r%s", g[8], g[1])
		}
		return atomic(g[4], g[5], g[6], g[8], op)
	}},
	{pattern(`[rw]0 = atomic(?:64)?_cmpxchg\(\(SIZE\*\)MEM, [rw]0, REG\)`), func(g []string) ([]bpf.Insn, error) {
		return atomic(g[1], g[2], g[3], g[5], bpf.AtomicCmpXchg)
	}},
	{pattern(`REG = load_acquire\(\(SIZE\*\)MEM\)`), func(g []string) ([]bpf.Insn, error) {
		return atomic(g[3], g[1], g[5], g[4], bpf.AtomicLoadAcq)
	}},
	{pattern(`store_release\(\(SIZE\*\)MEM, REG\)`), func(g []string) ([]bpf.Insn, error) {
		return atomic(g[1], g[2], g[3], g[5], bpf.AtomicStoreRel)
	}},
	{pattern(`r0 = \*\(SIZE\*\)skb\[INT\]`), func(g []string) ([]bpf.Insn, error) {
		v, err := num(g[2], 32)
		return one(bpf.Insn{Op: bpf.ClassLD | bpf.ModeABS | width(g[1]), Imm: int32(v)}, err)
	}},
	{pattern(`r0 = \*\(SIZE\*\)skb\[REG INT\]`), func(g []string) ([]bpf.Insn, error) {
		v, err := num(g[4], 32)
		return one(bpf.Insn{Op: bpf.ClassLD | bpf.ModeIND | width(g[1]), Src: reg(g[3]), Imm: int32(v)}, err)
	}},
	{pattern(`raw ([0-9a-f]{16})`), func(g []string) ([]bpf.Insn, error) {
		v, err := strconv.ParseUint(g[0], 16, 64)
		if err != nil {
			return nil, err
		}
		var b [8]byte
		for i := range b {
			b[i] = byte(v >> (56 - 8*i))
		}
		return bpf.Decode(b[:])
	}},
}

func parseLine(l string) ([]bpf.Insn, error) {
	for _, f := range forms {
		if g := f.re.FindStringSubmatch(l); g != nil {
			out, err := f.make(g[1:])
			if err != nil {
				return nil, fmt.Errorf("%q: %w", l, err)
			}
			for _, in := range out {
				if in.Dst > 15 || in.Src > 15 {
					return nil, fmt.Errorf("%q: no such register", l)
				}
			}
			return out, nil
		}
	}
	return nil, fmt.Errorf("%q is no instruction in the kernel's notation", l)
}

func parseJump(g []string) ([]bpf.Insn, error) {
	class := uint8(bpf.ClassJMP)
	if g[0] == "w" {
		class = bpf.ClassJMP32
	}
	off, err := num(g[6], 16)
	if err != nil {
		return nil, err
	}
	in := bpf.Insn{Op: class | compares[g[2]], Dst: reg(g[1]), Off: int16(off)}
	if g[3] != "" {
		in.Op |= bpf.X
		in.Src = reg(g[4])
		return one(in, nil)
	}
	v, err := num(g[5], 32)
	in.Imm = int32(v)
	return one(in, err)
}

func parseEndian(g []string) ([]bpf.Insn, error) {
	op := map[string]uint8{
		"be": bpf.ClassALU | bpf.END | bpf.X, "le": bpf.ClassALU | bpf.END, "bswap": bpf.ClassALU64 | bpf.END,
	}[g[2]]
	w, err := num(g[3], 32)
	if g[1] != g[5] {
		return nil, fmt.Errorf("a byte swap works on one register, not from r%s to r%s", g[5], g[1])
	}
	return one(bpf.Insn{Op: op, Dst: reg(g[1]), Imm: int32(w)}, err)
}

func atomic(size, base, off, src string, op int32) ([]bpf.Insn, error) {
	o, err := num(off, 16)
	return one(bpf.Insn{Op: bpf.ClassSTX | bpf.ModeATOMIC | width(size), Dst: reg(base), Src: reg(src), Off: int16(o), Imm: op}, err)
}

func one(in bpf.Insn, err error) ([]bpf.Insn, error) { return []bpf.Insn{in}, err }

func aluClass(letter string) uint8 {
	if letter == "w" {
		return bpf.ClassALU
	}
	return bpf.ClassALU64
}

func signed(sign string) int16 {
	if sign == "s/=" || sign == "s%=" {
		return 1
	}
	return 0
}

func reg(s string) uint8 {
	n, err := strconv.Atoi(s)
	if err != nil || n > 15 {
		return 255
	}
	return uint8(n)
}

func width(s string) uint8 {
	return map[string]uint8{"8": bpf.SizeB, "16": bpf.SizeH, "32": bpf.SizeW, "64": bpf.SizeDW}[s]
}

// num reads a number that fits bits as a signed or as an unsigned one.
func num(s string, bits int) (int64, error) {
	s = strings.ReplaceAll(s, " ", "")
	if v, err := strconv.ParseInt(s, 0, bits); err == nil {
		return v, nil
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 0, bits)
	return int64(v), err
}
