package gen

import "github.com/skipsw/skipsw/translate/bpf"

// legacyLoad emits a packet load of classic BPF, which leaves the function
// where it lies outside: LD_ABS at a constant offset, LD_IND at a computed one. The
// context must be in R6.
func (f *fn) legacyLoad() {
	if f.p.o.NoLegacyInFuncs && !f.main() {
		return
	}
	if f.holding || f.p.sigs[f.index].callback || !f.hasCtx || f.ctxReg != 6 && f.isLocked(6) {
		return
	}
	if !f.is(6, ctx) {
		f.ctxTo(6)
		f.set(6, reg{kind: ctx})
	}
	in := bpf.LoadAbs(bpf.SizeOf(1<<f.r.IntN(3)), int32(f.r.IntN(54)))
	switch {
	case !f.main() && f.chance(50):
		in.Imm = int32(f.r.IntN(1500)) // often outside
	case f.chance(5):
		in.Imm = f.imm()
	case f.chance(8):
		in.Imm += []int32{bpf.SkfNetOff, bpf.SkfLLOff}[f.r.IntN(2)]
	}
	if f.chance(40) {
		src := f.freeScalar(6)
		if f.chance(80) {
			f.Emit(bpf.And.Imm(uint8(src), []int32{3, 15, 31, 60, 63}[f.r.IntN(5)]))
		}
		in = bpf.LoadInd(in.Size(), uint8(src), in.Imm)
		if f.chance(50) {
			in.Imm = int32(f.r.IntN(24))
		}
	}
	f.Emit(in)
	f.called()
}
