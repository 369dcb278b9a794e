package gen

import (
	"github.com/skipsw/skipsw/internal/btfvalue"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// lockMap returns a map whose values have a lock, and where that is, which it makes
// if there is none. ok is false for a program that has maps enough, or no maps.
func (f *fn) lockMap() (m, at int, ok bool) {
	for k, have := range f.p.maps {
		if have.ValueType != nil && (len(f.p.maps) == maxMaps || f.chance(70)) {
			off, _, _ := have.SpinLock()
			return k, int(off), true
		}
	}
	if len(f.p.maps) == maxMaps {
		return 0, 0, false
	}
	words := 1 + f.r.IntN(8)
	spec := &object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(4 * words), MaxEntries: uint32(1 + f.r.IntN(4))}
	switch {
	case f.o.has(Hash) && (!f.o.has(Array) || f.chance(50)):
		spec.Type, spec.KeySize = bpf.MapTypeHash, uint32([]int{1, 4, 4, 8, 12, 40}[f.r.IntN(6)])
	case !f.o.has(Array):
		return 0, 0, false
	}
	at = 4 * f.r.IntN(words)
	spec.ValueType = btfvalue.Locked(spec.ValueSize, uint32(at))
	f.fillMap(spec)
	return f.p.addMap(spec), at, true
}

// lockedValue emits work on a value under its lock, or an update of a map whose values
// have locks. What stands under the lock calls nothing and does not leave.
func (f *fn) lockedValue() {
	m, at, ok := f.lockMap()
	if !ok {
		return
	}
	if f.o.has(MapUpdate) && f.chance(35) {
		f.lockedUpdate(m)
		return
	}
	d := f.pickReg(func(i int, r *reg) bool { return i >= 6 && !f.isLocked(i) && (r.kind == scalar || r.kind == dead) })
	if d < 0 {
		return
	}
	end := f.NewLabel()
	spec := f.p.maps[m]
	if spec.MaxEntries == 1 && spec.Type == bpf.MapTypeArray && f.o.has(Global) && f.chance(50) {
		f.Emit(bpf.LoadMapValue(uint8(d), m, 0)...)
	} else {
		if _, ok := f.keyArgs(m); !ok {
			return
		}
		f.Emit(bpf.CallHelper(bpf.HelperMapLookupElem), bpf.Mov.Reg(uint8(d), 0))
		f.st.clobber()
		f.EmitTo(bpf.JEq.Imm(uint8(d), 0, 0), end)
	}
	before := f.st
	f.set(d, reg{})
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1 << d
	for range 1 + f.r.IntN(2) {
		f.lockCall(d, at, bpf.HelperSpinLock)
		for range 1 + f.r.IntN(5) {
			f.underLock(d, m, at)
		}
		f.lockCall(d, at, bpf.HelperSpinUnlock)
		if f.chance(30) {
			f.valueBeside(d, m, at)
		}
	}
	f.Place(end)
	f.st.join(&before)
	f.set(d, reg{})
}

// lockCall emits a call with the lock of the value at d.
func (f *fn) lockCall(d, at int, id bpf.HelperID) {
	f.Emit(bpf.Mov.Reg(1, uint8(d)))
	if at != 0 || f.chance(20) {
		f.Emit(bpf.Add.Imm(1, int32(at)))
	}
	f.Emit(bpf.CallHelper(id))
	f.st.clobber()
}

// underLock emits something that may be done under a lock.
func (f *fn) underLock(d, m, at int) {
	switch f.r.IntN(8) {
	case 0:
		f.alu()
	case 1:
		if f.o.has(Stack) {
			f.stackStore()
		}
	case 2:
		// On one of two ways only.
		end := f.NewLabel()
		f.EmitTo(bpf.JGt.Imm(uint8(f.scalarReg()), f.imm(), 0), end)
		before := f.st
		f.valueBeside(d, m, at)
		f.Place(end)
		f.st.join(&before)
	default:
		f.valueBeside(d, m, at)
	}
}

// valueBeside emits an access to bytes of the value at d that are not its lock's.
func (f *fn) valueBeside(d, m, lock int) {
	size, total := f.size(), int(f.p.maps[m].ValueSize)
	for range 4 {
		if size > total {
			return
		}
		at := f.r.IntN(total - size + 1)
		if !f.o.has(Unaligned) || f.chance(70) {
			at &^= size - 1
		}
		if at < lock+bpf.SpinLockBytes && lock < at+size {
			continue
		}
		switch {
		case f.o.has(Atomic) && size >= 4 && at%size == 0 && f.chance(25):
			f.atomic(d, size, at)
		case f.o.has(MapStore) && f.chance(50):
			f.Emit(stx(size, uint8(d), at, uint8(f.scalarReg(d))))
		default:
			to := f.dst(d)
			f.Emit(f.load(size, to, uint8(d), at))
			f.setScalar(to)
		}
		return
	}
}

// lockedUpdate emits an update of a map whose values have locks, often under the
// lock of the value.
func (f *fn) lockedUpdate(m int) {
	n := int(f.p.maps[m].ValueSize)
	disp := f.passed(n)
	if disp == 0 {
		return
	}
	defer f.lockBytes(disp, n, false)
	f.lockBytes(disp, n, true)
	if _, ok := f.keyArgs(m); !ok {
		return
	}
	f.Emit(bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, int32(disp)))
	if f.chance(70) {
		f.Emit(bpf.Mov.Imm(4, int32(bpf.FLock|[]int{bpf.Any, bpf.Any, bpf.NoExist, bpf.Exist}[f.r.IntN(4)])))
	} else {
		f.updateFlags()
	}
	f.Emit(bpf.CallHelper(bpf.HelperMapUpdateElem))
	f.st.clobber()
	f.setScalar(0)
}
