package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// arrayMap adds an array of 4 values of 12 bytes at the start of map memory.
func arrayMap(_ *Spec, img *image.Image) {
	img.Maps = []image.Map{{
		Name: "m", Type: "array", KeySize: 4, ValueSize: 12, MaxEntries: 4,
		Layout: "array", Base: mapBase + 256, Stride: 16,
		Initial: []image.Entry{{Key: []byte{1, 0, 0, 0}, Value: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}},
	}}
}

// programWaits has programs wait for their writes, with the map of arrayMap.
func programWaits(s *Spec, img *image.Image) {
	arrayMap(s, img)
	img.Target.Exit.Writes = target.WritesProgram
}

// mapPointer loads the address of the map's value 0 plus off: high word B2,
// low word A2.
func mapPointer(off uint32) ins {
	return program(load(b(2), mapBase>>8), load(a(2), 256+off))
}

// TestStrict shows each rule broken, and where it is broken. A rule that is
// off must let the program end with code want.
func TestStrict(t *testing.T) {
	read := func(sig int) nfpisa.Instr {
		return nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).SigDone(sig)
	}
	write := func(xfer, sig int) nfpisa.Instr {
		return nfpisa.Mem32(nfpisa.MemWrite32, xfer, a(1), k(0), 1).SigDone(sig)
	}
	lmWrite := nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(22))
	for _, tc := range []struct {
		name   string
		code   ins
		change func(*Spec, *image.Image)
		kind   FaultKind
		word   int
		off    Checks // rule that accepts the program when it is off
		want   uint32
	}{
		{name: "register never written", code: program(nfpisa.ALU(a(0), a(5), nfpisa.ALUAdd, k(1)), exit()), kind: FaultUndefined, word: -1, off: CheckUndefined, want: 0xa5a5a5a6},
		{name: "branch on a register never written", code: program(nfpisa.BrSet(b(5), 3, at(2)), exit(), exit()), kind: FaultUndefined, off: CheckUndefined, want: 0xa5a5a5a5},
		{name: "flags of a register never written", code: program(nfpisa.ALU(op.None, a(5), nfpisa.ALUSub, k(3)), nfpisa.Immed(a(0), 4), nfpisa.Bcc(nfpisa.CondEQ, at(3)), exit()), kind: FaultFlags, word: 2, off: CheckUndefined, want: 4},
		{name: "jump to a register never written", code: program(nfpisa.Rtn(a(4)), exit()), kind: FaultUndefined},
		{name: "address never written", code: program(nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), exit()), kind: FaultUndefined},
		{name: "indirect shift by a value never written", code: program(load(b(1), 1), nfpisa.ALU(op.None, a(4), nfpisa.ALUOr, k(0)), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, b(1), nfpisa.LshIndirect), exit()), kind: FaultUndefined, word: 2},
		{name: "stack word never written", code: ret(lm(0, 3)), kind: FaultUndefined, word: -1, off: CheckUndefined, want: 0xa5a5a5a5},
		{name: "index register never written", code: ret(lm(3, 0)), kind: FaultUndefined, word: 0},
		{name: "transfer-out register never written", code: program(packetPointer, nfpisa.Mem32(nfpisa.MemWrite32, 4, a(1), k(0), 1).CtxSwap(1), exit()), kind: FaultUndefined, word: 1},
		{name: "packet length word without its mask", code: program(nfpisa.Mov(a(3), lm(1, 0)), nfpisa.BrSet(a(3), 14, at(2)), exit()), kind: FaultUndefined, word: 1},
		{name: "carry after a logic operation", code: program(load(a(1), 1), nfpisa.ALU(op.None, a(1), nfpisa.ALUAnd, k(1)), nfpisa.Immed(a(0), 6), nfpisa.Bcc(nfpisa.CondCS, at(4)), exit()), kind: FaultFlags, word: 3, off: CheckUndefined, want: 6},
		{name: "signed comparison after a logic operation", code: program(load(a(1), 1), nfpisa.ALU(op.None, a(1), nfpisa.ALUAnd, k(1)), nfpisa.Bcc(nfpisa.CondLT, at(3)), exit()), kind: FaultFlags, word: 2},

		{name: "transfer register before its signal", code: program(packetPointer, read(2), ret(xf(0))), kind: FaultSignal, word: 2, off: CheckSignals, want: 0x01020304},
		{name: "wait for another signal", code: program(packetPointer, read(2), nfpisa.CtxArb(1<<3), ret(xf(0))), kind: FaultSignal, word: 2},
		{name: "signal in use", code: program(packetPointer, read(2), read(2), exit()), kind: FaultSignal, word: 2},
		{name: "read without a signal", code: program(packetPointer, read(0), exit()), kind: FaultSignal, word: 1},
		{name: "two reads into one register", code: program(packetPointer, read(1), read(2), exit()), kind: FaultSignal, word: 2},
		{name: "transfer-out register written while it is read", code: program(packetPointer, nfpisa.Immed(xf(0), 1), nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1).SigDone(2),
			nfpisa.Immed(xf(0), 2), nfpisa.CtxArb(1<<2), nfpisa.Immed(a(0), 9), exit()), kind: FaultSignal, word: 3, off: CheckSignals, want: 9},

		{name: "end before a signal", code: program(packetPointer, nfpisa.Immed(xf(0), 1), write(0, 2), nfpisa.Immed(a(0), 9), exit()), kind: FaultSignal, word: -1, off: CheckSignals, want: 9},
		{name: "end before a write without a signal", code: program(packetPointer, nfpisa.Immed(xf(0), 1), write(0, 0), nops(99), nfpisa.Immed(a(0), 9), exit()), change: programWaits, kind: FaultSignal, word: -1, off: CheckSignals, want: 9},
		{name: "the signal of an earlier command", code: program(packetPointer, nfpisa.Immed(xf(0), 1), read(2), write(0, 0), nfpisa.CtxArb(1<<2), nfpisa.Immed(a(0), 9), exit()), change: programWaits, kind: FaultSignal, word: -1, off: CheckSignals, want: 9},
		{
			name: "the signal of another unit", code: program(packetPointer, mapPointer(0), nfpisa.Immed(xf(0), 1), write(0, 0), nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(2), 1).CtxSwap(1), nfpisa.Immed(a(0), 9), exit()),
			change: programWaits, kind: FaultSignal, word: -1, off: CheckSignals, want: 9,
		},
		{
			name: "written again after the signal of an earlier command", code: program(packetPointer, nfpisa.Immed(xf(0), 1), read(2), write(0, 0), nfpisa.CtxArb(1<<2), nfpisa.Immed(xf(0), 2), nfpisa.Immed(a(0), 9), exit()),
			kind: FaultSignal, word: 5, off: CheckSignals, want: 9,
		},

		{name: "index register used after two instructions", code: program(nfpisa.Immed(lm(0, 0), 7), lmWrite, nops(2), ret(lm(2, 0))), kind: FaultPointerLatency, word: 4},
		{name: "old value within the latency", code: program(nfpisa.Immed(lm(0, 0), 7), nfpisa.Immed(lm(0, 1), 8), nfpisa.ALU(a(9), a(22), nfpisa.ALUAdd, k(4)),
			nfpisa.CSRWr(nfpisa.CSRActLMAddr0, a(9)), nops(2), ret(lm(0, 0))), kind: FaultPointerLatency, word: 6, off: CheckPointerLatency, want: 7},

		{name: "beyond the stack", code: program(nfpisa.ALU(a(9), a(22), nfpisa.ALUAdd, k(255)), nfpisa.ALU(a(9), a(9), nfpisa.ALUAdd, k(255)), nfpisa.ALU(a(9), a(9), nfpisa.ALUAdd, k(2)), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(9)), nops(3),
			nfpisa.Immed(lm(2, 0), 1), nfpisa.Immed(a(0), 3), exit()), kind: FaultLocalMemory, word: 7, off: CheckLocalMemory, want: 3},

		{name: "write before the packet", code: program(packetPointer, nfpisa.Immed(xf(0), 0), nfpisa.ALU(a(1), a(1), nfpisa.ALUSub, k(2)),
			nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1).CtxSwap(1), nfpisa.Immed(a(0), 5), exit()), kind: FaultPacket, word: 3, off: CheckPacketWrites, want: 5},
		{
			name: "write behind the packet", code: program(packetPointer, nfpisa.Immed(xf(0), 0), nfpisa.Mem32(nfpisa.MemWrite8, 0, a(1), k(63), 2).CtxSwap(1), nfpisa.Immed(a(0), 5), exit()),
			kind: FaultPacket, word: 2, off: CheckPacketWrites, want: 5,
		},
		{
			name: "bytes behind the packet used", code: program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(62), 1).CtxSwap(1), nfpisa.BrByteEq(xf(0), 1, 0, at(3)), exit()),
			kind: FaultUndefined, word: 2,
		},
		{name: "outside the packet buffer", code: program(packetPointer, load(a(2), 8192), nfpisa.Mem32(nfpisa.MemRead32, 0, a(2), b(2), 1).CtxSwap(1), exit()), kind: FaultUndefined, word: 2},
		{name: "another packet's buffer", code: program(packetPointer, load(b(2), 1<<16), nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), b(2), 1).CtxSwap(1), exit()), kind: FaultPacket, word: 2},
		{name: "no memory", code: program(load(a(1), 64), nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(1), exit()), kind: FaultMemory, word: 1},
		{name: "across a map value's end", code: program(mapPointer(12), nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(2), 1).CtxSwap(1), nfpisa.Immed(a(0), 2), exit()), change: arrayMap, kind: FaultMemory, word: 2, off: CheckMapValues, want: 2},
		{name: "behind a map", code: program(mapPointer(64), nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(2), 1).CtxSwap(1), exit()), change: arrayMap, kind: FaultMemory, word: 2},
		{name: "atomic that is not aligned", code: program(mapPointer(2), nfpisa.Immed(xf(0), 1), nfpisa.Mem40(nfpisa.MemAdd, 0, b(2), a(2), 1).CtxSwap(1), exit()), change: arrayMap, kind: FaultHazard, word: 3},

		{name: "branch in a defer slot", code: program(nfpisa.Br(at(2)).WithDefer(1), nfpisa.Br(at(2)), exit()), kind: FaultHazard, word: 1},
		{name: "multiply step out of order", code: program(load(a(1), 1), load(b(1), 1), nfpisa.MulStepOf(nfpisa.MulStart, 0, a(1), b(1)), nfpisa.MulStepOf(nfpisa.Mul32x32, 1, a(1), b(1)), exit()), kind: FaultHazard, word: 3},
		{name: "multiply step twice", code: program(load(a(1), 1), load(b(1), 1), nfpisa.MulStepOf(nfpisa.MulStart, 0, a(1), b(1)), nfpisa.MulStepOf(nfpisa.Mul16x16, 0, a(1), b(1)), nfpisa.MulStepOf(nfpisa.Mul16x16, 0, a(1), b(1)), exit()), kind: FaultHazard, word: 4},
		{name: "first byte of a write never written", code: program(packetPointer, nfpisa.Mem32(nfpisa.MemWrite8, 3, a(1), k(0), 1).CtxSwap(1), exit()), kind: FaultUndefined, word: 1},
		{name: "product too early", code: program(load(a(1), 1), load(b(1), 1), nfpisa.MulStepOf(nfpisa.MulStart, 0, a(1), b(1)), nfpisa.MulStepOf(nfpisa.Mul32x32, 0, a(1), b(1)), nfpisa.MulLastOf(nfpisa.Mul32x32, nfpisa.MulLast, a(0)), exit()), kind: FaultHazard, word: 4},
		{name: "indirect shift after a move, which has no left operand", code: program(load(b(1), 1), nfpisa.Mov(a(2), b(1)), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, b(1), nfpisa.LshIndirect), exit()), kind: FaultHazard, word: 2},
		{name: "indirect shift after a context swap", code: program(packetPointer, nfpisa.ALU(op.None, a(1), nfpisa.ALUOr, k(0)), nfpisa.CtxArb(1), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, a(1), nfpisa.LshIndirect), exit()), kind: FaultHazard, word: 3},
		{name: "local_csr_rd without immed", code: program(nfpisa.CSRRd(nfpisa.CSRMailbox0), nfpisa.Mov(a(0), k(1)), exit()), kind: FaultHazard},

		{name: "runaway", code: program(nfpisa.Br(at(0))), kind: FaultRunaway},
		{name: "runaway across context swaps", code: program(nfpisa.CtxArb(1), nfpisa.Br(at(0))), kind: FaultRunaway, word: -1},
		{name: "branch to nowhere", code: program(nfpisa.Br(9000), exit()), kind: FaultBadPC},
		{name: "jump to nowhere", code: program(nfpisa.Immed(a(0), 7777), nfpisa.Rtn(a(0))), kind: FaultBadPC, word: 1},
		{name: "off the end", code: program(nfpisa.Nop(), nfpisa.Nop()), kind: FaultBadPC, word: 1},
		{name: "kill", code: program(nfpisa.CtxArb(0)), kind: FaultExit},
		{name: "predicate", code: program(func() nfpisa.Instr { i := nfpisa.Mov(a(0), k(1)); i.PredCC = true; return i }(), exit()), kind: FaultUnsupported},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := testMachine(t, tc.code, tc.change).Run(Input{Packet: frame(64)})
			require.NotNil(t, res.Fault, "no fault")
			require.Equal(t, tc.kind, res.Fault.Kind, res.Fault.Error())
			if tc.word >= 0 {
				require.Equal(t, tc.word, res.Fault.Word, res.Fault.Error())
			}
			if tc.off == 0 {
				return
			}
			res = testMachine(t, tc.code, func(s *Spec, img *image.Image) {
				s.Checks &^= tc.off
				if tc.change != nil {
					tc.change(s, img)
				}
			}).Run(Input{Packet: frame(64)})
			require.Nil(t, res.Fault)
			require.Equal(t, tc.want, res.Code, "got %#x, want %#x", res.Code, tc.want)
		})
	}
}

