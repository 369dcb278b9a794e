package verify_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// The maps that assembled programs can name.
func testMaps() []*object.Map {
	return []*object.Map{
		{Name: "arr", Type: 2, KeySize: 4, ValueSize: 16, MaxEntries: 4},
		{Name: "hash", Type: 1, KeySize: 4, ValueSize: 16, MaxEntries: 4},
		{Name: "data", Type: 2, KeySize: 4, ValueSize: 32, MaxEntries: 1},
		{
			Name: "rodata", Type: 2, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: 128, Frozen: true,
			Initial: []object.Entry{{Key: []byte{0, 0, 0, 0}, Value: []byte{7, 0, 0, 0, 200, 0, 0, 0}}},
		},
		{Name: "progs", Type: 3, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "events", Type: 4, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "percpu", Type: 6, KeySize: 4, ValueSize: 8, MaxEntries: 4},
		{Name: "lpm", Type: 11, KeySize: 8, ValueSize: 4, MaxEntries: 4, Flags: 1},
		{
			Name: "outer", Type: 12, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &object.Map{Name: "inner", Type: 2, KeySize: 4, ValueSize: 8, MaxEntries: 4},
		},
		{
			Name: "growing", Type: 12, KeySize: 4, ValueSize: 4, MaxEntries: 4,
			Inner: &object.Map{Name: "any_length", Type: 2, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: 1 << 12},
		},
		{Name: "ring", Type: 27, MaxEntries: 4096},
		{Name: "queue", Type: 22, ValueSize: 8, MaxEntries: 4},
		{Name: "devmap", Type: 14, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "wronly", Type: 2, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: 256},
	}
}

var forms = struct {
	alu, mov, sext, order, load, store, branch, jump, wide, mapFD, value, call, atomic, legacy *regexp.Regexp
}{
	alu:    regexp.MustCompile(`^([rw])(\d+) (\+|-|\*|/|%|&|\||\^|<<|>>|s>>|s/|s%)= (?:[rw](\d+)|(-?\w+))$`),
	mov:    regexp.MustCompile(`^([rw])(\d+) = (-?)(?:[rw](\d+)|(-?\w+))$`),
	sext:   regexp.MustCompile(`^([rw])(\d+) = \(s(\d+)\)\s*[rw](\d+)$`),
	order:  regexp.MustCompile(`^r(\d+) = (be|le|bswap)(\d+)$`),
	load:   regexp.MustCompile(`^r(\d+) = \*\(([us])(\d+)\)\(r(\d+) ([+-]\d+)\)$`),
	store:  regexp.MustCompile(`^\*\(u(\d+)\)\(r(\d+) ([+-]\d+)\) = (?:r(\d+)|(-?\w+))$`),
	branch: regexp.MustCompile(`^if ([rw])(\d+) (==|!=|>|>=|<|<=|&|s>|s>=|s<|s<=) (?:[rw](\d+)|(-?\w+)) goto (\w+)$`),
	jump:   regexp.MustCompile(`^(goto|gotol|may_goto) (\w+)$`),
	wide:   regexp.MustCompile(`^r(\d+) = (-?\w+) ll$`),
	mapFD:  regexp.MustCompile(`^r(\d+) = map (\w+)$`),
	value:  regexp.MustCompile(`^r(\d+) = value (\w+)\+(\d+)$`),
	call:   regexp.MustCompile(`^call (@?)(\w+)$`),
	atomic: regexp.MustCompile(`^atomic (\w+) u(\d+) r(\d+) ([+-]\d+) r(\d+)$`),
	legacy: regexp.MustCompile(`^(abs|ind) u(\d+) (?:r(\d+) )?(\d+)$`),
}

var aluOps = map[string]uint8{
	"+": bpf.ADD, "-": bpf.SUB, "*": bpf.MUL, "/": bpf.DIV, "%": bpf.MOD, "&": bpf.AND, "|": bpf.OR, "^": bpf.XOR,
	"<<": bpf.LSH, ">>": bpf.RSH, "s>>": bpf.ARSH, "s/": bpf.DIV, "s%": bpf.MOD,
}

var jumpOps = map[string]uint8{
	"==": bpf.JEQ, "!=": bpf.JNE, ">": bpf.JGT, ">=": bpf.JGE, "<": bpf.JLT, "<=": bpf.JLE, "&": bpf.JSET,
	"s>": bpf.JSGT, "s>=": bpf.JSGE, "s<": bpf.JSLT, "s<=": bpf.JSLE,
}

