package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// byContract is a program that finds everything where a target says: it reads
// the packet's first word, stores it on the stack, takes it from there by the
// stack register, adds length and ingress interface, adds the counter at the
// beginning of map memory and ends with the sum as the exit word.
func byContract(tg *target.Target) ins {
	v, e := &tg.PacketVector, &tg.Entry
	vector := func(dst nfpisa.Operand, f target.Field) ins {
		return program(
			load(b(5), f.Mask()), nfpisa.ALU(a(5), b(5), nfpisa.ALUAnd, lm(int(e.VectorIndex), int(f.Word))),
			nfpisa.Shf(dst, op.None, nfpisa.ShfB, a(5), shiftRight(f.Low)),
		)
	}
	region := tg.Maps.Region()
	return program(
		nfpisa.Mov(b(6), e.Stack.Operand()), nfpisa.Mov(a(1), lm(int(e.VectorIndex), int(v.Pointer.Word))),
		nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), 1).CtxSwap(int(tg.Registers.Signals[0])),
		nfpisa.Mov(lm(int(e.StackIndex), 1), xf(0)),
		nfpisa.CSRWr(nfpisa.CSRActLMAddr3, b(6)), nops(tg.LocalMemory.PointerDelay), nfpisa.Mov(a(2), lm(3, 1)),
		vector(b(3), v.Length), nfpisa.ALU(a(2), a(2), nfpisa.ALUAdd, b(3)),
		vector(b(3), *v.Ingress), nfpisa.ALU(a(2), a(2), nfpisa.ALUAdd, b(3)),
		load(b(2), region.High()), load(a(3), uint32(region.Base)+uint32(region.Align)),
		nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(3), 1).CtxSwap(int(tg.Registers.Signals[0])),
		nfpisa.ALU(b(4), a(2), nfpisa.ALUAdd, xf(0)),
		nfpisa.Mov(tg.Exit.Register.Operand(), b(4)), nfpisa.Br(int(tg.Core.Done)),
	)
}

// shiftRight shifts right by n, which can be 0.
func shiftRight(n uint8) nfpisa.Shift {
	if n == 0 {
		return nfpisa.Rot(0)
	}
	return nfpisa.Rsh(int(n))
}

// TestMachineFollowsTarget runs a program that keeps to a target on targets with
// one value changed.
func TestMachineFollowsTarget(t *testing.T) {
	const plain = 4
	for _, tc := range []struct {
		name   string
		change func(*target.Target)
		cycles int // more or fewer than with the built-in target
	}{
		{"as it is", func(*target.Target) {}, 0},
		{"another name", func(tg *target.Target) { tg.Name = "acme" }, 0},
		{"stack register", func(tg *target.Target) { tg.Entry.Stack = target.Reg{Num: 20} }, 0},
		{"stack register of bank B", func(tg *target.Target) { tg.Entry.Stack = target.Reg{Bank: nfpisa.BankB, Num: 20} }, 0},
		{"index registers", func(tg *target.Target) { tg.Entry.StackIndex, tg.Entry.VectorIndex, tg.Calls.Key.Index = 1, 0, 1 }, 0},
		{"packet pointer in another word", func(tg *target.Target) { tg.PacketVector.Pointer.Word = 3 }, 0},
		{"longer length", func(tg *target.Target) { tg.PacketVector.Length.Bits = 16 }, 0},
		{"length among other bits", func(tg *target.Target) { tg.PacketVector.Length = target.Field{Word: 5, Low: 8, Bits: 14} }, 0},
		{"ingress interface", func(tg *target.Target) { tg.PacketVector.Ingress = &target.Field{Word: 6, Low: 4, Bits: 20} }, 0},
		{"shorter packet vector", func(tg *target.Target) {
			tg.PacketVector.Words, tg.PacketVector.Redirect, tg.PacketVector.Metadata, tg.PacketVector.Egress = 10, nil, nil, nil
			tg.PacketVector.Fragment, tg.Packet.Fragments, tg.PacketVector.Skb = nil, nil, nil
			delete(tg.Helpers, "redirect")
			delete(tg.Helpers, "redirect_map")
			delete(tg.Helpers, "redirect_neigh")
			delete(tg.Helpers, "xdp_adjust_meta")
		}, 0},
		{"packet vector behind the stack", func(tg *target.Target) { tg.LocalMemory.Vector, tg.LocalMemory.StackBase = 960, 0 }, 0},
		{"smaller contexts", func(tg *target.Target) { tg.LocalMemory.Context, tg.LocalMemory.Stack = 640, 576 }, 0},
		{"index registers that are ready sooner", func(tg *target.Target) { tg.LocalMemory.PointerDelay = 1 }, -2},
		{"index registers that are ready later", func(tg *target.Target) { tg.LocalMemory.PointerDelay = 5 }, 2},
		{"packet pointers with another mark", func(tg *target.Target) { tg.Packet.PointerSet, tg.Packet.NumberLow = 1<<30, 14 }, 0},
		{"packet numbers lower", func(tg *target.Target) { tg.Packet.NumberLow = 14 }, 0},
		{"exit register", func(tg *target.Target) { tg.Exit.Register = target.Reg{Bank: nfpisa.BankB, Num: 7} }, 0},
		{"exit address", func(tg *target.Target) { tg.Core.Done = 7 }, 0},
		{"map memory elsewhere", func(tg *target.Target) {
			tg.Maps.Regions = tg.Maps.Regions[:1]
			tg.Maps.Regions[0].Base = 0x31_4000_0000
		}, 1},
		{"maps further apart", func(tg *target.Target) { tg.Maps.Regions[0].Align = 4096 }, 0},
		{"slower maps", func(tg *target.Target) { change(tg, "emem", func(m *target.Memory) { m.Read += 50 }) }, 50},
		{"slower packets", func(tg *target.Target) { change(tg, "ctm", func(m *target.Memory) { m.Read += 7 }) }, 7},
		{"maps in another memory", func(tg *target.Target) {
			tg.Memories["cls"] = target.Memory{Read: 35, Write: 30, Atomic: 35, PerWord: 1, Busy: 1}
			tg.Maps.Regions[0].Memory = "cls"
		}, 35 - 200},
		{"packets in another memory", func(tg *target.Target) { tg.Packet.Memory = "emem" }, 200 - 60},
		{"another signal", func(tg *target.Target) { tg.Registers.Signals = []target.Signal{9} }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			run := func(tg *target.Target) Result {
				m := testMachine(t, byContract(tg), func(_ *Spec, img *image.Image) {
					img.Target, img.Machine.Done = tg, uint16(tg.Core.Done)
					r := tg.Maps.Region()
					img.Maps = []image.Map{{
						Name: "m", Type: "array", KeySize: 4, ValueSize: 4, MaxEntries: 1, Layout: "array", Base: r.Base + r.Align, Stride: 8,
						Initial: []image.Entry{{Key: make([]byte, 4), Value: []byte{0, 0, 1, 0}}},
					}}
				})
				res := m.Run(Input{Packet: frame(64), IngressIfindex: 7})
				require.Nil(t, res.Fault)
				require.EqualValues(t, 0x01020304+64+7+0x100, res.Verdict)
				require.Equal(t, frame(64), res.Packet)
				return res
			}
			tg := target.MustBuiltin("skipsw")
			tg.LocalMemory.Stack = 576
			want := run(tg).Cycles
			tg = tg.Clone()
			tc.change(tg)
			got := run(tg).Cycles
			require.InDelta(t, float64(int(want)+tc.cycles), float64(got), plain)
			if tc.cycles != 0 {
				require.NotEqual(t, want, got)
			}
		})
	}
}