// TestExact shows accesses that only CheckExact forbids: reads of the packet's
// surroundings and of the padding behind a map value.
func TestExact(t *testing.T) {
	short := func(swapped bool) func(*Spec, *image.Image) {
		return func(s *Spec, img *image.Image) {
			arrayMap(s, img)
			img.Maps[0].ValueSize, img.Maps[0].Swapped, img.Maps[0].Initial = 9, swapped, nil
		}
	}
	packet := func(op nfpisa.MemOp, off uint32, n int) ins {
		return program(packetPointer, load(b(2), off), nfpisa.Mem32(op, 0, a(1), b(2), n).CtxSwap(1), nfpisa.Immed(a(0), 5), exit())
	}
	value := func(op nfpisa.MemOp, off uint32, n int) ins {
		return program(mapPointer(off), nfpisa.Immed(xf(0), 0), nfpisa.Mem40(op, 0, b(2), a(2), n).CtxSwap(1), nfpisa.Immed(a(0), 5), exit())
	}
	for _, tc := range []struct {
		name   string
		code   ins
		change func(*Spec, *image.Image)
		kind   FaultKind
	}{
		{"the last word of the packet", packet(nfpisa.MemRead32, 60, 1), nil, FaultNone},
		{"the last byte of the packet", packet(nfpisa.MemRead8, 63, 1), nil, FaultNone},
		{"a word across the packet's end", packet(nfpisa.MemRead32, 61, 1), nil, FaultPacket},
		{"a byte behind the packet", packet(nfpisa.MemRead8, 64, 1), nil, FaultPacket},
		{"a byte before the packet", packet(nfpisa.MemRead8, ^uint32(0), 1), nil, FaultPacket},
		{"the last byte of a value", value(nfpisa.MemRead8, 8, 1), short(false), FaultNone},
		{"padding of a value", value(nfpisa.MemRead8, 9, 1), short(false), FaultMemory},
		{"a word with padding", value(nfpisa.MemRead32, 8, 1), short(false), FaultMemory},
		{"a write of padding", value(nfpisa.MemWrite8, 9, 1), short(false), FaultMemory},
		{"the last byte of a swapped value", value(nfpisa.MemRead8, 11, 1), short(true), FaultNone},
		{"padding of a swapped value", value(nfpisa.MemRead8, 8, 1), short(true), FaultMemory},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, checks := range []Checks{AllChecks, AllChecks | CheckExact} {
				res := testMachine(t, tc.code, func(s *Spec, img *image.Image) {
					if tc.change != nil {
						tc.change(s, img)
					}
					s.Checks = checks
				}).Run(Input{Packet: frame(64)})
				if checks == AllChecks || tc.kind == FaultNone {
					require.Nil(t, res.Fault)
					continue
				}
				require.NotNil(t, res.Fault)
				require.Equal(t, tc.kind, res.Fault.Kind, res.Fault.Error())
			}
		})
	}
}

