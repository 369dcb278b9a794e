package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// dynptr emits calls on a dynptr of the packet or of a map value.
func (f *fn) dynptr(budget int) {
	at := f.place8(bpf.DynptrBytes)
	if at == 0 {
		return
	}
	f.lockBytes(at, bpf.DynptrBytes, true)
	f.st.setStack(at, bpf.DynptrBytes)
	defer func() {
		f.lockBytes(at, bpf.DynptrBytes, false)
		// Bytes again, which everything may read and write.
		f.storeConst(8, 10, at, f.imm())
		f.storeConst(8, 10, at+8, f.imm())
		f.st.setStack(at, bpf.DynptrBytes)
	}()
	packet := f.hasCtx && f.chance(50)
	if packet {
		f.ctxArg()
		f.Emit(bpf.Mov.Imm(2, f.rarely(1)), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, int32(at)))
		f.kfunc(map[object.Type]bpf.KfuncID{object.XDP: bpf.KfuncDynptrFromXDP, object.TC: bpf.KfuncDynptrFromSkb}[f.o.Type])
	} else if !f.dynptrOfValue(at) {
		return
	}
	f.hideDynptr(at)
	for range 2 + f.r.IntN(5) {
		f.onDynptr(at, packet, false)
		// What makes a packet shorter than its dynptr is a known difference.
		if f.depth < 2 && f.chance(15) && !f.o.has(Adjust) && !f.o.has(SkbInPlace) && !f.o.has(SkbEdit) {
			f.branch(min(budget, 2))
		}
	}
}

// hideDynptr says that the bytes of a dynptr are no numbers.
func (f *fn) hideDynptr(at int) {
	f.st.setPointer(at, reg{})
	f.st.setPointer(at+8, reg{})
}

// rarely is 0, and now and then x.
func (f *fn) rarely(x int32) int32 {
	if f.chance(12) {
		return x
	}
	return 0
}

// kfunc emits a call of a function of the kernel and keeps its result.
func (f *fn) kfunc(id bpf.KfuncID) {
	f.Emit(bpf.CallKfunc(int32(id)))
	f.called()
	if id == bpf.KfuncDynptrIsNull || id == bpf.KfuncDynptrIsRdonly {
		f.Emit(bpf.And.Imm(0, 0xff)) // a bool has no more bits
	}
	f.keep(0)
}

// dynptrOfValue makes a dynptr of a map value that programs may write to.
func (f *fn) dynptrOfValue(at int) bool {
	writable := func(m int) bool {
		return f.p.maps[m].Flags&bpf.FRdonlyProg == 0 && !f.p.maps[m].Frozen && f.p.maps[m].ValueType == nil
	}
	pick := func() int {
		return f.pickReg(func(_ int, r *reg) bool {
			return r.kind == mapVal && r.slack == 0 && writable(r.id) && r.off >= 0 && r.off < int(f.p.maps[r.id].ValueSize)
		})
	}
	v := pick()
	if v < 0 && f.o.has(Global) {
		f.global()
		v = pick()
	}
	if v < 0 {
		return false
	}
	r := f.st.regs[v]
	room := int(f.p.maps[r.id].ValueSize) - r.off
	n := room - f.r.IntN(room+1)*f.r.IntN(2)
	f.Emit(bpf.Mov.Reg(1, uint8(v)), bpf.Mov.Imm(2, int32(n)), bpf.Mov.Imm(3, f.rarely(2)))
	f.Emit(bpf.Mov.Reg(4, 10), bpf.Add.Imm(4, int32(at)), bpf.CallHelper(bpf.HelperDynptrFromMem))
	f.called()
	f.keep(0)
	return true
}

// placeArg puts an offset in a dynptr in a register.
func (f *fn) placeArg(r uint8) {
	x := f.pickReg(func(i int, v *reg) bool { return i > 5 && v.kind == scalar })
	switch {
	case x >= 0 && f.chance(30):
		f.Emit(bpf.Mov.Reg(r, uint8(x)), bpf.And.Imm(r, []int32{3, 7, 15, 31, 63}[f.r.IntN(5)]))
	case f.chance(8):
		f.Emit(bpf.Mov.Imm(r, f.limit()))
	default:
		f.Emit(bpf.Mov.Imm(r, int32(f.r.IntN([]int{4, 24}[f.r.IntN(2)]))))
	}
}

