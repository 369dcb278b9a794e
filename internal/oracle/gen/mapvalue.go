package gen

import (
	"github.com/skipsw/skipsw/translate/bpf"
)

// lookup emits a map lookup, the test for null, and work on the value.
func (f *fn) lookup(budget int) {
	m := f.aMap(false)
	if m < 0 {
		return
	}
	known, ok := f.keyArgs(m)
	if !ok {
		return
	}
	f.callLookup(m)
	f.st.clobber()
	val := reg{kind: mapVal, id: m, key: known + 1}
	switch f.r.IntN(3) {
	case 0: // no entry: leave
		f.EmitTo(bpf.JEq.Imm(0, 0, 0), f.out)
		f.set(0, val)
		f.keepValue()
		f.valueWork(budget)
	case 1: // no entry: go on behind
		end := f.NewLabel()
		f.EmitTo(bpf.JEq.Imm(0, 0, 0), end)
		before := f.st
		f.set(0, val)
		f.keepValue()
		f.valueWork(budget)
		f.Place(end)
		f.st.join(&before)
	default: // both ways do something
		f.depth++
		found, end := f.NewLabel(), f.NewLabel()
		f.EmitTo(bpf.JNe.Imm(0, 0, 0), found)
		before := f.st
		f.setScalar(0)
		f.block(f.r.IntN(budget) + 1)
		f.EmitTo(bpf.Goto(0), end)
		missed := f.st
		f.st = before
		f.Place(found)
		f.set(0, val)
		f.keepValue()
		f.valueWork(budget)
		f.Place(end)
		f.st.join(&missed)
		f.depth--
	}
}

// callLookup calls the helper that looks up, of a per-CPU map now and then the one that
// takes the CPU, the first one or one that there is not: test runs are on the first.
func (f *fn) callLookup(m int) {
	if !f.p.maps[m].Type.PerCPU() || !f.o.has(Helpers) || !f.chance(30) {
		f.Emit(bpf.CallHelper(bpf.HelperMapLookupElem))
		return
	}
	f.Emit(bpf.Mov.Imm(3, []int32{0, 0, 0, 1 << 20}[f.r.IntN(4)]))
	if f.chance(30) && f.o.has(ALU32) {
		f.Emit(bpf.Mov.Imm(4, 1), bpf.Lsh.Imm(4, 32), bpf.Or.Reg(3, 4)) // of which a word is taken
	}
	f.Emit(bpf.CallHelper(bpf.HelperMapLookupPerCPUElem))
}

// keepValue often moves the value's address out of R0.
func (f *fn) keepValue() {
	if !f.chance(50) {
		return
	}
	d := f.dst(0)
	f.Emit(bpf.Mov.Reg(uint8(d), 0))
	f.set(d, f.st.regs[0])
}

// valueWork emits a few accesses through map-value pointers.
func (f *fn) valueWork(budget int) {
	for range 1 + f.r.IntN(min(budget, 4)+1) {
		if f.o.has(Aliases) && f.chance(50) {
			f.valueAliases()
		}
		f.valueAccess()
		if f.chance(30) {
			f.alu()
		}
	}
}

// address takes the address of a byte of an array's only value.
func (f *fn) address(m int) {
	d := f.dst()
	off := f.r.IntN(int(f.p.maps[m].ValueSize))
	if !f.o.has(Unaligned) {
		off &^= 7
	}
	f.Emit(bpf.LoadMapValue(uint8(d), m, int32(off))...)
	f.set(d, reg{kind: mapVal, id: m, off: off})
}

// valueAccess emits one load, store or atomic operation on a map value.
func (f *fn) valueAccess() {
	v := f.pointer(mapVal)
	if v < 0 {
		return
	}
	b := f.st.regs[v]
	spec := f.p.maps[b.id]
	room := int(spec.ValueSize) - b.slack
	size := f.size()
	if size > room {
		return
	}
	at := f.r.IntN(room - size + 1)
	if !f.o.has(Unaligned) || f.chance(70) {
		at &^= size - 1
	}
	d := at - b.off
	// A trie's values are never counted in: the card has no order for that.
	counts := f.o.has(Atomic) && size >= 4 && b.slack == 0 && spec.Type != bpf.MapTypeLPMTrie && !spec.Frozen && f.chance(40)
	if f.o.Card && f.o.has(Atomic) {
		// Each map is either counted in or read.
		if counts = b.id%2 == 1; counts && (size < 4 || b.slack != 0) {
			return
		}
	}
	switch {
	case counts:
		f.atomic(v, size, at&^(size-1)-b.off)
	case f.o.has(MapStore) && !spec.Frozen && f.chance(45):
		if f.o.has(StoreImm) && f.chance(30) {
			f.Emit(f.hide(stK(size, uint8(v), d, f.imm())))
		} else {
			f.Emit(stx(size, uint8(v), d, uint8(f.scalarReg(v))))
		}
	case f.o.has(MapVar) && f.chance(25) && b.slack == 0:
		f.valueVar(v)
	default:
		to := f.dst(v)
		f.Emit(f.load(size, to, uint8(v), d))
		f.setScalar(to)
	}
}

