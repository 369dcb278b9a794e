package judge_test

import (
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
	for i, f := range c.Run().Failures {
		require.Less(t, i, 5)
		t.Error(f)
	}
}

func TestFillShows(t *testing.T) {
	p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
		{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeW, Src: 10, Off: -8},
		{Op: bpf.ClassJMP | bpf.EXIT},
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
		{Op: bpf.ClassJMP | bpf.CALL, Imm: 7}, // bpf_get_prandom_u32
		{Op: bpf.ClassALU64 | bpf.ARSH | bpf.X},
		{Op: bpf.ClassALU64 | bpf.RSH | bpf.X},
		{Op: bpf.ClassJMP | bpf.EXIT},
	}}
	c := &oracle.Case{Program: p, Packets: gen.Packets(1, 1, gen.PacketOptions{Min: 14})}
	require.False(t, (&oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}).Definite(c))

	p.Insns[1] = bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV | bpf.K, Imm: 2}
	require.True(t, (&oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}).Definite(c))
}

func TestClockAndAddressesShow(t *testing.T) {
	packets := gen.Packets(1, 1, gen.PacketOptions{Min: 14})
	call := bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Imm: 5} // bpf_ktime_get_ns
	for name, insns := range map[string][]bpf.Insn{
		"time between two readings": {
			call, {Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 6}, call, {Op: bpf.ClassALU64 | bpf.SUB | bpf.X, Src: 6},
		},
		"a middle bit of an address": {
			{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Src: 10}, {Op: bpf.ClassALU64 | bpf.AND | bpf.K, Imm: 1 << 14},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &object.Program{
				Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}},
				Insns: append(insns, bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT}),
			}
			h := &oracle.Harness{Reference: judge.Interpreter{}, Witnesses: judge.Witnesses()}
			require.False(t, h.Definite(&oracle.Case{Program: p, Packets: packets}))
		})
	}
}

// A helper that the interpreter lacks matters where it is called.
func TestMissingHelper(t *testing.T) {
	p := &object.Program{Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}}, Insns: []bpf.Insn{
		{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeW, Src: 1, Off: 16}, // rx_queue_index, which is 0
		{Op: bpf.ClassJMP | bpf.JEQ | bpf.K, Off: 1},
		{Op: bpf.ClassJMP | bpf.CALL, Imm: 15}, // bpf_get_current_uid_gid
		{Op: bpf.ClassJMP | bpf.EXIT},
	}}
	l, err := judge.Interpreter{}.Load(p)
	require.NoError(t, err)
	_, err = l.Run(make([]byte, 64))
	require.NoError(t, err)

	p.Insns[1].Op = bpf.ClassJMP | bpf.JNE | bpf.K
	l, err = judge.Interpreter{}.Load(p)
	require.NoError(t, err)
	_, err = l.Run(make([]byte, 64))
	require.ErrorIs(t, err, oracle.ErrCannotRun)
	require.ErrorContains(t, err, "not supported: helper 15, because the interpreter does not have it")
}

// An address as a number is found where all layouts do the same.
func TestAddressAsNumber(t *testing.T) {
	r10 := bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 2, Src: 10}
	for name, insns := range map[string][]bpf.Insn{
		"offset of a helper": {
			r10,
			{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 3, Src: 10},
			{Op: bpf.ClassALU64 | bpf.ADD | bpf.K, Dst: 3, Imm: -1},
			{Op: bpf.ClassALU64 | bpf.MOV | bpf.K, Dst: 4, Imm: 1},
			{Op: bpf.ClassJMP | bpf.CALL, Imm: 189}, // bpf_xdp_load_bytes
		},
		"comparison with a number": {r10, {Op: bpf.ClassJMP | bpf.JEQ | bpf.K, Dst: 2, Imm: 5}},
		"low word":                 {r10, {Op: bpf.ClassALU | bpf.MOV | bpf.X, Dst: 2, Src: 2}},
		"product":                  {r10, {Op: bpf.ClassALU64 | bpf.MUL | bpf.K, Dst: 2, Imm: 8}},
		"byte of a stored address": {
			{Op: bpf.ClassSTX | bpf.ModeMEM | bpf.SizeDW, Dst: 10, Src: 1, Off: -8}, {Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeB, Dst: 2, Src: 10, Off: -6},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &object.Program{
				Name: "p", Type: object.XDP, Funcs: []object.Func{{Name: "p"}},
				Insns: append(insns, bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV | bpf.K, Imm: 2}, bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT}),
			}
			l, err := judge.Interpreter{Watch: true}.Load(p)
			require.NoError(t, err)
			_, err = l.Run(make([]byte, 64))
			require.EqualError(t, err, "the program takes an address for a number")
		})
	}
}
