package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// redirect emits a call of a redirect helper, and often the end of the program
// with its verdict. The maps have no targets: the flags say the verdict then.
func (f *fn) redirect() {
	if f.typed(object.XDP) && f.chance(60) {
		types := []bpf.MapType{bpf.MapTypeDevMap, bpf.MapTypeCPUMap}
		m := f.p.onlyMap(&object.Map{Type: types[f.r.IntN(2)], KeySize: 4, ValueSize: 4, MaxEntries: 4})
		if m < 0 {
			return
		}
		f.Emit(bpf.Mov.Reg(2, uint8(f.scalarReg())))
		f.Emit(bpf.LoadMap(1, m)...)
		f.Emit(bpf.Mov.Imm(3, []int32{0, 1, 2, 3, 4, 0x100}[f.r.IntN(6)]), bpf.CallHelper(bpf.HelperRedirectMap))
	} else {
		f.Emit(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, []int32{0, 0, 0, 1, 2}[f.r.IntN(5)]), bpf.CallHelper(bpf.HelperRedirect))
	}
	f.called()
	if f.main() && f.chance(50) {
		next := f.NewLabel()
		f.EmitTo(f.condition(), next)
		f.Emit(bpf.Return())
		f.Place(next)
	}
}

// tailCall emits a tail call into a program array that has no programs. Callers
// of a function must take it for one that moves the packet.
func (f *fn) tailCall() {
	if !f.hasCtx {
		return
	}
	m := f.p.onlyMap(&object.Map{Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4})
	if m < 0 {
		return
	}
	f.Emit(bpf.Mov.Reg(3, uint8(f.scalarReg())))
	f.ctxArg()
	f.Emit(bpf.LoadMap(2, m)...)
	f.Emit(bpf.CallHelper(bpf.HelperTailCall))
	f.st.clobber()
	f.p.moves[f.index] = true
}