func change(tg *target.Target, memory string, f func(*target.Memory)) {
	m := tg.Memories[memory]
	f(&m)
	tg.Memories[memory] = m
}

// TestTargetsRefused shows what a machine does not take of a target that makes
// sense.
func TestTargetsRefused(t *testing.T) {
	for want, change := range map[string]func(*target.Target, *image.Image){
		"image says no target":                       func(_ *target.Target, img *image.Image) { img.Target = nil },
		"exit.writes device":                         func(tg *target.Target, _ *image.Image) { tg.Exit.Writes = "device" },
		"core.code_sharers 2":                        func(tg *target.Target, _ *image.Image) { tg.Core.CodeSharers = 2 },
		"packet_vector.words is 17, must be 1 to 16": func(tg *target.Target, _ *image.Image) { tg.PacketVector.Words = 17 },
		"image has 2 words; target skipsw has room":  func(tg *target.Target, _ *image.Image) { tg.Core.CodeWords = 1 },
	} {
		img, tg := testImage(t, ret(k(1))), target.MustBuiltin("skipsw")
		img.Target = tg
		change(tg, img)
		_, err := New(img, DefaultSpec())
		require.ErrorContains(t, err, want)
	}
	img, spec := testImage(t, ret(k(1))), DefaultSpec()
	spec.Memories = map[string]Latency{"dram": {}}
	_, err := New(img, spec)
	require.ErrorContains(t, err, `Spec.Memories has "dram", which target skipsw has not`)

	m := testMachine(t, ret(k(1)), func(_ *Spec, img *image.Image) { img.Target.PacketVector.Length.Bits = 8 })
	require.Nil(t, m.Run(Input{Packet: make([]byte, 255)}).Fault)
	require.Equal(t, FaultInput, m.Run(Input{Packet: make([]byte, 256)}).Fault.Kind, "a length of 8 bits does not hold 256")
}

// TestKeptRegisters shows that a register which is not the program's cannot be
// written, and that the rule can be off.
func TestKeptRegisters(t *testing.T) {
	code := program(nfpisa.Immed(a(3), 1), ret(k(1)))
	keep := func(checks Checks) func(*Spec, *image.Image) {
		return func(s *Spec, img *image.Image) {
			img.Target.Registers.KeepA = []target.GPR{3}
			s.Checks = checks
		}
	}
	f := testMachine(t, code, keep(AllChecks)).Run(Input{Packet: frame(64)}).Fault
	require.NotNil(t, f)
	require.Equal(t, FaultGrant, f.Kind)
	require.ErrorContains(t, f, "register gprA_3 is written, which is not the program's")
	require.Nil(t, testMachine(t, code, keep(AllChecks&^CheckGrant)).Run(Input{Packet: frame(64)}).Fault)
}
