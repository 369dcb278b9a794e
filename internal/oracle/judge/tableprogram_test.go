package judge_test

import (
	"encoding/binary"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Offsets in the packet that tells a program of the table what to do, in bytes. All
// fields but the last have 8.
const (
	atKey    = 16
	atFlags  = 24
	atValue  = 32
	atResult = 40 // what the helper returned; 1 for a pointer that is not null
	atOut    = 48 // what it gave: the value found or taken, the number of calls
	atFill   = 56 // one byte: fill a map without keys instead
	tableLen = 64
)

// tableHelpers are the helpers of the table, each with the flags that it is called with. A
// helper without flags has one.
var tableHelpers = []struct {
	id    bpf.HelperID
	flags []uint64
}{
	{bpf.HelperMapLookupElem, []uint64{0}},
	{bpf.HelperMapUpdateElem, []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 1 << 31, 1 << 32, 1 << 63}},
	{bpf.HelperMapDeleteElem, []uint64{0}},
	{bpf.HelperMapPushElem, []uint64{0, 1, 2, 3, 4, 1 << 32}},
	{bpf.HelperMapPopElem, []uint64{0}},
	{bpf.HelperMapPeekElem, []uint64{0}},
	{bpf.HelperMapLookupPerCPUElem, []uint64{0, 1 << 20, 1<<32 - 1}}, // the processor
	{bpf.HelperForEachMapElem, []uint64{0, 1, 8, 1 << 32}},
	{bpf.HelperRedirectMap, []uint64{0, 1, 2, 3, 4, 8, 16, 24, 32, 1 << 32}},
	{bpf.HelperTailCall, []uint64{0}},
	{bpf.HelperPerfEventOutput, []uint64{bpf.FCurrentCPU, 0, 1 << 20, 8<<32 | bpf.FCurrentCPU, 100<<32 | bpf.FCurrentCPU, 1<<52 | bpf.FCurrentCPU}},
	{bpf.HelperRingbufOutput, []uint64{0, 1, 2, 3, 4, 1 << 32}},
	{bpf.HelperRingbufReserve, []uint64{0, 1, 2, 4}},
	{bpf.HelperRingbufQuery, []uint64{1, 4, 5, 1 << 32}}, // how much there is, and the positions, tell of what was before
}

// tableTypes are the types of maps that XDP programs could name and that can be made without
// type information of the kernel's own.
var tableTypes = []bpf.MapType{
	bpf.MapTypeHash, bpf.MapTypePerCPUHash, bpf.MapTypeLRUHash, bpf.MapTypeLRUPerCPUHash, bpf.MapTypeArray, bpf.MapTypePerCPUArray, bpf.MapTypeLPMTrie,
	bpf.MapTypeArrayOfMaps, bpf.MapTypeHashOfMaps, bpf.MapTypeProgArray, bpf.MapTypePerfEventArray, bpf.MapTypeRingbuf, bpf.MapTypeQueue, bpf.MapTypeStack,
	bpf.MapTypeBloomFilter, bpf.MapTypeDevMap, bpf.MapTypeDevMapHash, bpf.MapTypeCPUMap, bpf.MapTypeXSKMap, bpf.MapTypeStackTrace, bpf.MapTypeCgroupArray,
	bpf.MapTypeSockMap, bpf.MapTypeSockHash,
}

// tableEntries is how many entries a map of the table has room for.
const tableEntries = 4

