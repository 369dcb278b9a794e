package bpf

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var labelForm = regexp.MustCompile(`^([A-Za-z_][\w.]*):`)

// form is one shape of line: a pattern and what its groups make.
type form struct {
	re   *regexp.Regexp
	make func(p *parser, g []string) (parsed, error)
}

// pattern makes a regular expression of a shape: REG is a register with its
// letter, INT a number, SIZE a width with its letter, MEM a base register with
// an offset, TO a distance or a name. A blank may be left out.
func pattern(s string) *regexp.Regexp {
	s = strings.NewReplacer(
		"REG", `([rw])(\d+)`, "INT", `([-+]?(?:0x)?[0-9a-fA-F]+)`, "SIZE", `([us])(8|16|32|64) ?`,
		"MEM", `\(r(\d+) ?([-+] ?\d+)\)`, "TO", `(pc ?[-+]?(?:0x)?[0-9a-fA-F]+|[A-Za-z_][\w.]*)`, " ", ` ?`,
	).Replace(s)
	return regexp.MustCompile("^" + s + "$")
}

// one is a line of one instruction that names nothing.
func one(in Insn, err error) (parsed, error) { return parsed{insns: []Insn{in}}, err }

// to completes an instruction whose target a line gives.
func to(in []Insn, target string) (parsed, error) {
	d, ok := strings.CutPrefix(target, "pc")
	bits := 16
	if in[0].Op == opGotol || !in[0].IsJump() {
		bits = 32
	}
	if ok && strings.ContainsAny(d, "+-") {
		n, err := parseNum(d, bits)
		if err != nil {
			return parsed{}, err
		}
		in[0], err = in[0].WithTarget(-1, int(n))
		return parsed{insns: in}, err
	}
	return parsed{in, target}, nil
}

var (
	signs      = map[string]ALUOp{"s/=": Div, "s%=": Mod}
	compares   = map[string]JumpOp{}
	atomicsOf  = map[string]AtomicOp{}
	atomicSign = map[string]AtomicOp{}
)

func init() {
	for i, s := range aluSigns {
		if s != "" {
			signs[s] = ALUOp(i << 4)
		}
	}
	for i, s := range jumpSigns {
		if s != "" {
			compares[s] = JumpOp(i << 4)
		}
	}
	for op, name := range atomicNames {
		atomicsOf[name] = op
		atomicSign[aluSigns[op>>4]] = op
	}
}

const aluSign = `(s?[-+*/|&%^]=|s?>>=|<<=|=)`

