package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// TestCycles pins the cost of instructions. The last branch costs 1 + 2 in
// each program, unless its slots are filled.
func TestCycles(t *testing.T) {
	const end = 3
	zero := nfpisa.Immed(a(0), 0)
	ctm := ctmLatency
	emem := ememLatency
	readAt := func(n int) nfpisa.Instr { return nfpisa.Mem32(nfpisa.MemRead32, 0, a(1), k(0), n) }
	for _, tc := range []struct {
		name                    string
		code                    ins
		cycles, instructions, w uint64
	}{
		{"straight line", program(zero, nops(4), exit()), 5 + end, 6, 0},
		{"branch with two slots filled", program(zero, exit().WithDefer(2), nops(2)), 4, 4, 0},
		{"branch with one slot filled", program(zero, exit().WithDefer(1), nops(1)), 4, 3, 0},
		{"conditional branch, taken", program(zero, nfpisa.BrClr(a(0), 0, at(3)), nops(1), exit()), 1 + 4 + end, 3, 0},
		{"conditional branch, taken, three slots filled", program(zero, nfpisa.BrClr(a(0), 0, at(6)).WithDefer(3), nops(3), nops(1), exit()), 1 + 1 + 3 + end, 6, 0},
		{"conditional branch, not taken", program(zero, nfpisa.BrSet(a(0), 0, at(3)), nops(1), exit()), 3 + end, 4, 0},
		{"rtn", program(zero, nfpisa.Immed(a(1), uint32(at(4))), nfpisa.Rtn(a(1)), nops(1), exit()), 2 + 4 + end, 4, 0},
		{"voluntary swap", program(zero, nfpisa.CtxArb(1), exit()), 1 + 3 + end, 3, 0},
		{"read that swaps", program(zero, packetPointer, readAt(1).CtxSwap(1), exit()), 2 + uint64(ctm.Read) + end, 4, uint64(ctm.Read) - 3},
		{"longer read", program(zero, packetPointer, readAt(8).CtxSwap(1), exit()), 2 + uint64(ctm.Read+3*ctm.PerWord) + end, 4, uint64(ctm.Read+3*ctm.PerWord) - 3},
		{"work hidden behind a posted read", program(zero, packetPointer, readAt(1).SigDone(1), nops(20), nfpisa.CtxArb(2), exit()), 2 + uint64(ctm.Read) + end, 25, uint64(ctm.Read) - 24},
		{"a posted read that has come", program(zero, packetPointer, readAt(1).SigDone(1), nops(70), nfpisa.CtxArb(2), exit()), 3 + 70 + 3 + end, 75, 0},
		{"map memory", program(zero, mapPointer(0), nfpisa.Mem40(nfpisa.MemRead32, 0, b(2), a(2), 1).CtxSwap(1), exit()), 3 + uint64(emem.Read) + end, 5, uint64(emem.Read) - 3},
		{
			"second command waits for a busy unit", program(zero, packetPointer, readAt(8).SigDone(1), nfpisa.Mem32(nfpisa.MemRead32, 8, a(1), k(0), 1).SigDone(2), nfpisa.CtxArb(1<<2), nfpisa.CtxArb(1<<1), exit()),
			2 + uint64(4*ctm.Busy+ctm.Read) + 3 + end, 7, uint64(4*ctm.Busy+ctm.Read) - 5,
		},
		{
			"third command waits for both", program(zero, packetPointer, readAt(8).SigDone(1), nfpisa.Mem32(nfpisa.MemRead32, 8, a(1), k(0), 8).SigDone(2), nfpisa.Mem32(nfpisa.MemRead32, 16, a(1), k(0), 1).SigDone(3), nfpisa.CtxArb(1<<3), nfpisa.CtxArb(1<<2|1<<1), exit()),
			2 + uint64(8*ctm.Busy+ctm.Read) + 3 + end, 8, uint64(8*ctm.Busy+ctm.Read) - 6,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := testMachine(t, tc.code, arrayMap).Run(Input{Packet: frame(64)})
			require.Nil(t, res.Fault)
			require.Equal(t, tc.cycles, res.Cycles, "cycles")
			require.Equal(t, tc.instructions, res.Instructions, "instructions")
			require.Equal(t, tc.w, res.MemWait, "memory wait")
			require.EqualValues(t, commands(tc.code), res.Commands, "commands")
		})
	}
}

// commands counts the commands of a straight-line program.
func commands(code ins) (n int) {
	for _, i := range code {
		if i.Class == nfpisa.ClassCmd {
			n++
		}
	}
	return n
}

