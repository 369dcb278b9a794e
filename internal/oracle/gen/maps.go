package gen

import (
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Map types, enum bpf_map_type of the kernel.
const (
	mapHash        = 1
	mapArray       = 2
	mapPerCPUArray = 6
)

// Helper ids, enum bpf_func_id of the kernel.
const (
	fnMapLookup    = 1
	fnMapUpdate    = 2
	fnMapDelete    = 3
	fnSkbStore     = 9
	fnSkbLoad      = 26
	fnCsumDiff     = 28
	fnXDPAdjHead   = 44
	fnXDPAdjTail   = 65
	fnXDPLoadBytes = 189
	fnXDPStore     = 190
)

// newMap adds a map to the program.
func (p *program) newMap(typ uint32, f *fn) int {
	m := &object.Map{
		Name: fmt.Sprintf("m%d", len(p.maps)), Type: typ, KeySize: 4,
		ValueSize: uint32([]int{4, 8, 8, 12, 16, 24, 32, 64}[f.r.IntN(8)]), MaxEntries: uint32(1 + f.r.IntN(6)),
	}
	if typ == mapHash {
		m.KeySize = uint32([]int{1, 2, 4, 4, 8, 12, 16, 40}[f.r.IntN(8)])
	}
	if f.o.Card {
		m.KeySize, m.ValueSize = min(m.KeySize, 40), min(m.ValueSize, 24)
	}
	p.maps = append(p.maps, m)
	f.fillMap(m)
	return len(p.maps) - 1
}

// fillMap gives a map initial entries.
func (f *fn) fillMap(m *object.Map) {
	have := map[string]bool{}
	for i := range m.MaxEntries {
		if f.chance(35) {
			continue
		}
		var key []byte
		if m.Type == mapHash {
			if key = f.hashKey(int(m.KeySize), uint64(f.r.IntN(8))); have[string(key)] {
				continue
			}
			have[string(key)] = true
		} else {
			key = binary.LittleEndian.AppendUint32(nil, i)
		}
		value := make([]byte, m.ValueSize)
		for k := range value {
			if f.chance(70) {
				value[k] = byte(f.r.Uint32())
			}
		}
		m.Initial = append(m.Initial, object.Entry{Key: key, Value: value})
	}
}

// hashKey is a key of n bytes that starts with a small number: keys of the
// program and of the initial entries meet often.
func (f *fn) hashKey(n int, v uint64) []byte {
	k := binary.LittleEndian.AppendUint64(nil, v)
	return append(k, make([]byte, max(n-8, 0))...)[:n]
}

// aMap returns a map of a type that the features allow, or -1.
func (f *fn) aMap(update bool) int {
	var types []uint32
	if f.o.has(Array) {
		types = append(types, mapArray, mapArray)
	}
	if f.o.has(Hash) {
		types = append(types, mapHash, mapHash)
	}
	if f.o.has(PerCPU) && !update {
		types = append(types, mapPerCPUArray)
	}
	if len(types) == 0 {
		return -1
	}
	typ := types[f.r.IntN(len(types))]
	for i, m := range f.p.maps {
		if m.Type == typ && f.chance(60) {
			return i
		}
	}
	if len(f.p.maps) == 4 {
		for i, m := range f.p.maps {
			if m.Type == typ {
				return i
			}
		}
		return -1
	}
	return f.p.newMap(typ, f)
}

// key writes a key of map m to the stack and returns its offset, or 0.
func (f *fn) key(m *object.Map) int {
	n := int(m.KeySize)
	off := f.place8(n)
	if off == 0 {
		return 0
	}
	limit := int(m.MaxEntries) + 1
	if m.Type == mapHash {
		limit = 8
	}
	first := min(n, 8)
	if f.chance(50) {
		f.storeConst(first, 10, off, int32(f.r.IntN(limit)))
	} else {
		r := f.freeScalar()
		f.emit(andK(uint8(r), int32(limit)|3), stx(first, 10, off, uint8(r)))
	}
	if n == 12 {
		f.storeConst(4, 10, off+8, 0)
	}
	for b := 8; b+8 <= n; b += 8 {
		f.storeConst(8, 10, off+b, 0)
	}
	f.st.setStack(off, n)
	return off
}

// helperArgs emits r2 = key, r1 = map, in either order.
func (f *fn) helperArgs(m, key int) {
	k := []bpf.Insn{mov(2, 10), addK(2, int32(key))}
	l := lddw(1, bpf.PseudoMapFD, int32(m), 0)
	if f.chance(50) {
		f.emit(append(k, l...)...)
	} else {
		f.emit(append(l, k...)...)
	}
}

// lookup emits a map lookup, the test for null, and work on the value.
func (f *fn) lookup(budget int) {
	m := f.aMap(false)
	if m < 0 {
		return
	}
	spec := f.p.maps[m]
	key := f.key(spec)
	if key == 0 {
		return
	}
	f.helperArgs(m, key)
	f.emit(callHelper(fnMapLookup))
	f.st.clobber()
	val := reg{kind: mapVal, id: m}
	switch f.r.IntN(3) {
	case 0: // no entry: leave
		f.jump(jmpK(bpf.JEQ, 0, 0), f.out)
		f.set(0, val)
		f.valueWork(budget)
	case 1: // no entry: go on behind
		end := f.newLabel()
		f.jump(jmpK(bpf.JEQ, 0, 0), end)
		before := f.st
		f.set(0, val)
		f.keepValue()
		f.valueWork(budget)
		f.place(end)
		f.st.join(&before)
	default: // both ways do something
		f.depth++
		found, end := f.newLabel(), f.newLabel()
		f.jump(jmpK(bpf.JNE, 0, 0), found)
		before := f.st
		f.setScalar(0)
		f.block(f.r.IntN(budget) + 1)
		f.jump(ja(), end)
		missed := f.st
		f.st = before
		f.place(found)
		f.set(0, val)
		f.keepValue()
		f.valueWork(budget)
		f.place(end)
		f.st.join(&missed)
		f.depth--
	}
}

// keepValue often moves the value's address out of R0.
func (f *fn) keepValue() {
	if !f.chance(50) {
		return
	}
	d := f.dst(0)
	f.emit(mov(uint8(d), 0))
	f.set(d, f.st.regs[0])
}

// valueWork emits a few accesses through map-value pointers.
func (f *fn) valueWork(budget int) {
	for range 1 + f.r.IntN(min(budget, 4)+1) {
		f.valueAccess()
		if f.chance(30) {
			f.alu()
		}
	}
}

// global takes the address of a value of a one-entry array.
func (f *fn) global() {
	m := -1
	for i, s := range f.p.maps {
		if s.Type == mapArray && s.MaxEntries == 1 {
			m = i
		}
	}
	if m < 0 {
		if len(f.p.maps) == 4 {
			return
		}
		m = f.p.newMap(mapArray, f)
		spec := f.p.maps[m]
		spec.MaxEntries, spec.Name = 1, spec.Name+"_data"
		spec.Initial = nil
		f.fillMap(spec)
	}
	d := f.dst()
	off := f.r.IntN(int(f.p.maps[m].ValueSize))
	if !f.o.has(Unaligned) {
		off &^= 7
	}
	f.emit(lddw(uint8(d), bpf.PseudoMapValue, int32(m), int32(off))...)
	f.set(d, reg{kind: mapVal, id: m, off: off})
}

// valueAccess emits one load, store or atomic operation on a map value.
func (f *fn) valueAccess() {
	v := f.pointer(mapVal)
	if v < 0 {
		return
	}
	b := f.st.regs[v]
	room := int(f.p.maps[b.id].ValueSize) - b.slack
	size := f.size()
	if size > room {
		return
	}
	at := f.r.IntN(room - size + 1)
	if !f.o.has(Unaligned) || f.chance(70) {
		at &^= size - 1
	}
	d := at - b.off
	counts := f.o.has(Atomic) && size >= 4 && b.slack == 0 && f.chance(40)
	if f.o.Card && f.o.has(Atomic) {
		// Each map is either counted in or read.
		if counts = b.id%2 == 1; counts && (size < 4 || b.slack != 0) {
			return
		}
	}
	switch {
	case counts:
		f.atomic(v, size, at&^(size-1)-b.off)
	case f.o.has(MapStore) && f.chance(45):
		if f.o.has(StoreImm) && f.chance(30) {
			f.emit(stK(size, uint8(v), d, f.imm()))
		} else {
			f.emit(stx(size, uint8(v), d, uint8(f.scalarReg(v))))
		}
	case f.o.has(MapVar) && f.chance(25) && b.slack == 0:
		f.valueVar(v)
	default:
		to := f.dst(v)
		f.emit(f.load(size, to, uint8(v), d))
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
	f.emit(andK(uint8(i), int32(mask)), aluX(bpf.ClassALU64, bpf.ADD, uint8(v), uint8(i)))
	b.slack = mask
	f.set(v, b)
}

// atomic emits one atomic operation at displacement d from pointer v.
func (f *fn) atomic(v, size, d int) {
	op := int32(bpf.AtomicAdd)
	if f.o.has(AtomicFetch) && f.chance(65) {
		op = []int32{
			bpf.AtomicOr, bpf.AtomicAnd, bpf.AtomicXor, bpf.AtomicAdd | bpf.AtomicFetch,
			bpf.AtomicOr | bpf.AtomicFetch, bpf.AtomicAnd | bpf.AtomicFetch, bpf.AtomicXor | bpf.AtomicFetch,
			bpf.AtomicXchg, bpf.AtomicCmpXchg,
		}[f.r.IntN(9)]
	}
	if f.o.has(AcqRel) && f.chance(20) {
		if f.chance(50) {
			to := f.dst(v)
			f.emit(atomic(size, uint8(to), d, uint8(v), bpf.AtomicLoadAcq))
			f.setScalar(to)
		} else {
			f.emit(atomic(size, uint8(v), d, uint8(f.scalarReg(v)), bpf.AtomicStoreRel))
		}
		return
	}
	if op == bpf.AtomicCmpXchg {
		if v == 0 || f.isLocked(0) {
			return
		}
		if !f.is(0, scalar) {
			f.constant(0)
		}
		f.emit(atomic(size, uint8(v), d, uint8(f.scalarReg(v)), op))
		return
	}
	src := f.freeScalar(v)
	f.emit(atomic(size, uint8(v), d, uint8(src), op))
}

// update emits the update or the delete helper.
func (f *fn) update() {
	m := f.aMap(true)
	if m < 0 {
		return
	}
	spec := f.p.maps[m]
	key := f.key(spec)
	if key == 0 {
		return
	}
	if f.chance(25) {
		f.helperArgs(m, key)
		f.emit(callHelper(fnMapDelete))
	} else {
		n := int(spec.ValueSize)
		f.lockBytes(key, int(spec.KeySize), true)
		val := f.place8(n)
		f.lockBytes(key, int(spec.KeySize), false)
		if val == 0 {
			return
		}
		for b := 0; b < n; b += 4 {
			if f.chance(60) {
				f.storeConst(4, 10, val+b, f.imm())
			} else {
				f.emit(stx(4, 10, val+b, uint8(f.scalarReg())))
			}
		}
		f.st.setStack(val, n)
		f.helperArgs(m, key)
		f.emit(mov(3, 10), addK(3, int32(val)), movK(4, int32(f.r.IntN(4))))
		f.emit(callHelper(fnMapUpdate))
	}
	f.st.clobber()
	f.setScalar(0)
	f.dropValues(m)
}

// dropValues forgets the addresses of a hash map's values: the entry may be
// another one now.
func (f *fn) dropValues(m int) {
	if f.p.maps[m].Type != mapHash {
		return
	}
	for i := range f.st.regs {
		if r := &f.st.regs[i]; r.kind == mapVal && r.id == m {
			*r = reg{}
		}
	}
	for i := range f.st.spilled {
		if r := &f.st.spilled[i]; r.kind == mapVal && r.id == m {
			*r = reg{}
		}
	}
}
