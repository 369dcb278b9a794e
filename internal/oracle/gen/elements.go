package gen

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// elementsSig makes the contract of a callback for the elements of a map of its own.
// The order of a hash map's elements is each judge's own, so that what their callbacks
// do must not depend on it.
func (p *program) elementsSig() (sig, bool) {
	if len(p.maps) >= maxMaps-1 {
		return sig{}, false
	}
	m := &object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(8 * (1 + p.r.IntN(3))), MaxEntries: uint32(1 + p.r.IntN(6))}
	s := sig{callback: true}
	switch p.r.IntN(4) {
	case 0:
		m.Type = bpf.MapTypePerCPUArray
	case 1, 2:
		m.Type = []bpf.MapType{bpf.MapTypeHash, bpf.MapTypePerCPUHash, bpf.MapTypeLRUHash}[p.r.IntN(3)]
		m.KeySize = uint32(4 * (1 + p.r.IntN(4)))
		if m.Type == bpf.MapTypeLRUHash {
			m.MaxEntries = lruEntries
		}
		s.unordered = true
	}
	m.Name = fmt.Sprintf("m%d", len(p.maps))
	f := &fn{r: p.r, o: p.o, p: p}
	f.fillMap(m)
	p.maps = append(p.maps, m)
	s.elements = len(p.maps)
	return s, true
}

// enterElement begins a callback for elements: R1 is the map, R2 the key, R3 the
// value, R4 the caller's buffer.
func (f *fn) enterElement(s sig) {
	size := []int{4, 4, 2, 1}[f.r.IntN(4)]
	f.Emit(f.load(size, 0, 2, f.r.IntN(4/size)*size))
	f.setScalar(0)
	f.set(3, reg{kind: mapVal, id: s.elements - 1})
	f.set(4, reg{kind: memAt, id: argBytes})
}

// unordered is the body of a callback that comes to the same in any order.
func (f *fn) unordered(s sig) {
	m := f.p.maps[s.elements-1]
	f.Emit(ldx(4, 0, 2, 0), ldx(8, 5, 3, 0), bpf.Add.Imm(0, 3), bpf.Mul.Reg(5, 0), ldx(8, 0, 4, 0), bpf.Add.Reg(0, 5), stx(8, 4, 0, 0))
	f.Emit(ldx(1, 0, 2, int(m.KeySize)-1), bpf.Xor.Reg(5, 0), stx(8, 3, int(m.ValueSize)-8, 5))
	if f.chance(40) {
		end := f.NewLabel()
		f.Emit(ldx(1, 5, 2, 0))
		f.EmitTo(bpf.JSet.Imm(5, int32(1)<<f.r.IntN(3), 0), end)
		f.Emit(bpf.CallHelper(bpf.HelperMapDeleteElem))
		f.Place(end)
	}
	f.Emit(bpf.Mov.Imm(0, 0), bpf.Return())
}

// forEach emits a call of bpf_for_each_map_elem with a callback for elements.
func (f *fn) forEach(callee int) {
	s := f.p.sigs[callee]
	mem := f.buffer(argBytes)
	if mem == 0 {
		return
	}
	f.Emit(bpf.LoadMap(1, s.elements-1)...)
	f.funcAddress(2, callee)
	flags := int32(0)
	if f.chance(5) {
		flags = 1
	}
	f.Emit(bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, int32(mem)), bpf.Mov.Imm(4, flags), bpf.CallHelper(bpf.HelperForEachMapElem))
	f.st.clobber()
	f.setScalar(0)
	f.dropValues(s.elements-1, noKey)
}