// TestAllowed shows what strict rules must not forbid.
func TestAllowed(t *testing.T) {
	for _, tc := range []struct {
		name string
		code ins
		want uint32
	}{
		{"unwritten bits are moved and masked away", program(nfpisa.Mov(a(3), b(7)), nfpisa.Mov(lm(0, 2), a(3)), nfpisa.ALU(a(3), lm(0, 2), nfpisa.ALUAnd, k(0)), ret(a(3))), 0},
		{"unwritten bits are replaced by ld_field", program(load(b(1), 0x01020304), nfpisa.LdField(a(3), 0b0011, b(1), nfpisa.Rot(0)), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, a(3), nfpisa.Lsh(16)), exit()), 0x03040000},
		{"unwritten bits are shifted out", program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(62), 1).CtxSwap(1), nfpisa.Shf(a(0), op.None, nfpisa.ShfB, xf(0), nfpisa.Rsh(16)), exit()), 0x3f40},
		{"the length under its mask", program(load(a(2), 1<<14-1), nfpisa.ALU(a(0), lm(1, 0), nfpisa.ALUAnd, a(2)), exit()), 64},
		{"posted read, work, wait", program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).SigDone(2), nops(5), nfpisa.CtxArb(1<<2), ret(xf(0))), 0x01020304},
		{"two reads, one wait", program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).SigDone(2), nfpisa.Mem32(nfpisa.MemRead32, 1, a(1), k(4), 1).SigDone(3),
			nfpisa.CtxArb(1<<2|1<<3), nfpisa.ALU(a(0), op.None, nfpisa.ALUB, xf(1)), exit()), 0x05060708},
		{"polling for a signal", program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).SigDone(2), nfpisa.BrArg(nfpisa.CondNoSignal, 2, at(2)), ret(xf(0))), 0x01020304},
		{"posted write, reused after its signal", program(packetPointer, nfpisa.Immed(xf(0), 1), nfpisa.Mem32(nfpisa.MemWrite32, 0, a(1), k(0), 1).SigDone(2), nfpisa.CtxArb(1<<2), nfpisa.Immed(xf(0), 2), nfpisa.Immed(a(0), 1), exit()), 1},
		{"index register after three instructions", program(nfpisa.Immed(lm(0, 0), 7), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(22)), nops(3), ret(lm(2, 0))), 7},
		{"an unfilled defer slot counts for the latency", program(nfpisa.Immed(lm(0, 0), 7), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(22)), nfpisa.Br(at(4)).WithDefer(1), nfpisa.Nop(), ret(lm(2, 0))), 7},
		{"Z is known when some written bit is set", program(nfpisa.ALU(a(3), a(5), nfpisa.ALUOr, k(1)), nfpisa.Immed(a(0), 1), nfpisa.Bcc(nfpisa.CondNE, at(4)), nfpisa.Immed(a(0), 2), exit()), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := testMachine(t, tc.code, arrayMap).Run(Input{Packet: frame(64)})
			require.Nil(t, res.Fault)
			require.Equal(t, tc.want, res.Code, "got %#x, want %#x", res.Code, tc.want)
		})
	}
}

