package gen

import "github.com/skipsw/skipsw/translate/bpf"

// choices emits accesses through a pointer that a branch has chosen: among
// places on the stack, keys of a lookup, map values, maps, the stack and a map value.
func (f *fn) choices() {
	switch f.r.IntN(5) {
	case 0:
		f.chosenPlace()
	case 1:
		f.chosenKey()
	case 2:
		f.chosenMap()
	case 3:
		f.chosenKind()
	default:
		f.chosenValue()
	}
}

// either emits a branch on a number, and one of two pieces of code on each way.
func (f *fn) either(a, b func()) {
	other, end := f.NewLabel(), f.NewLabel()
	f.EmitTo(f.condition(), other)
	b()
	f.EmitTo(bpf.Goto(0), end)
	f.Place(other)
	a()
	f.Place(end)
}

// two returns the offsets of two runs of n bytes on the stack that place makes.
func (f *fn) two(n int, place func() int) (a, b int, ok bool) {
	if a = place(); a == 0 {
		return 0, 0, false
	}
	f.lockBytes(a, n, true)
	b = place()
	f.lockBytes(a, n, false)
	return a, b, b != 0
}

// stackIn returns what puts the address of a place on the stack in a register.
func (f *fn) stackIn(r uint8, off int) func() {
	return func() { f.Emit(bpf.Mov.Reg(r, 10), bpf.Add.Imm(r, int32(off))) }
}

// mustFind emits the call of a lookup, and leaves where there is no entry.
func (f *fn) mustFind() {
	f.Emit(bpf.CallHelper(bpf.HelperMapLookupElem))
	f.st.clobber()
	f.EmitTo(bpf.JEq.Imm(0, 0, 0), f.out)
}

// chosenPlace works on one of two places on the stack.
func (f *fn) chosenPlace() {
	a, b, ok := f.two(nearby, func() int { return f.buffer(nearby) })
	if !ok {
		return
	}
	t := f.stackDst()
	f.either(f.stackIn(uint8(t), a), f.stackIn(uint8(t), b))
	f.set(t, reg{})
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1 << t
	for range 1 + f.r.IntN(3) {
		size := f.size()
		f.touch(uint8(t), size, size*f.r.IntN(nearby/size))
	}
	f.stackKept(8, a, t)
}

// chosenKey looks one of two keys up.
func (f *fn) chosenKey() {
	m := f.aMap(false)
	if m < 0 {
		return
	}
	spec := f.p.maps[m]
	a, b, ok := f.two(int(spec.KeySize), func() int {
		off, _ := f.key(spec)
		return off
	})
	if !ok {
		return
	}
	f.either(f.stackIn(2, a), f.stackIn(2, b))
	f.Emit(bpf.LoadMap(1, m)...)
	f.mustFind()
	f.set(0, reg{kind: mapVal, id: m})
	f.keepValue()
	f.valueWork(2)
}

// chosenValue works on one of the values that two lookups find.
func (f *fn) chosenValue() {
	defer func(old uint16) { f.locked = old }(f.locked)
	a := f.pickReg(func(i int, r *reg) bool { return i >= 6 && !f.isLocked(i) && r.kind != ctx })
	if a < 0 {
		return
	}
	m := f.found()
	if m < 0 {
		return
	}
	f.Emit(bpf.Mov.Reg(uint8(a), 0))
	f.set(a, reg{})
	f.locked |= 1 << a
	n := f.found()
	if n < 0 || !f.alike(m, n) {
		return
	}
	f.locked |= 1 << 0
	t := f.dst()
	f.either(func() { f.Emit(bpf.Mov.Reg(uint8(t), uint8(a))) }, func() { f.Emit(bpf.Mov.Reg(uint8(t), 0)) })
	f.set(t, reg{})
	f.locked |= 1 << t
	f.touchValue(t, m, n)
}

// chosenKind works on a place on the stack or on a map value.
func (f *fn) chosenKind() {
	if f.o.Card || !f.o.has(MapStore) {
		return
	}
	off := f.buffer(nearby)
	if off == 0 {
		return
	}
	f.lockBytes(off, nearby, true)
	m := f.found()
	f.lockBytes(off, nearby, false)
	if m < 0 || f.p.maps[m].ValueSize < nearby {
		return
	}
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1 << 0
	t := f.dst()
	f.either(f.stackIn(uint8(t), off), func() { f.Emit(bpf.Mov.Reg(uint8(t), 0)) })
	f.set(t, reg{})
	f.locked |= 1 << t
	for range 1 + f.r.IntN(3) {
		size := f.size()
		f.touch(uint8(t), size, size*f.r.IntN(nearby/size))
	}
	f.stackKept(8, off, t)
}

// found looks a value up in a map that is not a trie, and returns the map, or -1.
// The way goes on where there is one: R0 is its address.
func (f *fn) found() int {
	m := f.aMap(false)
	if m < 0 || f.p.maps[m].Frozen || f.p.maps[m].Type == bpf.MapTypeLPMTrie {
		return -1
	}
	if _, ok := f.keyArgs(m); !ok {
		return -1
	}
	f.mustFind()
	return m
}

// alike reports whether one instruction may work on values of both maps: of the
// Agilio firmware's each is either counted in or read.
func (f *fn) alike(m, n int) bool { return !f.o.Card || m%2 == n%2 }

// touchValue works on a value of map m or n, and counts in it.
func (f *fn) touchValue(at, m, n int) {
	room := int(min(f.p.maps[m].ValueSize, f.p.maps[n].ValueSize))
	for range 1 + f.r.IntN(3) {
		size := f.size()
		if size > room {
			continue
		}
		disp := size * f.r.IntN(room/size)
		counts := f.o.has(Atomic) && size >= 4 && f.chance(40)
		if f.o.Card {
			if counts = m%2 == 1; counts && (size < 4 || !f.o.has(Atomic)) {
				continue
			}
		}
		switch {
		case counts:
			f.atomic(at, size, disp)
		case f.o.has(MapStore):
			f.touch(uint8(at), size, disp)
		default:
			f.loadKept(size, uint8(at), disp)
		}
	}
}

// chosenMap looks up or deletes, in one of two maps, a key that belongs to it.
func (f *fn) chosenMap() {
	m, n := f.aMap(false), f.aMap(false)
	plain := func(m int) bool { return m >= 0 && !f.p.maps[m].Frozen && f.p.maps[m].Type != bpf.MapTypeLPMTrie }
	if !plain(m) || !plain(n) || m == n || !f.alike(m, n) {
		return
	}
	a, _ := f.key(f.p.maps[m])
	if a == 0 {
		return
	}
	b := a
	if f.p.maps[m].KeySize != f.p.maps[n].KeySize || f.chance(50) {
		f.lockBytes(a, int(f.p.maps[m].KeySize), true)
		b, _ = f.key(f.p.maps[n])
		f.lockBytes(a, int(f.p.maps[m].KeySize), false)
		if b == 0 {
			return
		}
	}
	with := func(m, key int) func() {
		return func() { f.mapAndKey(m, 10, key) }
	}
	f.either(with(m, a), with(n, b))
	if f.o.has(MapUpdate) && f.chance(25) {
		f.Emit(bpf.CallHelper(bpf.HelperMapDeleteElem))
		f.called()
		f.keep(0)
		f.dropValues(m, noKey)
		f.dropValues(n, noKey)
		return
	}
	f.mustFind()
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1 << 0
	f.touchValue(0, m, n)
}
