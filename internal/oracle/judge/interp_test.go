package judge_test

import (
	"slices"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
)

// Generated programs must read only what they wrote, and make no numbers of
// addresses that reach the outcome.
func TestGeneratedProgramsAreDefinite(t *testing.T) {
	c := &oracle.Campaign{N: 2000, Harness: &oracle.Harness{Reference: judge.Interpreter{}, Judges: judge.Witnesses()[1:]}}
	for i, f := range c.Run(t.Context()).Failures {
		require.Less(t, i, 5)
		t.Error(f)
	}
}

func TestFillShows(t *testing.T) {
	p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
		bpf.Load(bpf.SizeW, 0, 10, -8),
		bpf.Return(),
	}}
	fills := []oracle.Judge{judge.Interpreter{Fill: 0xa5, Near: 0xa5}, judge.Interpreter{Fill: 0x5a, Near: 0xff}}
	h := &oracle.Harness{Reference: judge.Interpreter{}, Judges: fills}
	rep, err := h.Check(&oracle.Case{Program: p, Packets: gen.Packets(1, 1, gen.PacketOptions{Min: 14})})
	require.NoError(t, err)
	require.Len(t, rep.Mismatches, 2)
	require.Contains(t, rep.Mismatches[0].Detail, "0xa5a5a5a5")
	require.Contains(t, rep.Mismatches[1].Detail, "0xffffffff")
}

// Most random numbers end as 0 here.
func TestChanceShows(t *testing.T) {
	p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
		bpf.CallHelper(bpf.HelperGetPrandomU32),
		bpf.Arsh.Reg(0, 0),
		bpf.Rsh.Reg(0, 0),
		bpf.Return(),
	}}
	c := &oracle.Case{Program: p, Packets: gen.Packets(1, 1, gen.PacketOptions{Min: 14})}
	require.False(t, (&oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}).Definite(c))

	p.Insns[1] = bpf.Mov.Imm(0, 2)
	require.True(t, (&oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}).Definite(c))
}

// Test runs of the kernel have no interface that a tc frame came in by, as near misses
// notice that read another field than was meant.
func TestIngressShows(t *testing.T) {
	p := &object.Program{Name: "p", Type: object.TC, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
		bpf.Load(bpf.SizeW, 0, 1, bpf.SkBuffIngressIfindex),
		bpf.Return(),
	}}
	c := &oracle.Case{Program: p, Packets: gen.Packets(1, 1, gen.PacketOptions{Min: 34})}
	require.False(t, (&oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}).Definite(c))

	p.Insns[0] = bpf.Load(bpf.SizeW, 0, 1, bpf.SkBuffIfindex)
	require.True(t, (&oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}).Definite(c))
}

func TestClockAndAddressesShow(t *testing.T) {
	packets := gen.Packets(1, 1, gen.PacketOptions{Min: 14})
	call := bpf.CallHelper(bpf.HelperKtimeGetNs)
	for name, insns := range map[string][]bpf.Insn{
		"time between two readings": {
			call, bpf.Mov.Reg(6, 0), call, bpf.Sub.Reg(0, 6),
		},
		"a middle bit of an address": {
			bpf.Mov.Reg(0, 10), bpf.And.Imm(0, 1<<14),
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &object.Program{
				Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}},
				Insns: append(insns, bpf.Return()),
			}
			h := &oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}
			require.False(t, h.Definite(&oracle.Case{Program: p, Packets: packets}))
		})
	}
}