func TestECC(t *testing.T) {
	flip := func(bits ...int) func(*Spec, *image.Image) {
		return func(_ *Spec, img *image.Image) {
			for _, b := range bits {
				img.Words[0] ^= 1 << b
			}
		}
	}
	code := ret(k(7))
	for _, tc := range []struct {
		name    string
		bits    []int
		correct bool
		kind    FaultKind
	}{
		{"one bit, strict", []int{5}, false, FaultECC},
		{"one check bit, strict", []int{47}, false, FaultECC},
		{"one bit, corrected", []int{5}, true, FaultNone},
		{"two bits are beyond correction", []int{5, 9}, true, FaultECC},
		{"a bit above the word", []int{60}, true, FaultECC},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := testMachine(t, code, func(s *Spec, img *image.Image) {
				flip(tc.bits...)(s, img)
				s.CorrectECC = tc.correct
			})
			res := m.Run(Input{Packet: frame(14)})
			if tc.kind == FaultNone {
				require.Nil(t, res.Fault)
				require.EqualValues(t, 7, res.Code)
				return
			}
			require.NotNil(t, res.Fault)
			require.Equal(t, tc.kind, res.Fault.Kind)
		})
	}
	t.Run("no instruction", func(t *testing.T) {
		m := testMachine(t, code, func(_ *Spec, img *image.Image) { img.Words[0] = nfpisa.Word(0xfa00000000).WithECC() })
		res := m.Run(Input{Packet: frame(14)})
		require.NotNil(t, res.Fault)
		require.Equal(t, FaultInvalidWord, res.Fault.Kind)
	})
}