// tableMap is a map of a type.
func tableMap(t bpf.MapType) *object.Map {
	m := &object.Map{Name: "m", Type: t, KeySize: 4, ValueSize: 8, MaxEntries: tableEntries}
	plain := func(name string) *object.Map {
		return &object.Map{Name: name, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	}
	switch t {
	case bpf.MapTypeLPMTrie:
		m.KeySize, m.Flags = 8, bpf.FNoPrealloc
	case bpf.MapTypeQueue, bpf.MapTypeStack, bpf.MapTypeBloomFilter:
		m.KeySize = 0
	case bpf.MapTypeRingbuf:
		m.KeySize, m.ValueSize, m.MaxEntries = 0, 0, 4096
	case bpf.MapTypeArrayOfMaps, bpf.MapTypeHashOfMaps:
		m.ValueSize, m.Inner, m.Inners = 4, plain("inner"), map[uint32]*object.Map{2: plain("inner")}
	case bpf.MapTypeProgArray:
		m.ValueSize, m.Programs = 4, map[uint32]string{2: "called"}
	case bpf.MapTypePerfEventArray, bpf.MapTypeCgroupArray, bpf.MapTypeSockMap, bpf.MapTypeSockHash:
		m.ValueSize = 4
	case bpf.MapTypeDevMap, bpf.MapTypeDevMapHash:
		m.ValueSize, m.Initial = 4, []object.Entry{{Key: []byte{2, 0, 0, 0}, Value: []byte{1, 0, 0, 0}}}
	case bpf.MapTypeCPUMap:
		m.ValueSize, m.Initial = 4, []object.Entry{{Key: []byte{2, 0, 0, 0}, Value: []byte{192, 0, 0, 0}}}
		m.Initial[0].Key[0] = 0 // a processor that there is
	case bpf.MapTypeXSKMap:
		m.ValueSize = 4
	}
	return m
}

// call emits the call of a helper on map 0. R6 is the context, R7 the packet, R8 the flags; the
// key lies at -8 on the stack and the value at -16. R0 is the result, -24 holds what was given.
func call(a *bpf.Assembler, id bpf.HelperID, callback bpf.Label, m *object.Map) {
	stack := func(r uint8, off int32) { a.Emit(bpf.Mov.Reg(r, bpf.FP), bpf.Add.Imm(r, off)) }
	arg := func(r uint8) { a.Emit(bpf.LoadMap(r, 0)...) }
	// found turns a pointer into 1 and keeps the value that it leads to.
	found := func(reads bool) {
		null := a.NewLabel()
		a.EmitTo(bpf.JEq.Imm(0, 0, 0), null)
		if reads {
			a.Emit(bpf.Load(bpf.SizeDW, 1, 0, 0), bpf.Store(bpf.SizeDW, bpf.FP, -24, 1))
		}
		a.Emit(bpf.Mov.Imm(0, 1))
		a.Place(null)
	}
	helper := bpf.CallHelper(id)
	switch id {
	case bpf.HelperMapLookupElem, bpf.HelperMapLookupPerCPUElem:
		arg(1)
		stack(2, -8)
		if id == bpf.HelperMapLookupPerCPUElem {
			a.Emit(bpf.Mov.Reg(3, 8))
		}
		a.Emit(helper)
		found(m.Inner == nil && m.ValueSize == 8)
	case bpf.HelperMapUpdateElem:
		arg(1)
		stack(2, -8)
		stack(3, -16)
		a.Emit(bpf.Mov.Reg(4, 8), helper)
	case bpf.HelperMapDeleteElem:
		arg(1)
		stack(2, -8)
		a.Emit(helper)
	case bpf.HelperMapPushElem:
		arg(1)
		stack(2, -16)
		a.Emit(bpf.Mov.Reg(3, 8), helper)
	case bpf.HelperMapPopElem, bpf.HelperMapPeekElem:
		arg(1)
		stack(2, -16)
		a.Emit(helper, bpf.Load(bpf.SizeDW, 1, bpf.FP, -16), bpf.Store(bpf.SizeDW, bpf.FP, -24, 1))
	case bpf.HelperForEachMapElem:
		arg(1)
		a.EmitTo(bpf.LoadFunc(2, 0)[0], callback)
		a.Emit(bpf.LoadFunc(2, 0)[1])
		stack(3, -24)
		a.Emit(bpf.Mov.Reg(4, 8), helper)
	case bpf.HelperRedirectMap:
		arg(1)
		a.Emit(bpf.Load(bpf.SizeW, 2, 7, atKey), bpf.Mov.Reg(3, 8), helper)
	case bpf.HelperTailCall:
		arg(2)
		a.Emit(bpf.Load(bpf.SizeW, 3, 7, atKey), bpf.Mov.Reg(1, 6), helper, bpf.Mov.Imm(0, 77))
	case bpf.HelperPerfEventOutput:
		arg(2)
		a.Emit(bpf.Mov.Reg(1, 6), bpf.Mov.Reg(3, 8))
		stack(4, -16)
		a.Emit(bpf.Mov.Imm(5, 8), helper)
	case bpf.HelperRingbufOutput:
		arg(1)
		stack(2, -16)
		a.Emit(bpf.Mov.Imm(3, 8), bpf.Mov.Reg(4, 8), helper)
	case bpf.HelperRingbufReserve:
		arg(1)
		a.Emit(bpf.Mov.Imm(2, 8), bpf.Mov.Reg(3, 8), helper)
		none := a.NewLabel()
		a.EmitTo(bpf.JEq.Imm(0, 0, 0), none)
		a.Emit(bpf.StoreImm(bpf.SizeDW, 0, 0, 7), bpf.Mov.Reg(1, 0), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRingbufSubmit), bpf.Mov.Imm(0, 1))
		a.Place(none)
	case bpf.HelperRingbufQuery:
		arg(1)
		a.Emit(bpf.Mov.Reg(2, 8), helper)
	}
}

