package sim

import (
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// value0 reads value 0 of the test map as memory words, big-endian.
func value0(m *Machine) [3]uint32 {
	mem := m.maps[0].Region().Data
	return [3]uint32{binary.BigEndian.Uint32(mem), binary.BigEndian.Uint32(mem[4:]), binary.BigEndian.Uint32(mem[8:])}
}

// TestAtomics runs each atomic command on value 0 = {0x10, 0x80000000, 0},
// big-endian words, with operand {0x11, 1}.
func TestAtomics(t *testing.T) {
	const wide = 5 // length whose field has the 64-bit bit set
	seq := func(o nfpisa.MemOp, n int) ins {
		return program(mapPointer(0), nfpisa.Immed(xf(0), 0x11), nfpisa.Immed(xf(1), 1),
			nfpisa.Mem40(o, 0, b(2), a(2), n).CtxSwap(1), nfpisa.Mov(a(0), xf(0)), nfpisa.Mov(a(3), xf(1)), exit())
	}
	// imm adds an immediate by indirect reference.
	imm := func(o nfpisa.MemOp, v, length uint32) ins {
		return program(mapPointer(0), load(a(5), v<<16|length<<8|1<<7|2<<3), nfpisa.Mov(op.None, a(5)),
			nfpisa.Mem40(o, 0, b(2), a(2), 1).IndirectRef(), nfpisa.Immed(a(0), 0), exit())
	}
	op := func(action, token uint8) nfpisa.MemOp { return nfpisa.MemOp{Op: 0x40 | action, Token: token} }
	start := [3]uint32{0x10, 0x80000000, 0}
	for _, tc := range []struct {
		name   string
		code   ins
		want   [3]uint32
		before bool // A0 (and A3) hold the value before
		wide   bool
	}{
		{name: "add", code: seq(nfpisa.MemAdd, 1), want: [3]uint32{0x21, 0x80000000}},
		{name: "add64 has the low word first", code: seq(nfpisa.MemAdd, wide), want: [3]uint32{0x21, 0x80000001}},
		{name: "test_add", code: seq(nfpisa.MemTestAdd, 1), want: [3]uint32{0x21, 0x80000000}, before: true},
		{name: "test_add64", code: seq(nfpisa.MemTestAdd, wide), want: [3]uint32{0x21, 0x80000001}, before: true, wide: true},
		{name: "sub", code: seq(nfpisa.MemSub, 1), want: [3]uint32{0xffffffff, 0x80000000}},
		{name: "sub64 borrows", code: seq(nfpisa.MemSub, wide), want: [3]uint32{0xffffffff, 0x7ffffffe}},
		{name: "subsat stops at 0", code: seq(op(10, 0), 1), want: [3]uint32{0, 0x80000000}},
		{name: "subsat64", code: seq(op(10, 0), wide), want: [3]uint32{0xffffffff, 0x7ffffffe}},
		{name: "addsat", code: seq(op(8, 0), 1), want: [3]uint32{0x21, 0x80000000}},
		{name: "set", code: seq(nfpisa.MemSet, 2), want: [3]uint32{0x11, 0x80000001}},
		{name: "clr", code: seq(nfpisa.MemClr, 1), want: [3]uint32{0, 0x80000000}},
		{name: "xor", code: seq(nfpisa.MemXor, 1), want: [3]uint32{1, 0x80000000}},
		{name: "test_xor", code: seq(nfpisa.MemTestXor, 1), want: [3]uint32{1, 0x80000000}, before: true},
		{name: "swap", code: seq(nfpisa.MemSwap, 1), want: [3]uint32{0x11, 0x80000000}, before: true},
		{name: "atomic_write", code: seq(nfpisa.MemAtomicWrite, 2), want: [3]uint32{0x11, 1}},
		{name: "atomic_read", code: seq(nfpisa.MemAtomicRead, 2), want: start, before: true},
		{name: "add_imm", code: imm(nfpisa.MemAddImm, 0xfff0, 8), want: [3]uint32{0x10000, 0x80000000}},
		{name: "add_imm, 64 bits", code: imm(nfpisa.MemAddImm, 0xffff, 12), want: [3]uint32{0x1000f, 0x80000000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := testMachine(t, tc.code, arrayMap)
			for i, w := range start {
				binary.BigEndian.PutUint32(m.maps[0].Region().Data[4*i:], w)
			}
			res := m.Run(Input{Packet: frame(14)})
			if !tc.before && res.Fault != nil {
				require.Equal(t, FaultUndefined, res.Fault.Kind, "nothing comes back: %v", res.Fault)
			} else {
				require.Nil(t, res.Fault)
			}
			if tc.before {
				require.Equal(t, start[0], res.Code)
			}
			if tc.wide {
				v, unwritten := m.core.Context(0).Reg(target.Reg{Num: 3})
				require.Equal(t, start[1], v)
				require.Zero(t, unwritten)
			}
			require.Equal(t, tc.want, value0(m))
		})
	}
}

// TestIndirectReference shows the overrides of read and write lengths.
func TestIndirectReference(t *testing.T) {
	ref := func(v uint32) ins {
		return program(packetPointer, load(a(5), v), nfpisa.Mov(op.None, a(5)), nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1).IndirectRef())
	}
	res := testMachine(t, program(ref(1<<7|19<<8), ret(xf(19))), nil).Run(Input{Packet: frame(128)})
	require.Nil(t, res.Fault)
	require.EqualValues(t, 0x4d4e4f50, res.Code)
	res = testMachine(t, program(ref(1<<7|18<<8), ret(xf(19))), nil).Run(Input{Packet: frame(128)})
	require.Equal(t, FaultUndefined, res.Fault.Kind, "one word less")
	for _, v := range []uint32{1 << 6, 3 << 3, 2 << 3} {
		res = testMachine(t, program(ref(v), ret(xf(0))), nil).Run(Input{Packet: frame(128)})
		require.Equal(t, FaultUnsupported, res.Fault.Kind, "override %#x", v)
	}
}