// What a program reserves and does not write is what the ring had before.
func TestUnwrittenRecordShows(t *testing.T) {
	ring := &object.Map{Name: "ring", Type: bpf.MapTypeRingbuf, MaxEntries: 4096}
	for name, definite := range map[string]bool{"written": true, "as it was": false} {
		t.Run(name, func(t *testing.T) {
			write := bpf.StoreImm(bpf.SizeDW, 0, 0, 1)
			if !definite {
				write = bpf.Goto(0)
			}
			insns := slices.Concat(bpf.LoadMap(1, 0), []bpf.Insn{
				bpf.Mov.Imm(2, 8), bpf.Mov.Imm(3, 0), bpf.CallHelper(bpf.HelperRingbufReserve),
				bpf.JEq.Imm(0, 0, 4), write, bpf.Mov.Reg(1, 0), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRingbufSubmit),
				bpf.Mov.Imm(0, 2), bpf.Return(),
			})
			p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Maps: []*object.Map{ring}, Insns: insns}
			h := &oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}
			require.Equal(t, definite, h.Definite(&oracle.Case{Program: p, Packets: gen.Packets(1, 1, gen.PacketOptions{Min: 14})}))
		})
	}
}

// What an iterator leaves on the stack when it ends is nothing that was written.
func TestEndedIteratorShows(t *testing.T) {
	iterator := func(id bpf.KfuncID) bpf.Insn {
		in := bpf.CallHelper(bpf.HelperID(id))
		in.Src = bpf.PseudoKfunc
		return in
	}
	for name, definite := range map[string]bool{"read": false, "not read": true} {
		t.Run(name, func(t *testing.T) {
			result := bpf.Mov.Imm(0, 2)
			if !definite {
				result = bpf.Load(bpf.SizeW, 0, 10, -8)
			}
			p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
				bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, -8), bpf.Mov.Imm(2, 0), bpf.Mov.Imm(3, 3), iterator(bpf.KfuncIterNumNew),
				bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, -8), iterator(bpf.KfuncIterNumDestroy), result, bpf.Return(),
			}}
			h := &oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}
			require.Equal(t, definite, h.Definite(&oracle.Case{Program: p, Packets: gen.Packets(1, 1, gen.PacketOptions{Min: 14})}))
		})
	}
}

// A helper that the interpreter lacks matters where it is called.
func TestMissingHelper(t *testing.T) {
	p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
		bpf.Load(bpf.SizeW, 0, 1, 16), // rx_queue_index, which is 0
		bpf.JEq.Imm(0, 0, 1),
		bpf.CallHelper(bpf.HelperGetCurrentUIDGID),
		bpf.Return(),
	}}
	l, err := judge.Interpreter{}.Load(p)
	require.NoError(t, err)
	_, err = l.Run(make([]byte, 64))
	require.NoError(t, err)

	p.Insns[1] = bpf.JNe.Imm(0, 0, 1)
	l, err = judge.Interpreter{}.Load(p)
	require.NoError(t, err)
	_, err = l.Run(make([]byte, 64))
	require.ErrorIs(t, err, oracle.ErrCannotRun)
	require.ErrorContains(t, err, "not supported: helper 15, because the interpreter does not have it")
}

// An address as a number is found where all layouts do the same.
func TestAddressAsNumber(t *testing.T) {
	r10 := bpf.Mov.Reg(2, 10)
	for name, insns := range map[string][]bpf.Insn{
		"offset of a helper": {
			r10,
			bpf.Mov.Reg(3, 10),
			bpf.Add.Imm(3, -1),
			bpf.Mov.Imm(4, 1),
			bpf.CallHelper(bpf.HelperXDPLoadBytes),
		},
		"comparison with a number": {r10, bpf.JEq.Imm(2, 5, 0)},
		"low word":                 {r10, bpf.Mov.Reg32(2, 2)},
		"product":                  {r10, bpf.Mul.Imm(2, 8)},
		"byte of a stored address": {
			bpf.Store(bpf.SizeDW, 10, -8, 1), bpf.Load(bpf.SizeB, 2, 10, -6),
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &object.Program{
				Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}},
				Insns: append(insns, bpf.Mov.Imm(0, 2), bpf.Return()),
			}
			l, err := judge.Interpreter{Watch: true}.Load(p)
			require.NoError(t, err)
			_, err = l.Run(make([]byte, 64))
			require.EqualError(t, err, "the program takes an address for a number")
		})
	}
}