// TestProfileAddsUp holds the profile against the totals of the runs.
func TestProfileAddsUp(t *testing.T) {
	for _, cc := range loadCorpus(t) {
		spec := DefaultSpec()
		spec.Profile = true
		steps := uint64(0)
		spec.Hooks.Step = func(Step) { steps++ }
		m, err := New(kernelImage(t, &cc), spec)
		require.NoError(t, err)
		var cycles, insns uint64
		for i := range cc.Runs {
			if r := &cc.Runs[i]; r.Comparable {
				res := m.Run(Input{Packet: r.PacketIn})
				cycles += res.Cycles
				insns += res.Instructions
			}
		}
		p := m.Profile()
		var pc, pi uint64
		for i := range p.Count {
			pc += p.Cycles[i]
			pi += p.Count[i]
		}
		require.Equal(t, insns, pi, cc.Name)
		require.Equal(t, insns, steps, cc.Name)
		require.Equal(t, cycles, pc, cc.Name)
	}
}

// TestDeterministic runs the corpus on two machines and compares everything.
func TestDeterministic(t *testing.T) {
	for _, cc := range loadCorpus(t)[:60] {
		one, err := New(kernelImage(t, &cc), DefaultSpec())
		require.NoError(t, err)
		two, err := New(kernelImage(t, &cc), DefaultSpec())
		require.NoError(t, err)
		for i := range cc.Runs {
			in := Input{Packet: cc.Runs[i].PacketIn}
			require.Equal(t, one.Run(in), two.Run(in))
		}
	}
}

func TestBadImages(t *testing.T) {
	ok := func() *image.Image { return testImage(t, ret(k(1))) }
	for _, tc := range []struct {
		name   string
		change func(*Spec, *image.Image)
		want   string
	}{
		{"no code", func(_ *Spec, i *image.Image) { i.Words, i.Programs = nil, nil }, "no code"},
		{"unknown firmware", func(_ *Spec, i *image.Image) { i.Target.Firmware = "x" }, `not supported: firmware model "x", because this binary has agilio, skipsw`},
		{"eight contexts", func(_ *Spec, i *image.Image) { i.Machine.Mode = nfpisa.Ctx8 }, "not supported: eight contexts"},
		{"too much stack", func(_ *Spec, i *image.Image) { i.Machine.StackSize = 961 }, "961 bytes of stack"},
		{"entry outside", func(_ *Spec, i *image.Image) { i.Programs[0].Entry = 2 }, "begins at word 2"},
		{"code beyond the store", func(_ *Spec, i *image.Image) { i.Machine.CodeStart = 16383 }, "ends beyond"},
		{"exit inside the code", func(_ *Spec, i *image.Image) { i.Machine.Done = testStart }, "the exit at control-store address 16 lies inside"},
		{"odd packet buffer", func(s *Spec, _ *image.Image) { s.PacketBuffer = 1000 }, "power of two"},
		{"no budget", func(s *Spec, _ *image.Image) { s.Budget = 0 }, "budget is 0"},
		{"map of an unknown kind", func(_ *Spec, i *image.Image) {
			i.Maps = []image.Map{{Name: "q", Type: "queue", KeySize: 4, ValueSize: 4, MaxEntries: 1}}
		}, `map "q": not supported: maps of type "queue", because the firmware keeps none`},
		{"map outside memory", func(s *Spec, i *image.Image) { arrayMap(s, i); i.Maps[0].Base = 64 }, "not in map memory"},
		{"maps that overlap", func(s *Spec, i *image.Image) {
			arrayMap(s, i)
			i.Maps = append(i.Maps, i.Maps[0])
			i.Maps[1].Name, i.Maps[1].Base = "n", mapBase+264
		}, `maps "m" and "n" overlap`},
		{"initial entry of the wrong size", func(s *Spec, i *image.Image) { arrayMap(s, i); i.Maps[0].Initial[0].Value = nil }, "value of 0 bytes, want 12"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spec, img := DefaultSpec(), ok()
			tc.change(&spec, img)
			_, err := New(img, spec)
			require.ErrorContains(t, err, tc.want)
		})
	}
	m, err := New(ok(), DefaultSpec())
	require.NoError(t, err)
	require.Equal(t, FaultInput, m.Run(Input{Program: 1}).Fault.Kind)
	require.Equal(t, FaultInput, m.Run(Input{Packet: make([]byte, 8100)}).Fault.Kind)
	require.Nil(t, m.Run(Input{}).Fault)
}