func TestCAM(t *testing.T) {
	fill := program(nfpisa.ALU(op.None, op.None, nfpisa.ALUCamClear, op.None))
	for e := range 16 {
		fill = append(fill, nfpisa.Immed(b(1), uint32(e<<3)), nfpisa.Immed(a(2), uint32(100+e)), nfpisa.CamWrite(b(1), a(2), e))
	}
	lookup := func(tag int) ins { return program(nfpisa.Immed(a(2), uint32(tag)), nfpisa.CamLookup(a(0), a(2))) }
	for _, tc := range []struct {
		name string
		code ins
		want uint32
	}{
		{"empty", program(nfpisa.ALU(op.None, op.None, nfpisa.ALUCamClear, op.None), lookup(0)), 0},
		{"hit with state and entry", program(fill, lookup(107)), 7<<8 | 1<<7 | 7<<3},
		{"miss gives the least recently used entry", program(fill, lookup(7)), 0},
		{"a hit makes an entry recent", program(fill, lookup(100), lookup(101), lookup(7)), 2 << 3},
		{"a miss does not", program(fill, lookup(7), lookup(8)), 0},
		{"read tag", program(fill, nfpisa.Immed(b(1), 5<<3), nfpisa.ALU(a(0), op.None, nfpisa.ALUCamReadTag, b(1))), 105},
		{"read state", program(fill, nfpisa.Immed(b(1), 5<<3), nfpisa.ALU(a(0), op.None, nfpisa.ALUCamReadState, b(1))), 5 << 8},
		{"write state", program(fill, nfpisa.Immed(b(1), 5<<3), func() nfpisa.Instr {
			i := nfpisa.ALU(op.None, op.None, nfpisa.ALUCamWrState, b(1))
			i.Arg = 9
			return i
		}(), nfpisa.ALU(a(0), op.None, nfpisa.ALUCamReadState, b(1))), 9 << 8},
		{"clear", program(fill, nfpisa.ALU(op.None, op.None, nfpisa.ALUCamClear, op.None), lookup(107)), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := testMachine(t, program(tc.code, exit()), nil).Run(Input{Packet: frame(14)})
			require.Nil(t, res.Fault)
			require.Equal(t, tc.want, res.Code, "%#x", res.Code)
		})
	}
}