// toDynptr puts the address of a dynptr in a register.
func (f *fn) toDynptr(r uint8, at int) {
	f.Emit(bpf.Mov.Reg(r, 10), bpf.Add.Imm(r, int32(at)))
}

// onDynptr emits one call on a dynptr, of a record, which must be given back, the packet
// or a map value.
func (f *fn) onDynptr(at int, packet, record bool) {
	one := func(id bpf.KfuncID) {
		f.toDynptr(1, at)
		f.kfunc(id)
	}
	switch f.r.IntN(12) {
	case 0:
		one(bpf.KfuncDynptrSize)
	case 1:
		one([]bpf.KfuncID{bpf.KfuncDynptrIsNull, bpf.KfuncDynptrIsNull, bpf.KfuncDynptrIsRdonly}[f.r.IntN(3)])
	case 2, 3:
		for range 1 + f.r.IntN(2) {
			// Most of a packet stays, or a little of a map value.
			rest := int32(f.r.IntN(60)) - 2
			if f.placeArg(2); !packet {
				f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(4))))
				rest = int32(f.r.IntN(16)) - 1
			}
			f.Emit(bpf.Mov.Reg(3, 2), bpf.Add.Imm(3, rest))
			one(bpf.KfuncDynptrAdjust)
		}
		if f.chance(60) {
			f.slice(at)
		}
	case 4:
		if !record {
			f.clone(at) // that of a record could not be overwritten
		}
	case 5, 6:
		f.readDynptr(at, !record)
	case 7:
		f.writeDynptr(at, packet)
	case 8:
		f.lent([]int{2, 8}[f.r.IntN(2)], func(n int32) {
			f.placeArg(2)
			f.toDynptr(1, at)
			f.Emit(bpf.Mov.Imm(3, n), bpf.CallHelper(bpf.HelperDynptrData))
		}, true)
	default:
		f.slice(at)
	}
}

// clone copies a dynptr to another place, asks it for its size and perhaps takes it for
// the first one.
func (f *fn) clone(at int) {
	to := f.place8(bpf.DynptrBytes)
	if to == 0 {
		return
	}
	f.toDynptr(1, at)
	f.toDynptr(2, to)
	f.kfunc(bpf.KfuncDynptrClone)
	f.toDynptr(1, to)
	f.kfunc(bpf.KfuncDynptrSize)
	f.storeConst(8, 10, to, f.imm())
	f.storeConst(8, 10, to+8, f.imm())
	f.st.setStack(to, bpf.DynptrBytes)
}

// readDynptr copies bytes of a dynptr to the stack.
func (f *fn) readDynptr(at int, leave bool) {
	n := 1 + f.r.IntN([]int{4, 28}[f.r.IntN(2)])
	to := f.passed(n)
	if to == 0 {
		return
	}
	f.placeArg(4)
	f.toDynptr(1, to)
	f.toDynptr(3, at)
	f.countArg(2, n)
	f.Emit(bpf.Mov.Imm(5, f.rarely(1)), bpf.CallHelper(bpf.HelperDynptrRead))
	f.called()
	f.keep(0)
	if leave && f.chance(20) {
		f.EmitTo(bpf.JNe.Imm(0, 0, 0), f.out)
	}
	f.keepStack(to, n)
}

// countArg puts a number of bytes, up to n, in a register.
func (f *fn) countArg(r uint8, n int) {
	x := f.pickReg(func(i int, v *reg) bool { return i > 5 && v.kind == scalar })
	if x < 0 || f.chance(75) {
		f.Emit(bpf.Mov.Imm(r, int32(n)))
		return
	}
	mask := 1
	for 2*mask+1 <= n {
		mask = 2*mask + 1
	}
	f.Emit(bpf.Mov.Reg(r, uint8(x)), bpf.And.Imm(r, int32(mask)))
}

// writeDynptr copies bytes of the stack to a dynptr.
func (f *fn) writeDynptr(at int, packet bool) {
	if packet && !f.o.has(PacketStore) || !packet && !f.o.has(MapStore) {
		return
	}
	n := 1 + f.r.IntN(20)
	from := f.passed(n)
	if from == 0 {
		return
	}
	f.placeArg(2)
	f.toDynptr(1, at)
	f.toDynptr(3, from)
	f.countArg(4, n)
	f.Emit(bpf.Mov.Imm(5, f.rarely([]int32{1, 2, 4}[f.r.IntN(3)])), bpf.CallHelper(bpf.HelperDynptrWrite))
	if f.typed(object.TC) {
		f.changed()
	} else {
		f.called()
	}
	f.keep(0)
}