// TestFaultPlace shows the eBPF instruction and C line of a fault.
func TestFaultPlace(t *testing.T) {
	m := testMachine(t, program(nfpisa.Nop(), nfpisa.BrSet(b(5), 3, at(0)), exit()), func(_ *Spec, img *image.Image) {
		img.Lines = []image.Line{{Word: 0, Insn: 3, File: "x.c", LineNo: 10}, {Word: 1, Insn: 4, File: "x.c", LineNo: 12, Text: "\tif (y)", BPF: "if r1 & 8 goto +1"}}
	})
	f := m.Run(Input{Packet: frame(14)}).Fault
	require.EqualError(t, f, "undefined value at word 1 (.17) br_bset[gprB_5, 3, .16], x.c:12, eBPF instruction 4 (if r1 & 8 goto +1): the branch tests bit 3 of a value, which nobody wrote (gprB_5)")
	require.Contains(t, f.Detail(), "    if (y)\n")
}

// TestNoLeftovers shows that a packet sees nothing of the one before it.
func TestNoLeftovers(t *testing.T) {
	code := program(packetPointer, nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(32), 1).CtxSwap(1), ret(xf(0)))
	m := testMachine(t, code, func(s *Spec, _ *image.Image) { s.Checks &^= CheckUndefined })
	require.NotZero(t, m.Run(Input{Packet: frame(64)}).Code)
	require.Zero(t, m.Run(Input{Packet: frame(20)}).Code)
}