// TestCRC holds the CRC unit against the standard library and published check
// values of "12345678".
func TestCRC(t *testing.T) {
	text := []byte("12345678")
	run := func(start uint32, kind nfpisa.CRC, w0, w1 uint32) uint32 {
		res := testMachine(t, program(load(a(9), start), nfpisa.CSRWr(nfpisa.CSRCRCRemainder, a(9)), load(b(1), w0), load(b(2), w1),
			nfpisa.CRCStep(kind, a(1), b(1)), nfpisa.CRCStep(kind, a(1), b(2)), nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(a(0), 0), exit()), nil).Run(Input{Packet: frame(14)})
		require.Nil(t, res.Fault)
		return res.Code
	}
	reverse := func(v uint32) (r uint32) {
		for i := range 32 {
			r |= v >> i & 1 << (31 - i)
		}
		return r
	}
	be0, be1 := binary.BigEndian.Uint32(text), binary.BigEndian.Uint32(text[4:])
	le0, le1 := binary.LittleEndian.Uint32(text), binary.LittleEndian.Uint32(text[4:])
	require.Equal(t, crc32.ChecksumIEEE(text), ^reverse(run(0xffffffff, nfpisa.CRC32|nfpisa.CRCBitSwap, be0, be1)))
	require.Equal(t, crc32.ChecksumIEEE(text), ^reverse(run(0xffffffff, nfpisa.CRC32|nfpisa.CRCBitSwap|nfpisa.CRCLittle, le0, le1)))
	require.Equal(t, crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)), ^reverse(run(0xffffffff, nfpisa.CRCiSCSI|nfpisa.CRCBitSwap, be0, be1)))
	require.EqualValues(t, 0xa12b, run(0xffff, nfpisa.CRCCCITT, be0, be1), "CRC-16/CCITT-FALSE")
	require.Equal(t, crc32.ChecksumIEEE(text[2:8]), ^reverse(func() uint32 {
		res := testMachine(t, program(load(a(9), 0xffffffff), nfpisa.CSRWr(nfpisa.CSRCRCRemainder, a(9)), load(b(1), be0), load(b(2), be1),
			nfpisa.CRCStep(nfpisa.CRC32|nfpisa.CRCBitSwap|nfpisa.CRCBytes23, a(1), b(1)), nfpisa.CRCStep(nfpisa.CRC32|nfpisa.CRCBitSwap, a(1), b(2)),
			nfpisa.CSRRd(nfpisa.CSRCRCRemainder), nfpisa.Immed(a(0), 0), exit()), nil).Run(Input{Packet: frame(14)})
		require.Nil(t, res.Fault)
		return res.Code
	}()), "byte ranges")
}

// TestIndexRegisters reads an index register back.
func TestIndexRegisters(t *testing.T) {
	res := testMachine(t, program(nfpisa.Immed(a(1), 0x47), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(1)), nfpisa.CSRRd(nfpisa.CSRActLMAddr2), nfpisa.Immed(a(0), 0), exit()), nil).Run(Input{Packet: frame(14)})
	require.EqualValues(t, 0x44, res.Code, "the two low bits are dropped")
}

// TestTransferIndex reaches transfer registers through T_INDEX, whose bits 9:2
// count the core's transfer registers.
func TestTransferIndex(t *testing.T) {
	idx := func(mod nfpisa.PostMod) nfpisa.Operand {
		return nfpisa.Operand{Kind: nfpisa.XferIndex, Mod: mod}
	}
	res := testMachine(t, program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 4).CtxSwap(1), nfpisa.CSRWr(nfpisa.CSRXferIndex, k(4)), nops(3),
		nfpisa.Mov(a(2), idx(nfpisa.PostInc)), nfpisa.Mov(b(2), idx(nfpisa.NoMod)), nfpisa.ALU(a(0), a(2), nfpisa.ALUXor, b(2)), exit()), nil).Run(Input{Packet: frame(64)})
	require.Nil(t, res.Fault)
	require.EqualValues(t, 0x05060708^0x090a0b0c, res.Code)
}

