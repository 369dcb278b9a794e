package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// metadata emits an access to the metadata in front of the packet.
func (f *fn) metadata() { f.accessMeta(4 * (1 + f.r.IntN(3))) }

// accessMeta emits the check of n bytes of metadata against the packet's
// start, a store of them and a load of some. Where there are not so many the
// way leads past.
func (f *fn) accessMeta(n int) {
	s, ok := f.scratch(3)
	if !ok || !f.hasCtx {
		return
	}
	meta, data, t := uint8(s[0]), uint8(s[1]), uint8(s[2])
	at := [2]int{bpf.XDPMdDataMeta, bpf.XDPMdData}
	if f.typed(object.TC) {
		at = [2]int{bpf.SkBuffDataMeta, bpf.SkBuffData}
	}
	c := uint8(s[0])
	if f.ctxReg >= 0 {
		c = uint8(f.ctxReg)
	} else {
		f.ctxTo(s[0])
	}
	end := f.NewLabel()
	f.Emit(
		ldx(4, data, c, at[1]), ldx(4, meta, c, at[0]),
		bpf.Mov.Reg(t, meta), bpf.Add.Imm(t, int32(n)),
	)
	f.EmitTo(bpf.JGt.Reg(t, data, 0), end)
	f.Emit(bpf.Mov.Imm(t, f.imm()))
	for b := 0; b < n; b += 4 {
		f.Emit(stx(4, meta, b, t))
	}
	size := 1 << f.r.IntN(3)
	f.Emit(ldx(size, data, meta, f.r.IntN(n/size)*size))
	if f.acc >= 0 {
		f.Emit(bpf.Add.Reg(uint8(f.acc), data))
	}
	f.Place(end)
	for _, r := range s {
		f.set(r, reg{})
	}
}

// adjustMeta makes room for metadata, or gives it back. Room is written at
// once: nobody says what it holds.
func (f *fn) adjustMeta() {
	// Programs that call each other would do it again and again, and a test run of
	// the kernel puts metadata in front of the packet without saying how much.
	if _, ok := f.scratch(3); !ok || !f.hasCtx || f.o.has(TailCalls) {
		return
	}
	n := 4 * (f.r.IntN(10) - 2)
	f.ctxArg()
	f.Emit(bpf.Mov.Imm(2, int32(-n)), bpf.CallHelper(bpf.HelperXDPAdjustMeta))
	f.changed()
	if n > 0 {
		f.accessMeta(n)
	}
}

// scratch returns n registers that may be overwritten, none of those given.
func (f *fn) scratch(n int, not ...int) (out []int, ok bool) {
	for _, want := range []func(*reg) bool{
		func(r *reg) bool { return r.kind == dead || r.kind == scalar },
		func(r *reg) bool { return r.kind != ctx },
	} {
		for len(out) < n {
			r := f.pickReg(func(i int, r *reg) bool {
				for _, have := range append(not[:len(not):len(not)], out...) {
					if have == i {
						return false
					}
				}
				return !f.isLocked(i) && want(r)
			})
			if r < 0 {
				break
			}
			out = append(out, r)
		}
	}
	return out, len(out) == n
}
