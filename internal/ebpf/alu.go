package ebpf

import (
	"math"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// alu64 does a 64-bit operation; off is the instruction's offset field, which
// selects signed division and sign-extending moves. ok is false for encodings
// that do not exist.
func alu64(op bpf.ALUOp, off int16, dst, src uint64) (res uint64, ok bool) {
	switch op {
	case bpf.Div, bpf.Mod:
		return div64(op, off, dst, src)
	case bpf.Mov:
		switch off {
		case 0:
			return src, true
		case 8:
			return uint64(int64(int8(src))), true
		case 16:
			return uint64(int64(int16(src))), true
		case 32:
			return uint64(int64(int32(src))), true
		}
		return 0, false
	}
	if off != 0 {
		return 0, false
	}
	switch op {
	case bpf.Add:
		return dst + src, true
	case bpf.Sub:
		return dst - src, true
	case bpf.Mul:
		return dst * src, true
	case bpf.Or:
		return dst | src, true
	case bpf.And:
		return dst & src, true
	case bpf.Xor:
		return dst ^ src, true
	case bpf.Lsh:
		return dst << (src & 63), true
	case bpf.Rsh:
		return dst >> (src & 63), true
	case bpf.Arsh:
		return uint64(int64(dst) >> (src & 63)), true
	case bpf.Neg:
		return -dst, true
	}
	return 0, false
}

func div64(op bpf.ALUOp, off int16, dst, src uint64) (uint64, bool) {
	mod := op == bpf.Mod
	switch {
	case off != 0 && off != 1:
		return 0, false
	case src == 0 && mod:
		return dst, true
	case src == 0:
		return 0, true
	case off == 0 && mod:
		return dst % src, true
	case off == 0:
		return dst / src, true
	case src == math.MaxUint64 && mod:
		return 0, true
	case src == math.MaxUint64:
		return -dst, true
	case mod:
		return uint64(int64(dst) % int64(src)), true
	}
	return uint64(int64(dst) / int64(src)), true
}

// alu32 does a 32-bit operation; the result's high half is zero.
func alu32(op bpf.ALUOp, off int16, dst, src uint32) (res uint64, ok bool) {
	switch op {
	case bpf.Div, bpf.Mod:
		return div32(op, off, dst, src)
	case bpf.Mov:
		switch off {
		case 0:
			return uint64(src), true
		case 8:
			return uint64(uint32(int32(int8(src)))), true
		case 16:
			return uint64(uint32(int32(int16(src)))), true
		}
		return 0, false
	case bpf.Lsh:
		return uint64(dst << (src & 31)), off == 0
	case bpf.Rsh:
		return uint64(dst >> (src & 31)), off == 0
	case bpf.Arsh:
		return uint64(uint32(int32(dst) >> (src & 31))), off == 0
	}
	res, ok = alu64(op, off, uint64(dst), uint64(src))
	return uint64(uint32(res)), ok
}

func div32(op bpf.ALUOp, off int16, dst, src uint32) (uint64, bool) {
	mod := op == bpf.Mod
	switch {
	case off == 0:
		return div64(op, 0, uint64(dst), uint64(src))
	case off != 1:
		return 0, false
	case src == 0 && mod:
		return uint64(dst), true
	case src == 0:
		return 0, true
	case src == math.MaxUint32 && mod:
		return 0, true
	case src == math.MaxUint32:
		return uint64(-dst), true
	case mod:
		return uint64(uint32(int32(dst) % int32(src))), true
	}
	return uint64(uint32(int32(dst) / int32(src))), true
}

// endian does the byte order operations: to little endian (a truncation), to
// big endian, and in the 64-bit class the unconditional swap.
func endian(in bpf.Insn, v uint64) (uint64, bool) {
	swap := in.Source() == bpf.X
	if in.Class() == bpf.ClassALU64 {
		if swap {
			return 0, false
		}
		swap = true
	}
	if in.Off != 0 {
		return 0, false
	}
	switch in.Imm {
	case 16:
		if swap {
			return uint64(bits.ReverseBytes16(uint16(v))), true
		}
		return uint64(uint16(v)), true
	case 32:
		if swap {
			return uint64(bits.ReverseBytes32(uint32(v))), true
		}
		return uint64(uint32(v)), true
	case 64:
		if swap {
			return bits.ReverseBytes64(v), true
		}
		return v, true
	}
	return 0, false
}

// taken evaluates a conditional jump. 32-bit jumps get their operands
// zero-extended; they are compared as 32-bit numbers.
func taken(op bpf.JumpOp, wide bool, a, b uint64) (yes, ok bool) {
	sa, sb := int64(a), int64(b)
	if !wide {
		a, b = uint64(uint32(a)), uint64(uint32(b))
		sa, sb = int64(int32(a)), int64(int32(b))
	}
	switch op {
	case bpf.JEq:
		return a == b, true
	case bpf.JNe:
		return a != b, true
	case bpf.JGt:
		return a > b, true
	case bpf.JGe:
		return a >= b, true
	case bpf.JLt:
		return a < b, true
	case bpf.JLe:
		return a <= b, true
	case bpf.JSet:
		return a&b != 0, true
	case bpf.JSGt:
		return sa > sb, true
	case bpf.JSGe:
		return sa >= sb, true
	case bpf.JSLt:
		return sa < sb, true
	case bpf.JSLe:
		return sa <= sb, true
	}
	return false, false
}