// TestAddressCarries shows that the parts of a 40-bit address are added.
func TestAddressCarries(t *testing.T) {
	for _, tc := range []struct{ hi, lo uint32 }{{mapBase >> 8, 0x110}, {mapBase>>8 - 1, 0x210}, {mapBase>>8 + 1, 0x10}} {
		for _, code := range []ins{
			program(load(b(2), tc.hi), load(a(2), tc.lo), nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(2), 1).CtxSwap(1), ret(xf(0))),
			program(load(a(2), tc.hi), load(b(2), tc.lo), nfpisa.Mem40(nfpisa.MemRead32, 0, a(2), b(2), 1).CtxSwap(1), ret(xf(0))),
		} {
			res := testMachine(t, code, arrayMap).Run(Input{Packet: frame(64)})
			require.Nil(t, res.Fault)
			require.EqualValues(t, 0x01020304, res.Code)
		}
	}
}

// TestWaits pins which signals end a swap.
func TestWaits(t *testing.T) {
	mapRead := nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(2), 1).SigDone(2)
	pktRead := nfpisa.Mem32(nfpisa.MemRead32, 1, a(1), k(0), 1).SigDone(3)
	anyOf := nfpisa.CtxArb(1<<2 | 1<<3)
	anyOf.Any = true
	with := func(checks Checks, code ...any) Result {
		return testMachine(t, program(append([]any{packetPointer, mapPointer(0)}, code...)...), func(s *Spec, img *image.Image) {
			arrayMap(s, img)
			s.Checks = checks
		}).Run(Input{Packet: frame(64)})
	}
	run := func(code ...any) Result { return with(AllChecks, code...) }
	res := run(mapRead, pktRead, nfpisa.CtxArb(1<<2|1<<3), ret(xf(1)))
	require.Nil(t, res.Fault)
	require.Greater(t, res.MemWait, uint64(ememLatency.Read)-10, "all: the slower one counts")
	res = run(pktRead, mapRead, nfpisa.CtxArb(1<<2|1<<3), ret(xf(1)))
	require.Greater(t, res.MemWait, uint64(ememLatency.Read)-10, "all, other order")
	res = with(AllChecks&^CheckSignals, mapRead, pktRead, anyOf, nfpisa.BrArg(nfpisa.CondSignal, 2, at(6)), nfpisa.BrArg(nfpisa.CondNoSignal, 3, at(6)), ret(xf(1)))
	require.Nil(t, res.Fault)
	require.Less(t, res.MemWait, uint64(ctmLatency.Read), "any: the faster one")
	require.EqualValues(t, 0x01020304, res.Code)
	res = run(mapRead, pktRead, nfpisa.CtxArb(1<<3), ret(xf(0)))
	require.NotNil(t, res.Fault, "the other one is still on its way")
	require.Equal(t, FaultSignal, res.Fault.Kind)
	res = run(nfpisa.Immed(xf(0), 1), nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1), nops(2), nfpisa.Immed(xf(0), 2), nfpisa.Immed(a(0), 0), exit())
	require.NotNil(t, res.Fault, "an unsignalled write still reads its data")
	require.Equal(t, FaultSignal, res.Fault.Kind)
	res = run(nfpisa.Immed(xf(0), 1), nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1), nops(int(ctmLatency.Write)), nfpisa.Immed(xf(0), 2), nfpisa.Immed(a(0), 0), exit())
	require.NotNil(t, res.Fault, "and time alone does not tell that it has")
	res = run(nfpisa.Immed(xf(0), 1), nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1), pktRead, nfpisa.CtxArb(1<<3), nfpisa.Immed(xf(0), 2), nfpisa.Immed(a(0), 0), exit())
	require.Nil(t, res.Fault, "the signal of a later command of the unit does")
	arb := nfpisa.CtxArb(1 << 3)
	arb.Resume, arb.Target = true, uint16(at(7))
	res = run(pktRead, arb, nfpisa.Immed(a(0), 1), exit(), nfpisa.Immed(a(0), 2), exit())
	require.EqualValues(t, 2, res.Code, "resume address")
	require.Equal(t, FaultSignal, run(anyOf, exit()).Fault.Kind, "nothing to wait for")
}

// helperProgram calls an agilio routine and continues behind the call.
func helperProgram(t *testing.T, helper uint16, before, after ins, change func(*image.Image)) Result {
	code := program(before)
	code = append(code, nfpisa.Br(int(helper)).WithDefer(2), nfpisa.Mov(a(0), k(1)), nfpisa.Immed(b(0), uint32(at(len(code)+3))))
	code = append(code, after...)
	m := testMachine(t, code, func(_ *Spec, img *image.Image) {
		img.Target, img.Machine.Helpers = target.MustBuiltin("agilio"), map[uint32]uint16{1: 5000, 2: 5001}
		img.Maps = []image.Map{{Name: "m", Type: "hash", ID: 1, KeySize: 6, ValueSize: 8, MaxEntries: 2, Initial: []image.Entry{{Key: []byte{1, 0, 0, 0, 2, 0}, Value: make([]byte, 8)}}}}
		if change != nil {
			change(img)
		}
	})
	return m.Run(Input{Packet: frame(64)})
}

