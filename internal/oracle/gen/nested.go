package gen

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// heldTypes are those of maps that maps of maps hold here.
var heldTypes = []bpf.MapType{
	bpf.MapTypeArray, bpf.MapTypeHash, bpf.MapTypePerCPUArray, bpf.MapTypePerCPUHash, bpf.MapTypeLRUHash, bpf.MapTypeLRUPerCPUHash,
}

const outerEntries = 4

// outer returns the program's map of maps, which it makes if there is none: it holds
// one of the program's maps and another one like it. -1 is for a program that has
// maps enough.
func (f *fn) outer() int {
	for k, m := range f.p.maps {
		if m.Inner != nil {
			return k
		}
	}
	in := f.aMap(false)
	if in < 0 || len(f.p.maps) == maxMaps || !slices.Contains(heldTypes, f.p.maps[in].Type) {
		return -1
	}
	one := f.p.maps[in]
	k := f.p.addMap(&object.Map{Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: outerEntries, Inner: one})
	m := f.p.maps[k]
	if f.chance(50) {
		m.Type = bpf.MapTypeHashOfMaps
	}
	twin := *one
	twin.Name, twin.Initial = m.Name+"_twin", nil
	f.fillMap(&twin)
	m.Inners = map[uint32]*object.Map{0: one, 1: &twin, 3: one}
	return k
}

// nested emits a lookup in a map of maps, and work on the map that it finds.
func (f *fn) nested(budget int) {
	k := f.outer()
	if k < 0 || f.depth > 0 {
		return
	}
	outer := f.p.maps[k]
	in := slices.Index(f.p.maps, outer.Inner)
	if _, ok := f.keyArgs(k); !ok {
		return
	}
	f.mustFind()
	d := f.pickReg(func(i int, r *reg) bool { return i >= 6 && !f.isLocked(i) && (r.kind == scalar || r.kind == dead) })
	if d < 0 {
		return
	}
	f.Emit(bpf.Mov.Reg(uint8(d), 0))
	f.set(d, reg{})
	defer func(old uint16) { f.locked = old }(f.locked)
	f.locked |= 1 << d
	found := func(id bpf.HelperID) bool {
		value := 0
		if n := int(outer.Inner.ValueSize); id == bpf.HelperMapUpdateElem {
			if value = f.passed(n); value == 0 {
				return false
			}
			f.lockBytes(value, n, true)
			defer f.lockBytes(value, n, false)
		}
		p, disp := f.ready(int(outer.Inner.KeySize))
		if p < 0 {
			p = 10
			if disp, _ = f.key(outer.Inner); disp == 0 {
				return false
			}
		}
		f.Emit(bpf.Mov.Reg(2, uint8(p)), bpf.Add.Imm(2, int32(disp)), bpf.Mov.Reg(1, uint8(d)))
		if id == bpf.HelperMapUpdateElem {
			f.Emit(bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, int32(value)))
			f.updateFlags()
		}
		f.Emit(bpf.CallHelper(id))
		f.st.clobber()
		return true
	}
	if f.o.has(MapUpdate) && f.chance(40) {
		id := []bpf.HelperID{bpf.HelperMapUpdateElem, bpf.HelperMapUpdateElem, bpf.HelperMapDeleteElem}[f.r.IntN(3)]
		if !found(id) {
			return
		}
		f.setScalar(0)
		f.dropValues(in, noKey)
		if f.chance(50) {
			return
		}
	}
	if !found(bpf.HelperMapLookupElem) {
		return
	}
	f.EmitTo(bpf.JEq.Imm(0, 0, 0), f.out)
	f.set(0, reg{kind: mapVal, id: in})
	f.keepValue()
	f.valueWork(budget)
}