var forms = []form{
	{pattern(`exit`), func(*parser, []string) (parsed, error) { return one(Return(), nil) }},
	{pattern(`goto TO`), func(_ *parser, g []string) (parsed, error) { return to([]Insn{Goto(0)}, g[0]) }},
	{pattern(`gotol TO`), func(_ *parser, g []string) (parsed, error) { return to([]Insn{Gotol(0)}, g[0]) }},
	{pattern(`may_goto TO`), func(_ *parser, g []string) (parsed, error) { return to([]Insn{MayGoto(0)}, g[0]) }},
	{pattern(`call TO`), func(_ *parser, g []string) (parsed, error) { return to([]Insn{CallFunc(0)}, g[0]) }},
	{pattern(`call ([\w-]*)#INT`), parseCall},
	{pattern(`callx REG`), func(_ *parser, g []string) (parsed, error) {
		return one(Insn{Op: JumpOpcode(ClassJMP, Call, X), Dst: parseReg(g[1])}, nil)
	}},
	{pattern(`if REG (s?[<>]=?|==|!=|&) (?:([rw])(\d+)|INT) goto TO`), parseCompare},
	{pattern(`REG = INT ll`), func(_ *parser, g []string) (parsed, error) {
		v, err := parseNum(g[2], 64)
		return parsed{insns: LoadImm64(parseReg(g[1]), uint64(v))}, err
	}},
	{pattern(`REG = map\[([^\]]+)\]`), func(p *parser, g []string) (parsed, error) {
		k, err := p.mapIndex(g[2])
		return parsed{insns: LoadMap(parseReg(g[1]), k)}, err
	}},
	{pattern(`REG = map\[([^\]]+)\] value INT`), func(p *parser, g []string) (parsed, error) {
		k, err := p.mapIndex(g[2])
		if err != nil {
			return parsed{}, err
		}
		off, err := parseNum(g[3], 32)
		return parsed{insns: LoadMapValue(parseReg(g[1]), k, int32(off))}, err
	}},
	{pattern(`REG = func TO`), func(_ *parser, g []string) (parsed, error) { return to(LoadFunc(parseReg(g[1]), 0), g[2]) }},
	{pattern(`REG = -REG`), func(_ *parser, g []string) (parsed, error) {
		return one(ALUImm(aluClass(g[0]), Neg, parseReg(g[1]), 0), nil)
	}},
	{pattern(`REG = (be|le|bswap)(\d+) REG`), parseEndian},
	{pattern(`REG = \(s(8|16|32)\)REG`), func(_ *parser, g []string) (parsed, error) {
		in := ALUReg(aluClass(g[0]), Mov, parseReg(g[1]), parseReg(g[4]))
		w, err := parseNum(g[2], 16)
		in.Off = int16(w)
		return one(in, err)
	}},
	{pattern(`REG ` + aluSign + ` REG`), func(_ *parser, g []string) (parsed, error) {
		return one(withSign(ALUReg(aluClass(g[0]), signs[g[2]], parseReg(g[1]), parseReg(g[4])), g[2]), nil)
	}},
	{pattern(`REG ` + aluSign + ` INT`), func(_ *parser, g []string) (parsed, error) {
		v, err := parseNum(g[3], 32)
		return one(withSign(ALUImm(aluClass(g[0]), signs[g[2]], parseReg(g[1]), int32(v)), g[2]), err)
	}},
	{pattern(`REG = \*\(SIZE\*\)MEM`), func(_ *parser, g []string) (parsed, error) {
		off, err := parseNum(g[5], 16)
		if g[2] == "s" {
			return one(LoadSX(parseSize(g[3]), parseReg(g[1]), parseReg(g[4]), int16(off)), err)
		}
		return one(Load(parseSize(g[3]), parseReg(g[1]), parseReg(g[4]), int16(off)), err)
	}},
	{pattern(`\*\(SIZE\*\)MEM = REG`), func(_ *parser, g []string) (parsed, error) {
		off, err := parseNum(g[3], 16)
		return one(Store(parseSize(g[1]), parseReg(g[2]), int16(off), parseReg(g[5])), err)
	}},
	{pattern(`\*\(SIZE\*\)MEM = INT`), func(_ *parser, g []string) (parsed, error) {
		off, err := parseNum(g[3], 16)
		if err != nil {
			return parsed{}, err
		}
		v, err := parseNum(g[4], 32)
		return one(StoreImm(parseSize(g[1]), parseReg(g[2]), int16(off), int32(v)), err)
	}},
	{pattern(`lock \*\(SIZE\*\)MEM ([-+|&^]=) REG`), func(_ *parser, g []string) (parsed, error) {
		op, ok := atomicSign[g[4]]
		if !ok {
			return parsed{}, fmt.Errorf("there is no atomic %s", g[4])
		}
		return parseAtomic(op, g[1], g[2], g[3], g[6])
	}},
	{pattern(`REG = atomic(?:64)?_(fetch_add|fetch_or|fetch_and|fetch_xor|xchg)\(\(SIZE\*\)MEM, REG\)`), func(_ *parser, g []string) (parsed, error) {
		op := AtomicXchg
		if name, ok := strings.CutPrefix(g[2], "fetch_"); ok {
			op = atomicsOf[name] | AtomicFetch
		}
		if g[1] != g[8] {
			return parsed{}, fmt.Errorf("the old value goes to the operand's register r%s, not r%s", g[8], g[1])
		}
		return parseAtomic(op, g[4], g[5], g[6], g[8])
	}},
	{pattern(`[rw]0 = atomic(?:64)?_cmpxchg\(\(SIZE\*\)MEM, [rw]0, REG\)`), func(_ *parser, g []string) (parsed, error) {
		return parseAtomic(AtomicCmpXchg, g[1], g[2], g[3], g[5])
	}},
	{pattern(`REG = load_acquire\(\(SIZE\*\)MEM\)`), func(_ *parser, g []string) (parsed, error) {
		return parseAtomic(AtomicLoadAcq, g[3], g[1], g[5], g[4])
	}},
	{pattern(`store_release\(\(SIZE\*\)MEM, REG\)`), func(_ *parser, g []string) (parsed, error) {
		return parseAtomic(AtomicStoreRel, g[1], g[2], g[3], g[5])
	}},
	{pattern(`r0 = \*\(SIZE\*\)skb\[INT\]`), func(_ *parser, g []string) (parsed, error) {
		v, err := parseNum(g[2], 32)
		return one(LoadAbs(parseSize(g[1]), int32(v)), err)
	}},
	{pattern(`r0 = \*\(SIZE\*\)skb\[REG INT\]`), func(_ *parser, g []string) (parsed, error) {
		v, err := parseNum(g[4], 32)
		return one(LoadInd(parseSize(g[1]), parseReg(g[3]), int32(v)), err)
	}},
	{pattern(`raw ([0-9a-f]{16})`), func(_ *parser, g []string) (parsed, error) {
		v, err := strconv.ParseUint(g[0], 16, 64)
		if err != nil {
			return parsed{}, err
		}
		var b [8]byte
		for i := range b {
			b[i] = byte(v >> (56 - 8*i))
		}
		insns, err := Decode(b[:])
		return parsed{insns: insns}, err
	}},
}