func TestFirmwareRoutines(t *testing.T) {
	key := program(nfpisa.Immed(lm(0, 0), 1), nfpisa.LdField(a(9), 0b0011, k(2), nfpisa.Rot(0)), nfpisa.Mov(lm(0, 1), a(9)))
	pass := program(nfpisa.Immed(a(0), 0x110000), exit())
	r := helperProgram(t, 5000, key, pass, nil)
	require.Nil(t, r.Fault, "bytes behind the key may be unwritten")
	require.EqualValues(t, 2, r.Verdict)
	require.Greater(t, r.Cycles, uint64(DefaultSpec().Firmware.LookupHash.Wait))

	for _, tc := range []struct {
		name          string
		helper        uint16
		before, after ins
		kind          FaultKind
	}{
		{"key never written", 5000, nil, pass, FaultUndefined},
		{"key outside the stack", 5000, program(nfpisa.Immed(a(9), 0), nfpisa.ALU(a(9), a(9), nfpisa.ALUSub, k(64)), nfpisa.CSRWr(nfpisa.CSRActLMAddr0, a(9))), pass, FaultLocalMemory},
		{"register the routine loses", 5000, program(key, nfpisa.Immed(a(8), 1)), program(nfpisa.BrSet(a(8), 0, testDone), exit()), FaultUndefined},
		{"register 23 is not the program's", 5000, program(key, nfpisa.Immed(a(23), 1)), pass, FaultGrant},
		{"a second signal is not the program's", 5000, program(key, packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(2)), pass, FaultGrant},
		{"transfer register 32 is not the program's", 5000, program(key, packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 31, a(1), k(0), 2).CtxSwap(1)), pass, FaultGrant},
		{"transfer registers are lost", 5000, program(key, packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1)), ret(xf(0)), FaultUndefined},
		{"flags are lost", 5000, program(key, nfpisa.Immed(a(3), 1), nfpisa.ALU(op.None, a(3), nfpisa.ALUAdd, k(1))), program(nfpisa.Bcc(nfpisa.CondEQ, testDone), exit()), FaultFlags},
		{"update without a value pointer", 5001, program(key, nfpisa.Immed(a(8), 0)), pass, FaultUndefined},
		{"exit word that is no action", 5000, key, program(nfpisa.Immed(a(0), 5), exit()), FaultExit},
	} {
		r := helperProgram(t, tc.helper, tc.before, tc.after, nil)
		require.NotNil(t, r.Fault, tc.name)
		require.Equal(t, tc.kind, r.Fault.Kind, "%s: %v", tc.name, r.Fault)
	}
	r = helperProgram(t, 5000, program(key, nfpisa.Immed(a(12), 0x110000)), ret(a(12)), nil)
	require.Nil(t, r.Fault, "registers 12 to 22 are kept")
	r = helperProgram(t, 5000, key, pass, func(img *image.Image) { img.Maps[0].ID = 9 })
	require.Equal(t, FaultMemory, r.Fault.Kind, "wrong table number")
}