// slice takes memory of a dynptr.
func (f *fn) slice(at int) {
	buffer := 0
	n := 1 + f.r.IntN([]int{4, 16}[f.r.IntN(2)])
	if f.chance(60) {
		if buffer = f.passed(n); buffer == 0 {
			return
		}
	}
	write := f.o.has(PacketStore|MapStore) && f.chance(45)
	f.lent(n, func(int32) {
		f.placeArg(2)
		f.toDynptr(1, at)
		if buffer == 0 {
			f.Emit(bpf.Mov.Imm(3, 0))
		} else {
			f.toDynptr(3, buffer)
		}
		id := bpf.KfuncDynptrSlice
		if write {
			id = bpf.KfuncDynptrSliceRdwr
		}
		f.Emit(bpf.Mov.Imm(4, int32(n)), bpf.CallKfunc(int32(id)))
	}, write)
}

// lent works on the n bytes that a call lends.
func (f *fn) lent(n int, call func(n int32), write bool) {
	call(int32(n))
	f.st.clobber()
	end := f.NewLabel()
	f.EmitTo(bpf.JEq.Imm(0, 0, 0), end)
	before := f.st
	locked := f.locked
	f.locked |= 1 << 0
	for range 1 + f.r.IntN(3) {
		size := f.size()
		for size > n {
			size /= 2
		}
		disp := f.r.IntN(n - size + 1)
		if write && f.o.has(MapStore|PacketStore) && f.chance(45) {
			f.Emit(stx(size, 0, disp, uint8(f.scalarReg(0))))
			continue
		}
		f.loadKept(size, 0, disp)
	}
	if x := f.pickReg(func(i int, v *reg) bool { return i > 0 && v.kind == scalar && !f.isLocked(i) }); x > 0 && n >= 8 && f.chance(25) {
		f.Emit(bpf.And.Imm(uint8(x), 7), bpf.Add.Reg(uint8(x), 0), f.load(1, x, uint8(x), 0))
		f.setScalar(x)
		f.keep(x)
	}
	f.locked = locked
	f.st.clobber()
	f.Place(end)
	f.st.join(&before)
	f.st.clobber()
}

// recordDynptr emits a record of a ring buffer that is written by its dynptr: all bytes,
// as nobody knows the others.
func (f *fn) recordDynptr() {
	m := f.ringMap()
	if m < 0 {
		return
	}
	at := f.place8(bpf.DynptrBytes)
	if at == 0 {
		return
	}
	f.lockBytes(at, bpf.DynptrBytes, true)
	defer f.lockBytes(at, bpf.DynptrBytes, false)
	n := 1 + f.r.IntN(28)
	from := f.passed(n)
	if from == 0 {
		return
	}
	kept := f.lockSlot()
	if kept == 0 {
		return
	}
	defer f.lockBytes(kept, 8, false)
	f.st.setStack(at, bpf.DynptrBytes)
	f.countArg(2, n)
	f.Emit(stx(8, 10, kept, 2))
	f.Emit(bpf.LoadMap(1, m)...)
	f.Emit(bpf.Mov.Imm(3, f.rarely(1)))
	f.toDynptr(4, at)
	f.Emit(bpf.CallHelper(bpf.HelperRingbufReserveDynptr))
	f.called()
	f.keep(0)
	f.hideDynptr(at)
	f.toDynptr(1, at)
	f.toDynptr(3, from)
	f.Emit(bpf.Mov.Imm(2, 0), ldx(8, 4, 10, kept))
	f.Emit(bpf.Mov.Imm(5, 0), bpf.CallHelper(bpf.HelperDynptrWrite))
	if f.typed(object.TC) {
		f.p.moves[f.index] = true
	}
	f.called()
	f.keep(0)
	for range f.r.IntN(3) {
		f.onDynptr(at, false, true)
	}
	finish := []bpf.HelperID{bpf.HelperRingbufSubmitDynptr, bpf.HelperRingbufSubmitDynptr, bpf.HelperRingbufDiscardDynptr}[f.r.IntN(3)]
	f.toDynptr(1, at)
	f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(3))), bpf.CallHelper(finish))
	f.st.clobber()
	f.storeConst(8, 10, at, f.imm())
	f.storeConst(8, 10, at+8, f.imm())
	f.st.setStack(at, bpf.DynptrBytes)
}