var atomicOps = map[string]int32{
	"add": 0, "or": 0x40, "and": 0x50, "xor": 0xa0, "fetch_add": 1, "fetch_or": 0x41, "xchg": 0xe1, "cmpxchg": 0xf1,
	"load": 0x100, "store": 0x110, "nonsense": 0x33,
}

var sizes = map[string]uint8{"8": bpf.SizeB, "16": bpf.SizeH, "32": bpf.SizeW, "64": bpf.SizeDW}

func num(s string) int64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		u, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			panic("not a number: " + s)
		}
		n = int64(u)
	}
	return n
}

// assemble makes a program of statements divided by ";". A word with a colon
// is a label; one that starts with a capital letter starts a function.
func assemble(name string, typ object.Type, src string) *object.Program {
	p := &object.Program{Name: name, Type: typ, License: "GPL", Maps: testMaps(), Funcs: []object.Func{{Name: name}}}
	labels := map[string]int{}
	type fixup struct {
		slot  int
		label string
	}
	var fixups []fixup
	emit := func(in bpf.Insn) { p.Insns = append(p.Insns, in) }
	reg := func(s string) uint8 { return uint8(num(s)) }
	class := func(w string, full, half uint8) uint8 {
		if w == "w" {
			return half
		}
		return full
	}
	mapIndex := func(name string) int32 {
		for k, m := range p.Maps {
			if m.Name == name {
				return int32(k)
			}
		}
		panic("no map " + name)
	}
	for _, st := range strings.FieldsFunc(src, func(r rune) bool { return r == ';' || r == '\n' }) {
		st = strings.Join(strings.Fields(st), " ")
		for {
			head, rest, ok := strings.Cut(st, ":")
			if !ok {
				break
			}
			labels[head] = len(p.Insns)
			if head[0] >= 'A' && head[0] <= 'Z' {
				p.Funcs = append(p.Funcs, object.Func{Name: head, Start: len(p.Insns)})
			}
			st = strings.TrimSpace(rest)
		}
		if st == "" {
			continue
		}
		if st == "exit" {
			emit(bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT})
			continue
		}
		if m := forms.alu.FindStringSubmatch(st); m != nil {
			in := bpf.Insn{Op: class(m[1], bpf.ClassALU64, bpf.ClassALU) | aluOps[m[3]], Dst: reg(m[2]), Src: reg(m[4]), Imm: int32(num(m[5]))}
			if m[4] != "" {
				in.Op |= bpf.X
			}
			if m[3] == "s/" || m[3] == "s%" {
				in.Off = 1
			}
			emit(in)
		} else if m := forms.wide.FindStringSubmatch(st); m != nil {
			emit(bpf.Insn{Op: 0x18, Dst: reg(m[1]), Imm: int32(num(m[2]))})
			emit(bpf.Insn{Imm: int32(num(m[2]) >> 32)})
		} else if m := forms.mapFD.FindStringSubmatch(st); m != nil {
			emit(bpf.Insn{Op: 0x18, Dst: reg(m[1]), Src: bpf.PseudoMapFD, Imm: mapIndex(m[2])})
			emit(bpf.Insn{})
		} else if m := forms.value.FindStringSubmatch(st); m != nil {
			emit(bpf.Insn{Op: 0x18, Dst: reg(m[1]), Src: bpf.PseudoMapValue, Imm: mapIndex(m[2])})
			emit(bpf.Insn{Imm: int32(num(m[3]))})
		} else if m := forms.order.FindStringSubmatch(st); m != nil {
			op := map[string]uint8{"le": bpf.ClassALU, "be": bpf.ClassALU | bpf.X, "bswap": bpf.ClassALU64}[m[2]]
			emit(bpf.Insn{Op: op | bpf.END, Dst: reg(m[1]), Imm: int32(num(m[3]))})
		} else if m := forms.sext.FindStringSubmatch(st); m != nil {
			emit(bpf.Insn{Op: class(m[1], bpf.ClassALU64, bpf.ClassALU) | bpf.MOV | bpf.X, Dst: reg(m[2]), Src: reg(m[4]), Off: int16(num(m[3]))})
		} else if m := forms.mov.FindStringSubmatch(st); m != nil {
			in := bpf.Insn{Op: class(m[1], bpf.ClassALU64, bpf.ClassALU) | bpf.MOV, Dst: reg(m[2]), Src: reg(m[4]), Imm: int32(num(m[5]))}
			switch {
			case m[3] == "-" && m[4] != "":
				in = bpf.Insn{Op: class(m[1], bpf.ClassALU64, bpf.ClassALU) | bpf.NEG, Dst: reg(m[2])}
			case m[4] != "":
				in.Op |= bpf.X
			case m[3] == "-":
				in.Imm = -in.Imm
			}
			emit(in)
		} else if m := forms.load.FindStringSubmatch(st); m != nil {
			mode := uint8(bpf.ModeMEM)
			if m[2] == "s" {
				mode = bpf.ModeMEMSX
			}
			emit(bpf.Insn{Op: bpf.ClassLDX | mode | sizes[m[3]], Dst: reg(m[1]), Src: reg(m[4]), Off: int16(num(m[5]))})
		} else if m := forms.store.FindStringSubmatch(st); m != nil {
			in := bpf.Insn{Op: bpf.ClassST | bpf.ModeMEM | sizes[m[1]], Dst: reg(m[2]), Off: int16(num(m[3])), Imm: int32(num(m[5]))}
			if m[4] != "" {
				in.Op, in.Src = bpf.ClassSTX|bpf.ModeMEM|sizes[m[1]], reg(m[4])
			}
			emit(in)
		} else if m := forms.branch.FindStringSubmatch(st); m != nil {
			in := bpf.Insn{Op: class(m[1], bpf.ClassJMP, bpf.ClassJMP32) | jumpOps[m[3]], Dst: reg(m[2]), Src: reg(m[4]), Imm: int32(num(m[5]))}
			if m[4] != "" {
				in.Op |= bpf.X
			}
			fixups = append(fixups, fixup{len(p.Insns), m[6]})
			emit(in)
		} else if m := forms.jump.FindStringSubmatch(st); m != nil {
			op := map[string]uint8{"goto": bpf.ClassJMP | bpf.JA, "gotol": bpf.ClassJMP32 | bpf.JA, "may_goto": bpf.ClassJMP | bpf.JCOND}[m[1]]
			fixups = append(fixups, fixup{len(p.Insns), m[2]})
			emit(bpf.Insn{Op: op})
		} else if m := forms.call.FindStringSubmatch(st); m != nil {
			in := bpf.Insn{Op: bpf.ClassJMP | bpf.CALL}
			if m[1] != "" {
				in.Src = bpf.PseudoCall
				fixups = append(fixups, fixup{len(p.Insns), m[2]})
			} else {
				in.Imm = helperID(m[2])
			}
			emit(in)
		} else if m := forms.atomic.FindStringSubmatch(st); m != nil {
			in := bpf.Insn{Op: bpf.ClassSTX | bpf.ModeATOMIC | sizes[m[2]], Dst: reg(m[3]), Src: reg(m[5]), Off: int16(num(m[4])), Imm: atomicOps[m[1]]}
			if m[1] == "load" {
				in.Dst, in.Src = in.Src, in.Dst
			}
			emit(in)
		} else if m := forms.legacy.FindStringSubmatch(st); m != nil {
			mode := map[string]uint8{"abs": bpf.ModeABS, "ind": bpf.ModeIND}[m[1]]
			emit(bpf.Insn{Op: bpf.ClassLD | mode | sizes[m[2]], Src: reg(m[3]), Imm: int32(num(m[4]))})
		} else {
			panic("cannot assemble " + st)
		}
	}
	for _, f := range fixups {
		to, ok := labels[f.label]
		if !ok {
			panic("no label " + f.label)
		}
		in := &p.Insns[f.slot]
		if in.Op == bpf.ClassJMP32|bpf.JA || in.Op == bpf.ClassJMP|bpf.CALL {
			in.Imm = int32(to - f.slot - 1)
		} else {
			in.Off = int16(to - f.slot - 1)
		}
	}
	return p
}

func helperID(name string) int32 {
	if n, err := strconv.Atoi(name); err == nil {
		return int32(n)
	}
	for id := int32(1); id < 220; id++ {
		if verify.HelperName(id) == "bpf_"+name {
			return id
		}
	}
	panic(fmt.Sprintf("no helper %q", name))
}