// TestMapAccess holds the host's view of a map.
func TestMapAccess(t *testing.T) {
	for _, swapped := range []bool{false, true} {
		m := testMachine(t, ret(k(0)), func(s *Spec, img *image.Image) {
			arrayMap(s, img)
			img.Maps[0].Swapped = swapped
			img.Maps = append(img.Maps, image.Map{Name: "h", Type: "hash", KeySize: 2, ValueSize: 6, MaxEntries: 2})
		})
		mp, ok := m.Map("m")
		require.True(t, ok)
		v, ok := mp.Lookup([]byte{1, 0, 0, 0})
		require.True(t, ok)
		require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, v)
		first := []byte{1, 2, 3, 4}
		if swapped {
			first = []byte{4, 3, 2, 1}
		}
		require.Equal(t, first, mp.Region().Data[16:][:4])
		require.Len(t, mp.Entries(), 4)
		require.ErrorContains(t, mp.Delete([]byte{1, 0, 0, 0}), "invalid argument")
		require.ErrorContains(t, mp.Update([]byte{4, 0, 0, 0}, v, UpdateAny), "argument list too long")
		require.ErrorContains(t, mp.Update([]byte{1, 0, 0, 0}, v, UpdateNoExist), "file exists")
		require.ErrorContains(t, mp.Update([]byte{1}, v, UpdateAny), "key of 1 bytes, want 4")
		h, ok := m.Map("h")
		require.True(t, ok)
		val := []byte{1, 2, 3, 4, 5, 6}
		require.NoError(t, h.Update([]byte{9, 0}, val, UpdateAny))
		require.NoError(t, h.Update([]byte{3, 0}, val, UpdateNoExist))
		require.ErrorContains(t, h.Update([]byte{4, 0}, val, UpdateExist), "no such file")
		require.ErrorContains(t, h.Update([]byte{4, 0}, val, UpdateAny), "argument list too long")
		require.ErrorContains(t, h.Update([]byte{9, 0}, val, 3), "invalid argument")
		require.Equal(t, []image.Entry{{Key: []byte{3, 0}, Value: val}, {Key: []byte{9, 0}, Value: val}}, h.Entries())
		require.NoError(t, h.Delete([]byte{9, 0}))
		require.ErrorContains(t, h.Delete([]byte{9, 0}), "no such file")
		require.NoError(t, m.Reset())
		require.Empty(t, h.Entries())
		_, ok = m.Map("none")
		require.False(t, ok)
		_, ok = mp.Lookup([]byte{7, 0, 0, 0})
		require.False(t, ok)
	}
}

// chainMap adds a hash map that linked code walks; the code from word runtime
// on is that code.
func chainMap(runtime uint32) func(*Spec, *image.Image) {
	return func(_ *Spec, img *image.Image) {
		img.Maps = []image.Map{{
			Name: "h", Type: "hash", Layout: "hash", KeySize: 6, ValueSize: 5, MaxEntries: 3, Base: mapBase + 256, Stride: 24,
			Params:  map[string]uint64{"buckets": 4, "heads": 32, "entries": 48, "key": 8, "value": 16},
			Initial: []image.Entry{{Key: []byte("abcdef"), Value: []byte("12345")}},
		}}
		img.Symbols = []image.Symbol{{Name: "r", Kind: image.SymRuntime, Word: runtime, Size: 100}}
	}
}

