package gen

import (
	"math/rand/v2"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// fn generates one function.
type fn struct {
	asm
	r  *rand.Rand
	o  *Options
	p  *program
	st state

	locked     uint16    // registers that must keep their value
	lockedByte [512]bool // stack bytes that must keep their value
	stackMax   int       // bytes of stack that the function may use
	nranges    int       // packet ranges handed out
	out        bpf.Label // where a failed bounds check goes
	ctxReg     int       // register that holds the context, or -1
	ctxSlot    int       // stack offset where the context is spilled, when ctxReg is -1
	index      int       // number of the function, 0 for main
	hasCtx     bool      // the function can reach the context
	pressed    bool      // the function has its block under pressure
	acc        int       // register that collects the results of probes, or -1
	depth      int       // nesting of branches and loops
	inLoop     int       // nesting of loops
	holding    bool      // something is held that has to be given back before the end
	callees    []int     // functions it may call
}

func (f *fn) main() bool { return f.index == 0 }

// chance is true in pct of 100 cases.
func (f *fn) chance(pct int) bool { return f.r.IntN(100) < pct }

// pickReg returns a random register among those that ok takes, or -1.
func (f *fn) pickReg(ok func(int, *reg) bool) int {
	n, at := 0, -1
	for i := range f.st.regs {
		if ok(i, &f.st.regs[i]) {
			n++
			if f.r.IntN(n) == 0 {
				at = i
			}
		}
	}
	return at
}

func (f *fn) isLocked(r int) bool { return f.locked>>r&1 != 0 }

// dst returns a register to overwrite: seldom one that holds a pointer.
func (f *fn) dst(not ...int) int {
	free := func(i int) bool {
		if f.isLocked(i) {
			return false
		}
		for _, n := range not {
			if n == i {
				return false
			}
		}
		return true
	}
	if f.chance(40) {
		if r := f.pickReg(func(i int, r *reg) bool { return free(i) && r.kind == dead }); r >= 0 {
			return r
		}
	}
	if !f.chance(5) {
		if r := f.pickReg(func(i int, r *reg) bool { return free(i) && (r.kind == dead || r.kind == scalar) }); r >= 0 {
			return r
		}
	}
	r := f.pickReg(func(i int, _ *reg) bool { return free(i) })
	if r < 0 {
		panic("BUG: every register is locked")
	}
	return r
}

func (f *fn) set(r int, v reg)      { f.st.regs[r] = v }
func (f *fn) setScalar(r int)       { f.st.regs[r] = reg{kind: scalar} }
func (f *fn) is(r int, k kind) bool { return f.st.regs[r].kind == k }

// scalarReg returns a register with a number, making one if there is none.
func (f *fn) scalarReg(not ...int) int {
	r := f.pickReg(func(i int, r *reg) bool {
		for _, n := range not {
			if n == i {
				return false
			}
		}
		return r.kind == scalar
	})
	if r >= 0 {
		return r
	}
	r = f.dst(not...)
	f.constant(r)
	return r
}

// freeScalar returns a number register that may be overwritten.
func (f *fn) freeScalar(not ...int) int {
	r := f.pickReg(func(i int, r *reg) bool {
		for _, n := range not {
			if n == i {
				return false
			}
		}
		return r.kind == scalar && !f.isLocked(i)
	})
	if r >= 0 {
		return r
	}
	r = f.dst(not...)
	f.constant(r)
	return r
}

// pointer returns a register with a pointer of kind k, or -1.
func (f *fn) pointer(k kind) int {
	return f.pickReg(func(_ int, r *reg) bool { return r.kind == k })
}

// constant loads a random constant.
func (f *fn) constant(r int) {
	switch {
	case f.chance(15):
		v := f.imm64()
		if f.o.Hidden {
			f.Emit(append(f.hiddenAt(uint8(r), v), bpf.Load(bpf.SizeDW, uint8(r), uint8(r), 0))...)
			break
		}
		f.Emit(bpf.LoadImm64(uint8(r), v)...)
	case f.o.has(ALU32) && f.chance(30):
		f.Emit(f.hide(bpf.Mov.Imm32(uint8(r), f.imm())))
	default:
		f.Emit(f.hide(bpf.Mov.Imm(uint8(r), f.imm())))
	}
	f.setScalar(r)
}

// loadCtx brings the context to a register and returns it.
func (f *fn) loadCtx(want int) int {
	if f.ctxReg >= 0 {
		return f.ctxReg
	}
	if want < 0 {
		want = f.dst()
	}
	f.Emit(ldx(8, uint8(want), 10, f.ctxSlot))
	f.set(want, reg{kind: ctx})
	return want
}

// newRange hands out a packet range, or -1 when there are no more.
func (f *fn) newRange() int {
	if f.nranges == maxRanges {
		return -1
	}
	f.nranges++
	f.st.ranges[f.nranges-1] = 0
	return f.nranges - 1
}

// Interesting numbers: the edges of widths, masks and powers of two.
var edges = []int32{
	0, 1, 2, 3, 4, 5, 7, 8, 10, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255, 256, 257, 0x1ff, 0x3ff, 0x800, 0xfff, 0x1000,
	0x7fff, 0x8000, 0xffff, 0x10000, 0x10001, 0xff00, 0xff0000, -0x1000000, 0x00ff00ff, 0x0f0f0f0f, 0x55555555,
	0x7fffffff, -0x80000000, -0x7fffffff, -1, -2, -3, -8, -16, -128, -129, -255, -256, -257, -0x8000, -0x8001, -0x10000,
	1000, 1500, 86400, 1000000007, -1000, 0x0800, 0x86dd, 0x8100, 17, 6, 53,
}

// imm returns a random 32-bit constant.
func (f *fn) imm() int32 {
	switch f.r.IntN(6) {
	case 0, 1, 2:
		return edges[f.r.IntN(len(edges))]
	case 3:
		return int32(f.r.IntN(512)) - 256
	case 4:
		v := int32(1) << f.r.IntN(32)
		return v + int32(f.r.IntN(3)) - 1
	}
	return int32(f.r.Uint32())
}

// limit returns a constant to compare with: often the least or the greatest of
// a range, where compilers exchange one comparison for another.
func (f *fn) limit() int32 {
	if f.chance(35) {
		return []int32{0, 1, -1, 0x7fffffff, -0x80000000, 0x7ffffffe, -2, 0xff, 0x100, 0xffff}[f.r.IntN(10)]
	}
	return f.imm()
}

func (f *fn) imm64() uint64 {
	switch f.r.IntN(4) {
	case 0:
		return uint64(1)<<f.r.IntN(64) + uint64(f.r.IntN(3)) - 1
	case 1:
		return uint64(uint32(f.imm()))<<32 | uint64(uint32(f.imm()))
	case 2:
		return uint64(uint32(f.imm()))
	}
	return f.r.Uint64()
}

func (f *fn) size() int { return 1 << f.r.IntN(4) }

// typed reports whether the program is of type t.
func (f *fn) typed(t object.Type) bool { return f.o.Type == t }
