package gen

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// redirectMaps are maps of targets that the kernel's test runs have: interface 1
// is loopback, and there is a CPU 0.
var redirectMaps = []object.Map{
	{Type: bpf.MapTypeDevMap, ValueSize: 4, MaxEntries: 4, Initial: targets(4, 1, 3)},
	{Type: bpf.MapTypeDevMap, ValueSize: 8, MaxEntries: 3, Initial: targets(8, 0, 2)},
	{Type: bpf.MapTypeDevMapHash, ValueSize: 4, MaxEntries: 4, Initial: targets(4, 0, 2, 1<<31)},
	{Type: bpf.MapTypeDevMapHash, ValueSize: 8, MaxEntries: 8, Initial: targets(8, 1, 3, 7)},
	{Type: bpf.MapTypeCPUMap, ValueSize: 4, MaxEntries: 4, Initial: targets(4, 0)},
	{Type: bpf.MapTypeCPUMap, ValueSize: 8, MaxEntries: 2, Initial: targets(8, 0)},
	{Type: bpf.MapTypeXSKMap, ValueSize: 4, MaxEntries: 4, Initial: targets(4, 0, 1)},
}

// targets makes entries that are not empty: interface 1, or as good.
func targets(size int, keys ...uint32) (list []object.Entry) {
	for _, k := range keys {
		value := make([]byte, size)
		value[0] = 1
		list = append(list, object.Entry{Key: binary.LittleEndian.AppendUint32(nil, k), Value: value})
	}
	return list
}

// redirect emits a call of a redirect helper, and often the end of the program
// with its verdict.
func (f *fn) redirect() {
	switch {
	case f.o.Network && f.hasCtx && f.chance(40):
		f.lookUp()
		return
	case f.typed(object.XDP) && f.chance(70):
		m, typ := f.targetMap()
		if m < 0 {
			return
		}
		if typ != bpf.MapTypeCPUMap && f.chance(30) {
			f.lookupTarget(m)
			return
		}
		f.redirectTo(m)
	case f.chance(30):
		f.Emit(bpf.Mov.Reg(1, uint8(f.scalarReg())), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRedirect))
	default:
		flags := []int32{0, 0, 0, 1, 2}[f.r.IntN(5)]
		if flags == bpf.FIngress && f.typed(object.TC) && f.chance(80) {
			flags = 4 // cards do not receive what they send
		}
		f.Emit(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, flags), bpf.CallHelper(bpf.HelperRedirect))
	}
	f.called()
	if f.main() && !f.holding && f.chance(50) {
		next := f.NewLabel()
		f.EmitTo(f.condition(), next)
		f.Emit(bpf.Return())
		f.Place(next)
	}
}

// targetMap returns one of the program's maps of targets, -1 when it has maps
// enough without.
func (f *fn) targetMap() (m int, typ bpf.MapType) {
	for i, have := range f.p.maps {
		for _, t := range redirectMaps {
			if have.Type == t.Type {
				return i, have.Type
			}
		}
	}
	spec := redirectMaps[f.r.IntN(len(redirectMaps))]
	spec.KeySize = 4
	return f.p.onlyMap(&spec), spec.Type
}

// redirectTo emits a redirect by a map: to one of a few keys, by known flags or
// others.
func (f *fn) redirectTo(m int) {
	x, y := f.scalarReg(), f.scalarReg()
	f.Emit(bpf.Mov.Reg(2, uint8(x)))
	if f.chance(80) {
		f.Emit(bpf.And.Imm(2, []int32{3, 7}[f.r.IntN(2)]))
	}
	switch {
	case y != 2 && f.chance(25):
		f.Emit(bpf.Mov.Reg(3, uint8(y)), bpf.And.Imm(3, []int32{3, 0x1b, 0x1f, -1}[f.r.IntN(4)]))
	default:
		f.Emit(bpf.Mov.Imm(3, []int32{0, 1, 2, 3, 4, 0x100, 8, 0x18, 0x19, 0x12, -1}[f.r.IntN(11)]))
	}
	f.Emit(bpf.LoadMap(1, m)...)
	f.Emit(bpf.CallHelper(bpf.HelperRedirectMap))
}

// lookupTarget emits a lookup in a map of devices and a read of the entry, or in one of
// sockets, of which it is only asked whether there is one.
func (f *fn) lookupTarget(m int) {
	if _, ok := f.keyArgs(m); !ok {
		return
	}
	f.Emit(bpf.CallHelper(bpf.HelperMapLookupElem))
	f.called()
	next := f.NewLabel()
	f.EmitTo(bpf.JEq.Imm(0, 0, 0), next)
	if f.p.maps[m].Type == bpf.MapTypeXSKMap {
		f.Emit(bpf.Mov.Imm(0, 9))
	} else {
		f.Emit(bpf.Load(bpf.SizeW, 0, 0, 0))
	}
	f.Place(next)
}