// TestChainTable shows the host's side of layout hash, and what a program may
// touch of it.
func TestChainTable(t *testing.T) {
	read := func(off uint32) ins {
		return program(load(b(2), mapBase>>8), load(a(2), 256+off), nfpisa.Mem40(nfpisa.MemRead32Swap, 0, b(2), a(2), 1).CtxSwap(1), ret(xf(0)))
	}
	const entry0 = 48
	r := testMachine(t, read(entry0+16), chainMap(50)).Run(Input{Packet: frame(14)})
	require.Nil(t, r.Fault)
	require.EqualValues(t, binary.LittleEndian.Uint32([]byte("1234")), r.Code)
	for _, off := range []uint32{entry0 + 8, entry0 + 12} {
		r = testMachine(t, read(off), chainMap(50)).Run(Input{Packet: frame(14)})
		require.Nil(t, r.Fault, "programs that walk a map read its keys, offset %d", off)
	}
	for _, off := range []uint32{0, 8, 16, 32, entry0, entry0 + 4, entry0 + 22} {
		r = testMachine(t, read(off), chainMap(50)).Run(Input{Packet: frame(14)})
		require.NotNil(t, r.Fault, "offset %d", off)
		require.Equal(t, FaultMemory, r.Fault.Kind)
		r = testMachine(t, read(off), chainMap(0)).Run(Input{Packet: frame(14)})
		require.Nil(t, r.Fault, "a routine reads offset %d", off)
	}
	m := testMachine(t, ret(k(1)), chainMap(50))
	h, _ := m.Map("h")
	for _, key := range []string{"abcdeg", "zzzzzz"} {
		require.NoError(t, h.Update([]byte(key), []byte("xxxxx"), UpdateNoExist))
	}
	require.Error(t, h.Update([]byte("fourth"), []byte("xxxxx"), UpdateAny))
	require.NoError(t, h.Delete([]byte("abcdef")))
	require.Error(t, h.Delete([]byte("abcdef")))
	require.NoError(t, h.Update([]byte("fourth"), []byte("yyyyy"), UpdateAny))
	require.Len(t, h.Entries(), 3)
	v, ok := h.Lookup([]byte("fourth"))
	require.True(t, ok)
	require.Equal(t, "yyyyy", string(v))
	for name, change := range map[string]func(*image.Map){
		"buckets": func(m *image.Map) {
			m.Params = map[string]uint64{"buckets": 3, "heads": 32, "entries": 48, "key": 8, "value": 16}
		},
		"entries": func(m *image.Map) {
			m.Params = map[string]uint64{"buckets": 8, "heads": 32, "entries": 48, "key": 8, "value": 16}
		},
		"value": func(m *image.Map) {
			m.Params = map[string]uint64{"buckets": 4, "heads": 32, "entries": 48, "key": 8, "value": 8}
		},
		"keys": func(m *image.Map) {
			m.Params = map[string]uint64{"buckets": 4, "heads": 32, "entries": 48, "key": 8, "value": 16, "lru": 1}
		},
		"stride": func(m *image.Map) { m.Stride = 16 },
	} {
		img := testImage(t, ret(k(1)))
		spec := DefaultSpec()
		chainMap(50)(&spec, img)
		change(&img.Maps[0])
		_, err := New(img, spec)
		require.ErrorContains(t, err, "layout hash", name)
	}
}

// TestTrieTable shows what a layout of prefixes must hold, and that a spoilt
// trie does no harm.
func TestTrieTable(t *testing.T) {
	good := func() image.Map {
		return image.Map{
			Name: "p", Type: "lpm_trie", Layout: "lpm_trie", KeySize: 8, ValueSize: 4, MaxEntries: 3, Base: mapBase + 256, Stride: 40,
			Params: map[string]uint64{"nodes": 6, "first": 48, "value": 32},
		}
	}
	for want, change := range map[string]func(*image.Map){
		"keys of 4 bytes":    func(m *image.Map) { m.KeySize = 4 },
		"5 nodes":            func(m *image.Map) { m.Params["nodes"] = 5 },
		"nodes at offset 4":  func(m *image.Map) { m.Params["first"] = 4 },
		"value of 4 bytes":   func(m *image.Map) { m.Params["value"] = 24 },
		"nodes of 32 bytes":  func(m *image.Map) { m.Stride = 32 },
		"not in map memory":  func(m *image.Map) { m.Base = 8 },
		"value of 200 bytes": func(m *image.Map) { m.ValueSize = 200 },
	} {
		_, err := New(func() *image.Image {
			img, m := testImage(t, ret(k(1))), good()
			change(&m)
			img.Maps = []image.Map{m}
			return img
		}(), DefaultSpec())
		require.ErrorContains(t, err, want)
	}
	m := testMachine(t, ret(k(1)), func(_ *Spec, img *image.Image) { img.Maps = []image.Map{good()} })
	p, _ := m.Map("p")
	for i := range 3 {
		require.NoError(t, p.Update([]byte{8, 0, 0, 0, byte(i), 0, 0, 0}, []byte{1, 2, 3, 4}, UpdateAny))
	}
	data := p.Region().Data
	const first, stride = 48, 40
	for n := first; n < len(data); n += stride {
		binary.LittleEndian.PutUint32(data[n:], 256+first) // every node leads back to the first
		binary.LittleEndian.PutUint32(data[n+4:], 256+first)
	}
	binary.LittleEndian.PutUint32(data, 256+first)
	require.NotEmpty(t, p.Entries())
	p.Lookup([]byte{32, 0, 0, 0, 1, 2, 3, 4})
	_ = p.Update([]byte{32, 0, 0, 0, 1, 2, 3, 4}, []byte{1, 2, 3, 4}, UpdateAny)
	_ = p.Delete([]byte{8, 0, 0, 0, 1, 0, 0, 0})
	require.NoError(t, m.Reset())
	require.Empty(t, p.Entries())
}