// mapIndex reads what stands between the brackets of map[]: a number or a name.
func (p *parser) mapIndex(s string) (int, error) {
	if k := slices.Index(p.maps, s); k >= 0 {
		return k, nil
	}
	n, err := parseNum(s, 32)
	if err != nil {
		return 0, fmt.Errorf("no map is named %s", s)
	}
	return int(n), nil
}

// parseCall reads a call by number, before which a name may stand.
func parseCall(_ *parser, g []string) (parsed, error) {
	n, err := parseNum(g[1], 32)
	if err != nil {
		return parsed{}, err
	}
	if g[0] == kfuncName {
		return one(CallKfunc(int32(n)), nil)
	}
	if h, ok := HelperByName(g[0]); g[0] != "" && (!ok || h != HelperID(n)) {
		return parsed{}, fmt.Errorf("helper %d is not %s", n, g[0])
	}
	return one(CallHelper(HelperID(n)), nil)
}

func parseCompare(_ *parser, g []string) (parsed, error) {
	class := ClassJMP
	if g[0] == "w" {
		class = ClassJMP32
	}
	if g[3] != "" {
		return to([]Insn{JumpReg(class, compares[g[2]], parseReg(g[1]), parseReg(g[4]), 0)}, g[6])
	}
	v, err := parseNum(g[5], 32)
	if err != nil {
		return parsed{}, err
	}
	return to([]Insn{JumpImm(class, compares[g[2]], parseReg(g[1]), int32(v), 0)}, g[6])
}

func parseEndian(_ *parser, g []string) (parsed, error) {
	swap := map[string]func(int32, uint8) Insn{"be": ToBE, "le": ToLE, "bswap": Bswap}[g[2]]
	w, err := parseNum(g[3], 32)
	if g[1] != g[5] {
		return parsed{}, fmt.Errorf("a byte swap works on one register, not from r%s to r%s", g[5], g[1])
	}
	return one(swap(int32(w), parseReg(g[1])), err)
}

func parseAtomic(op AtomicOp, size, base, off, src string) (parsed, error) {
	o, err := parseNum(off, 16)
	return one(Atomic(op, parseSize(size), parseReg(base), int16(o), parseReg(src)), err)
}

func aluClass(letter string) Class {
	if letter == "w" {
		return ClassALU
	}
	return ClassALU64
}

func withSign(in Insn, sign string) Insn {
	if sign == "s/=" || sign == "s%=" {
		return in.Signed()
	}
	return in
}

// parseReg reads the number of a register; 255 stands for none that fits.
func parseReg(s string) uint8 {
	n, err := strconv.Atoi(s)
	if err != nil || n > 15 {
		return 255
	}
	return uint8(n)
}

func parseSize(s string) Size {
	return map[string]Size{"8": SizeB, "16": SizeH, "32": SizeW, "64": SizeDW}[s]
}

// parseNum reads a number that fits bits as a signed or as an unsigned one.
func parseNum(s string, bits int) (int64, error) {
	s = strings.ReplaceAll(s, " ", "")
	if v, err := strconv.ParseInt(s, 0, bits); err == nil {
		return v, nil
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 0, bits)
	return int64(v), err
}
