package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// queue emits a push, a pop or a look at the top of a queue or a stack.
func (f *fn) queue() {
	if f.chance(40) {
		f.bloom()
		return
	}
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

// bloom emits a call with a Bloom filter: it puts in a value, or asks for one, from the
// stack or behind another pointer. Values are few, and the filter has so much room that
// hardly any is found that was not put in.
func (f *fn) bloom() {
	spec := &object.Map{
		Type: bpf.MapTypeBloomFilter, ValueSize: uint32([]int{4, 4, 8, 12, 24}[f.r.IntN(5)]), MaxEntries: uint32(4000 + f.r.IntN(4000)), Extra: uint64(f.r.IntN(16)),
	}
	if spec.Extra > 0 && spec.Extra < 4 {
		spec.Extra = 0 // so few bits are all set now and then
	}
	if f.o.has(OddSizes) && f.chance(40) {
		spec.ValueSize = uint32(1 + f.r.IntN(90))
	}
	m := f.p.onlyMap(spec)
	if m < 0 {
		return
	}
	n := int(f.p.maps[m].ValueSize)
	p, disp := f.ready(n)
	if p < 0 {
		place := f.argument(n)
		if p, disp = 10, place.off; disp == 0 {
			return
		}
		for k := range n {
			f.storeConst(1, 10, disp+k, int32(f.r.IntN(3)/2))
		}
		if n%8 == 0 && f.chance(50) {
			r := f.freeScalar()
			f.Emit(bpf.And.Imm(uint8(r), 3), stx(1, 10, disp, uint8(r)))
		}
		f.st.setStack(disp, n)
		f.before(place)
	}
	f.mapAndKey(m, p, disp)
	if f.chance(50) {
		f.Emit(bpf.Mov.Imm(3, []int32{0, 0, 0, 0, 1, 2, 4}[f.r.IntN(7)]), bpf.CallHelper(bpf.HelperMapPushElem))
	} else {
		f.Emit(bpf.CallHelper(bpf.HelperMapPeekElem))
	}
	f.called()
	f.setScalar(0)
	f.keep(0)
}

// event emits a record for the host.
func (f *fn) event() {
	switch f.r.IntN(6) {
	case 0, 1:
		f.perfEvent()
	case 2, 3:
		f.ringOutput()
	case 4:
		f.ringRecord()
	default:
		f.ringQuery()
	}
}

// ringMap is the program's ring buffer, or -1.
func (f *fn) ringMap() int {
	return f.p.onlyMap(&object.Map{Type: bpf.MapTypeRingbuf, MaxEntries: 4096})
}

// recordBytes chooses the size of a record.
func (f *fn) recordBytes() int {
	if f.o.has(OddSizes) && f.chance(40) {
		return 1 + f.r.IntN(27)
	}
	return 4 * (1 + f.r.IntN(6))
}

// recordCount puts the size of a record of up to n bytes in a register: one that only
// a run knows where helpers may copy so many.
func (f *fn) recordCount(r uint8, n int) {
	if f.o.has(Helpers) {
		f.countArg(r, n)
	} else {
		f.Emit(bpf.Mov.Imm(r, int32(n)))
	}
}

// perfEvent emits an event with bytes of the packet, perhaps for an index without
// a reader or one beyond the array.
func (f *fn) perfEvent() {
	m := f.p.onlyMap(&object.Map{Type: bpf.MapTypePerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2})
	if m < 0 || !f.hasCtx {
		return
	}
	n := f.recordBytes()
	off := f.passed(n)
	if off == 0 {
		return
	}
	f.ctxArg()
	f.Emit(bpf.LoadMap(2, m)...)
	packet := []int32{0, 0, int32(f.r.IntN(14)), int32(f.r.IntN(90)), 1 << 19, 1 << 20}[f.r.IntN(6)]
	f.Emit(lddw(3, []int32{-1, -1, -1, 0, 1, 2}[f.r.IntN(6)], packet)...)
	f.Emit(bpf.Mov.Reg(4, 10), bpf.Add.Imm(4, int32(off)))
	f.recordCount(5, n)
	f.Emit(bpf.CallHelper(bpf.HelperPerfEventOutput))
	f.called()
}

// ringOutput emits a record that is copied to the ring buffer.
func (f *fn) ringOutput() {
	m := f.ringMap()
	if m < 0 {
		return
	}
	n := f.recordBytes()
	off := f.passed(n)
	if off == 0 {
		return
	}
	f.Emit(bpf.LoadMap(1, m)...)
	flags := []int32{0, 0, 1, 2, 3, 4, -1}[f.r.IntN(7)]
	f.Emit(bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(off)))
	f.recordCount(3, n)
	f.Emit(bpf.Mov.Imm(4, flags), bpf.CallHelper(bpf.HelperRingbufOutput))
	f.called()
}

// ringRecord emits a record that is written where it lies: what a program does not
// write of one nobody knows.
func (f *fn) ringRecord() {
	m := f.ringMap()
	if m < 0 {
		return
	}
	n := f.recordBytes()
	f.Emit(bpf.LoadMap(1, m)...)
	f.Emit(bpf.Mov.Imm(2, int32(n)), bpf.Mov.Imm(3, []int32{0, 0, 0, 0, 1}[f.r.IntN(5)]), bpf.CallHelper(bpf.HelperRingbufReserve))
	f.st.clobber()
	end := f.NewLabel()
	f.EmitTo(bpf.JEq.Imm(0, 0, 0), end)
	before := f.st
	locked := f.locked
	f.locked |= 1 << 0
	alignedPieces(0, n, func(at, size int) {
		if f.chance(40) {
			f.storeConst(size, 0, at, f.imm())
		} else {
			f.Emit(stx(size, 0, at, uint8(f.scalarReg(0))))
		}
		if f.chance(20) {
			f.loadKept(size, 0, at)
		}
	})
	f.locked = locked
	finish := []bpf.HelperID{bpf.HelperRingbufSubmit, bpf.HelperRingbufSubmit, bpf.HelperRingbufDiscard}[f.r.IntN(3)]
	f.Emit(bpf.Mov.Reg(1, 0), bpf.Mov.Imm(2, int32(f.r.IntN(3))), bpf.CallHelper(finish))
	f.st.clobber()
	f.Place(end)
	f.st.join(&before)
}

// ringQuery emits a question about the ring buffer.
func (f *fn) ringQuery() {
	m := f.ringMap()
	if m < 0 {
		return
	}
	f.Emit(bpf.LoadMap(1, m)...)
	f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(6))), bpf.CallHelper(bpf.HelperRingbufQuery))
	f.called()
	f.keep(0)
}