// tableProgram calls a helper on a map of a type, as the packet says.
func tableProgram(id bpf.HelperID, t bpf.MapType) (*object.Program, error) {
	m := tableMap(t)
	a := &bpf.Assembler{}
	out, work, callback := a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.Emit(
		bpf.Mov.Reg(6, 1), bpf.Load(bpf.SizeW, 7, 1, 0), bpf.Load(bpf.SizeW, 2, 1, 4), bpf.Mov.Reg(3, 7), bpf.Add.Imm(3, tableLen),
	)
	a.EmitTo(bpf.JGt.Reg(3, 2, 0), out)
	a.Emit(
		bpf.Load(bpf.SizeDW, 1, 7, atKey), bpf.Store(bpf.SizeDW, bpf.FP, -8, 1),
		bpf.Load(bpf.SizeDW, 1, 7, atValue), bpf.Store(bpf.SizeDW, bpf.FP, -16, 1),
		bpf.StoreImm(bpf.SizeDW, bpf.FP, -24, 0), bpf.Load(bpf.SizeDW, 8, 7, atFlags),
	)
	if slices.Contains([]bpf.MapType{bpf.MapTypeQueue, bpf.MapTypeStack, bpf.MapTypeBloomFilter}, t) {
		a.Emit(bpf.Load(bpf.SizeB, 1, 7, atFill))
		a.EmitTo(bpf.JEq.Imm(1, 0, 0), work)
		call(a, bpf.HelperMapPushElem, callback, m)
		a.EmitTo(bpf.Goto(0), out)
	}
	a.Place(work)
	call(a, id, callback, m)
	a.Emit(bpf.Store(bpf.SizeDW, 7, atResult, 0), bpf.Load(bpf.SizeDW, 1, bpf.FP, -24), bpf.Store(bpf.SizeDW, 7, atOut, 1))
	a.Place(out)
	a.Emit(bpf.Mov.Imm(0, 2), bpf.Return())
	p := &object.Program{Name: "main", Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Funcs: []object.Func{{Name: "main"}}}
	a.Place(callback)
	if id == bpf.HelperForEachMapElem {
		p.Funcs = append(p.Funcs, object.Func{Name: "count", Start: a.Len()})
		a.Emit(bpf.Load(bpf.SizeDW, 1, 4, 0), bpf.Add.Imm(1, 1), bpf.Store(bpf.SizeDW, 4, 0, 1), bpf.Mov.Imm(0, 0), bpf.Return())
	}
	var err error
	if p.Insns, err = a.Assemble(); err != nil {
		return nil, err
	}
	if m.Programs != nil {
		p.Called = []*object.Program{{
			Name: "called", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "called"}},
			Insns: []bpf.Insn{bpf.Mov.Imm(0, 1), bpf.Return()},
		}}
	}
	return p, nil
}

// tablePacket tells the program of a call.
func tablePacket(key []byte, flags uint64, value byte, fill bool) []byte {
	b := make([]byte, tableLen)
	copy(b[atKey:atKey+8], key)
	binary.LittleEndian.PutUint64(b[atFlags:], flags)
	b[atValue] = value
	if fill {
		b[atFill] = 1
	}
	return b
}