// valueVar moves a map-value pointer by a masked number.
func (f *fn) valueVar(v int) {
	b := f.st.regs[v]
	room := int(f.p.maps[b.id].ValueSize) - b.off
	mask := []int{1, 3, 4, 7, 8, 12, 15, 16, 24, 31}[f.r.IntN(10)]
	if mask >= room || f.isLocked(v) {
		return
	}
	i := f.freeScalar(v)
	f.Emit(bpf.And.Imm(uint8(i), int32(mask)), bpf.Add.Reg(uint8(v), uint8(i)))
	b.slack = mask
	f.set(v, b)
}

// update emits the update or the delete helper.
func (f *fn) update() {
	m := f.aMap(true)
	if m < 0 {
		return
	}
	spec := f.p.maps[m]
	var known int
	if f.chance(25) {
		var ok bool
		if known, ok = f.keyArgs(m); !ok {
			return
		}
		f.Emit(bpf.CallHelper(bpf.HelperMapDeleteElem))
	} else {
		n := int(spec.ValueSize)
		from, disp := f.ready(n)
		if from < 0 {
			from = 10
			if disp = f.passed(n); disp == 0 {
				return
			}
			defer f.lockBytes(disp, n, false)
			f.lockBytes(disp, n, true)
		} else if !f.isLocked(from) {
			defer func(old uint16) { f.locked = old }(f.locked)
			f.locked |= 1 << from
		}
		var ok bool
		if known, ok = f.keyArgs(m); !ok {
			return
		}
		f.Emit(bpf.Mov.Reg(3, uint8(from)), bpf.Add.Imm(3, int32(disp)))
		f.updateFlags()
		f.Emit(bpf.CallHelper(bpf.HelperMapUpdateElem))
	}
	f.st.clobber()
	f.setScalar(0)
	f.dropValues(m, known)
}

// updateFlags puts flags of an update in R4: mostly such as there are, now and
// then any, wide ones, and ones that are known at run time only.
func (f *fn) updateFlags() {
	if f.chance(75) {
		f.Emit(bpf.Mov.Imm(4, int32(f.r.IntN(4))))
		return
	}
	if f.o.has(OddPlaces) && f.chance(30) && f.fromStack(4) {
		f.Emit(bpf.And.Imm(4, int32(1)<<f.r.IntN(4)-1))
		return
	}
	if x := f.pickReg(func(i int, r *reg) bool { return i > 5 && r.kind == scalar }); x >= 0 && f.chance(60) {
		f.Emit(bpf.Mov.Reg(4, uint8(x)))
		if f.chance(80) {
			f.Emit(bpf.And.Imm(4, int32(1)<<f.r.IntN(4)-1))
		}
		return
	}
	if f.chance(40) {
		f.Emit(lddw(4, int32(f.r.IntN(8)), 1<<f.r.IntN(31))...)
		return
	}
	f.Emit(bpf.Mov.Imm(4, []int32{4, 5, 5, 5, 6, 7, 8, -1, f.imm()}[f.r.IntN(9)]))
}

// dropValues forgets the addresses of a map's values that an update or a
// deletion may have made another entry's. Values found by another constant key
// stay what they are.
func (f *fn) dropValues(m, known int) {
	if t := f.p.maps[m].Type; !hashed(t) && t != bpf.MapTypeLPMTrie {
		return
	}
	gone := func(r *reg) {
		if r.kind == mapVal && r.id == m && (known == noKey || r.key == 0 || r.key == known+1) {
			*r = reg{}
		}
	}
	for i := range f.st.regs {
		gone(&f.st.regs[i])
	}
	for i := range f.st.spilled {
		gone(&f.st.spilled[i])
	}
}
