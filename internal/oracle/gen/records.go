package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// queue emits a push, a pop or a look at the top of a queue or a stack.
func (f *fn) queue() {
	types := []bpf.MapType{bpf.MapTypeQueue, bpf.MapTypeStack}
	m := f.p.onlyMap(&object.Map{
		Type: types[f.r.IntN(2)], ValueSize: uint32([]int{4, 8, 8, 12, 20}[f.r.IntN(5)]), MaxEntries: uint32(1 + f.r.IntN(4)),
	})
	if m < 0 {
		return
	}
	n := int(f.p.maps[m].ValueSize)
	off := f.buffer(n)
	if off == 0 {
		return
	}
	f.Emit(bpf.LoadMap(1, m)...)
	f.Emit(bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(off)))
	switch f.r.IntN(4) {
	case 0, 1:
		f.Emit(bpf.Mov.Imm(3, []int32{0, 0, 2, 1}[f.r.IntN(4)]), bpf.CallHelper(bpf.HelperMapPushElem))
	case 2:
		f.Emit(bpf.CallHelper(bpf.HelperMapPopElem))
	default:
		f.Emit(bpf.CallHelper(bpf.HelperMapPeekElem))
	}
	f.called()
	d := f.dst(0)
	f.Emit(ldx(4, uint8(d), 10, off))
	f.setScalar(d)
	f.keep(d)
}

// event emits a record for the host. What comes of it depends on who listens:
// the result reaches nothing.
func (f *fn) event() {
	ring := f.chance(40)
	spec := &object.Map{Type: bpf.MapTypePerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	if ring {
		spec = &object.Map{Type: bpf.MapTypeRingbuf, MaxEntries: 4096}
	}
	m := f.p.onlyMap(spec)
	if m < 0 || !ring && !f.hasCtx {
		return
	}
	n := 4 * (1 + f.r.IntN(5))
	off := f.passed(n)
	if off == 0 {
		return
	}
	if ring {
		f.Emit(bpf.LoadMap(1, m)...)
		f.Emit(bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(off)), bpf.Mov.Imm(3, int32(n)), bpf.Mov.Imm(4, int32(f.r.IntN(4))), bpf.CallHelper(bpf.HelperRingbufOutput))
	} else {
		f.ctxArg()
		f.Emit(bpf.LoadMap(2, m)...)
		f.Emit(lddw(3, []int32{-1, 0, 1}[f.r.IntN(3)], int32(f.r.IntN(2)*f.r.IntN(64)))...)
		f.Emit(bpf.Mov.Reg(4, 10), bpf.Add.Imm(4, int32(off)), bpf.Mov.Imm(5, int32(n)), bpf.CallHelper(bpf.HelperPerfEventOutput))
	}
	f.st.clobber()
}
