package isel

import "github.com/skipsw/skipsw/translate/ssa"

// rules are functions, each for one rule, and the instructions they become.
var rules = []struct {
	name  string
	build func(f *fn) *ssa.Func
	want  string
}{
	{"add small constant", func(f *fn) *ssa.Func { return f.exit(f.AddConst(f.x, 200)) }, ""},
	{"add small negative constant", func(f *fn) *ssa.Func { return f.exit(f.AddConst(f.x, ^uint32(4))) }, ""},
	{"add large constant", func(f *fn) *ssa.Func { return f.exit(f.AddConst(f.x, 0x12345678)) }, ""},
	{"double word sum", func(f *fn) *ssa.Func {
		lo := f.raw(ssa.Add, 0, f.x, f.y)
		hi := f.raw(ssa.AddHi, 0, f.y, f.x, f.x, f.y)
		return f.exit(f.raw(ssa.Xor, 0, lo, hi))
	}, ""},
	{"high word of a difference alone", func(f *fn) *ssa.Func {
		return f.exit(f.raw(ssa.SubHi, 0, f.y, f.x, f.x, f.y))
	}, ""},
	{"mask of whole bytes", func(f *fn) *ssa.Func { return f.exit(f.And(f.x, 0xffff)) }, ""},
	{"byte out of a word", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.raw(ssa.Shr, 16, f.x), f.Const(0xff))) }, ""},
	{"shifted operand", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Or, 0, f.x, f.raw(ssa.Shl, 4, f.y))) }, ""},
	{"masked and shifted", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.raw(ssa.Shr, 14, f.x), f.Const(0x3c))) }, ""},
	{"complement", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Xor, 0, f.x, f.Const(^uint32(0)))) }, ""},
	{"and with nearly all ones", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.And, 0, f.x, f.Const(^uint32(0x18)))) }, ""},
	{"bytes reversed", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Bswap, 0, f.x)) }, ""},
	{"low bytes exchanged", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Bswap16, 0, f.x)) }, ""},
	{"insert a byte", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Insert, ssa.InsertImm(4, 16), f.x, f.y)) }, ""},
	{"arithmetic shift", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Sar, 5, f.x)) }, ""},
	{"shift by a register", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.ShlV, 0, f.x, f.y)) }, ""},
	{"arithmetic shift by a register", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.SarV, 0, f.x, f.y)) }, ""},
	{"double word shift", func(f *fn) *ssa.Func { return f.exit(f.raw(ssa.Funnel, 12, f.x, f.y)) }, ""},
	{"product of words", func(f *fn) *ssa.Func {
		lo := f.raw(ssa.Mul, 0, f.x, f.y)
		hi := f.raw(ssa.MulHi, 0, f.x, f.y)
		return f.exit(f.raw(ssa.Xor, 0, lo, hi))
	}, ""},
	{"product of half words", func(f *fn) *ssa.Func {
		return f.exit(f.raw(ssa.Mul, 0, f.And(f.x, 0xffff), f.Const(20)))
	}, ""},
	{"read used as operand", func(f *fn) *ssa.Func {
		r := f.Add(ssa.Value{Op: ssa.Read, Space: ssa.Packet, Size: 8, Imm: 12, Args: []ssa.ID{f.p}})
		a := f.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{r}})
		return f.exit(f.AddConst(a, 1))
	}, ""},
	{"long read", func(f *fn) *ssa.Func {
		r := f.Add(ssa.Value{Op: ssa.Read, Space: ssa.Packet, Size: 40, Imm: 12, Args: []ssa.ID{f.p}})
		a := f.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{r}})
		b := f.Add(ssa.Value{Op: ssa.Word, Imm: 9, Args: []ssa.ID{r}})
		return f.exit(f.raw(ssa.Xor, 0, a, b))
	}, ""},
	{"write", func(f *fn) *ssa.Func {
		f.Add(ssa.Value{Op: ssa.Write, Space: ssa.Packet, Size: 6, Imm: 6, Args: []ssa.ID{f.p, f.x, f.AddConst(f.y, 1)}})
		return f.exit(f.Const(2))
	}, ""},
	{"small atomic addition", func(f *fn) *ssa.Func {
		f.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 8, Args: []ssa.ID{f.x, f.Const(0x20000000), f.Const(1), f.Const(0)}})
		return f.exit(f.Const(2))
	}, ""},
	{"atomic addition", func(f *fn) *ssa.Func {
		f.Add(ssa.Value{Op: ssa.AtomicAdd, Space: ssa.MapValue, Size: 4, Args: []ssa.ID{f.x, f.Const(0x20000000), f.y}})
		return f.exit(f.Const(2))
	}, ""},
	{"unsigned comparison", func(f *fn) *ssa.Func { return f.branch(ssa.ULT, f.x, f.Const(14)) }, ""},
	{"greater becomes greater or equal", func(f *fn) *ssa.Func { return f.branch(ssa.UGT, f.x, f.Const(14)) }, ""},
	{"signed comparison", func(f *fn) *ssa.Func { return f.branch(ssa.SGT, f.x, f.y) }, ""},
	{"sign bit", func(f *fn) *ssa.Func { return f.branch(ssa.SLT, f.x, f.Const(0)) }, ""},
	{"one bit", func(f *fn) *ssa.Func { return f.branch(ssa.TST, f.x, f.Const(1<<9)) }, ""},
	{"several bits", func(f *fn) *ssa.Func { return f.branch(ssa.TST, f.x, f.Const(0x3c)) }, ""},
	{"zero", func(f *fn) *ssa.Func { return f.branch(ssa.EQ, f.x, f.Const(0)) }, ""},
	{"zero of a difference", func(f *fn) *ssa.Func { return f.branch(ssa.EQ, f.raw(ssa.Sub, 0, f.x, f.y), f.Const(0)) }, ""},
	{"one byte", func(f *fn) *ssa.Func {
		return f.branch(ssa.EQ, f.raw(ssa.And, 0, f.raw(ssa.Shr, 24, f.x), f.Const(0xff)), f.Const(17))
	}, ""},
	{"two bytes", func(f *fn) *ssa.Func {
		return f.branch(ssa.NE, f.raw(ssa.And, 0, f.x, f.Const(0xffff)), f.Const(0x0608))
	}, ""},
	{"double words equal", func(f *fn) *ssa.Func { return f.branchWide(ssa.EQ, f.x, f.y, f.Const(7), f.Const(0)) }, ""},
	{"double words ordered", func(f *fn) *ssa.Func { return f.branchWide(ssa.UGT, f.x, f.y, f.Const(7), f.Const(1)) }, ""},
}
