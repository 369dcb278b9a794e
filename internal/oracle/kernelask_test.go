package oracle_test

import (
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
)

// long makes a program whose log at instruction level is longer than what is
// kept of it.
func long(end ...bpf.Insn) *object.Program {
	var insns []bpf.Insn
	for i := range int32(20) {
		insns = append(insns, bpf.Mov.Imm(1, i), bpf.Mov.Imm(2, i))
	}
	return program(object.XDP, append(insns, end...)...)
}

// function makes a program with a function that ends with an instruction.
func function(last bpf.Insn) *object.Program {
	p := long(bpf.CallFunc(1), bpf.Return(), last, bpf.Return())
	p.Funcs = append(p.Funcs, object.Func{Name: "f", Start: len(p.Insns) - 2})
	return p
}

func TestAskVerifier(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	loadR3 := bpf.Load(bpf.SizeDW, 0, 3, 0)
	cases := []struct {
		name string
		p    *object.Program
		want string // part of the refusal
	}{
		{name: "accepted", p: long(bpf.Mov.Imm(0, 2), bpf.Return())},
		{name: "accepted, short", p: program(object.TC, bpf.Mov.Imm(0, 0), bpf.Mov.Imm(0, 1), bpf.Mov.Imm(0, 2), bpf.Return())},
		{name: "accepted, three instructions", p: program(object.XDP, bpf.Mov.Imm(0, 1), bpf.Mov.Imm(0, 2), bpf.Return())},
		{name: "refused, three instructions", p: program(object.XDP, bpf.Mov.Imm(0, 1), loadR3, bpf.Return()), want: "R3 !read_ok"},
		{name: "accepted, with a function", p: function(bpf.Mov.Imm(0, 2))},
		{name: "refused, with a function", p: function(loadR3), want: "R3 !read_ok"},
		{name: "refused in the walk", p: long(loadR3, bpf.Return()), want: "R3 !read_ok"},
		{name: "refused before the walk", p: long(bpf.Mov.Imm(0, 2)), want: "last insn is not an exit"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := oracle.AskVerifier(c.p)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			var reject *oracle.KernelReject
			require.ErrorAs(t, err, &reject)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestAskVerifierConstants asks about a program that is right only because of
// what a frozen map holds: an offset into the stack.
func TestAskVerifierConstants(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	for offset, ok := range map[byte]bool{8: true, 16: false} {
		p := long(append(bpf.LoadMapValue(1, 0, 0),
			bpf.Load(bpf.SizeW, 1, 1, 0),
			bpf.Mov.Reg(2, 10),
			bpf.Add.Imm(2, -16),
			bpf.Add.Reg(2, 1),
			bpf.Mov.Imm(0, 2),
			bpf.Store(bpf.SizeDW, 2, 0, 0),
			bpf.Return(),
		)...)
		p.Maps = []*object.Map{{
			Name: ".rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: bpf.FRdonlyProg,
			Frozen: true, Initial: []object.Entry{{Key: make([]byte, 4), Value: []byte{offset, 0, 0, 0}}},
		}}
		err := oracle.AskVerifier(p)
		require.Equal(t, ok, err == nil, "%d: %v", offset, err)
	}
}
