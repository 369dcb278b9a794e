package oracle_test

import (
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// long makes a program whose log at instruction level is longer than what is
// kept of it.
func long(end ...bpf.Insn) *object.Program {
	var insns []bpf.Insn
	for i := range int32(20) {
		insns = append(insns, movImm(1, i), movImm(2, i))
	}
	return program(object.XDP, append(insns, end...)...)
}

// function makes a program with a function that ends with an instruction.
func function(last bpf.Insn) *object.Program {
	p := long(bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoCall, Imm: 1}, exitInsn, last, exitInsn)
	p.Funcs = append(p.Funcs, object.Func{Name: "f", Start: len(p.Insns) - 2})
	return p
}

func TestAskVerifier(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	loadR3 := bpf.Insn{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeDW, Dst: 0, Src: 3}
	cases := []struct {
		name string
		p    *object.Program
		want string // part of the refusal
	}{
		{name: "accepted", p: long(movImm(0, 2), exitInsn)},
		{name: "accepted, short", p: program(object.TC, movImm(0, 0), movImm(0, 1), movImm(0, 2), exitInsn)},
		{name: "accepted, three instructions", p: program(object.XDP, movImm(0, 1), movImm(0, 2), exitInsn)},
		{name: "refused, three instructions", p: program(object.XDP, movImm(0, 1), loadR3, exitInsn), want: "R3 !read_ok"},
		{name: "accepted, with a function", p: function(movImm(0, 2))},
		{name: "refused, with a function", p: function(loadR3), want: "R3 !read_ok"},
		{name: "refused in the walk", p: long(loadR3, exitInsn), want: "R3 !read_ok"},
		{name: "refused before the walk", p: long(movImm(0, 2)), want: "last insn is not an exit"},
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
		p := long(
			bpf.Insn{Op: bpf.ClassLD | bpf.ModeIMM | bpf.SizeDW, Dst: 1, Src: bpf.PseudoMapValue}, bpf.Insn{},
			bpf.Insn{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeW, Dst: 1, Src: 1},
			bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 2, Src: 10},
			bpf.Insn{Op: bpf.ClassALU64 | bpf.ADD | bpf.K, Dst: 2, Imm: -16},
			bpf.Insn{Op: bpf.ClassALU64 | bpf.ADD | bpf.X, Dst: 2, Src: 1},
			movImm(0, 2),
			bpf.Insn{Op: bpf.ClassSTX | bpf.ModeMEM | bpf.SizeDW, Dst: 2, Src: 0},
			exitInsn,
		)
		p.Maps = []*object.Map{{
			Name: ".rodata", Type: unix.BPF_MAP_TYPE_ARRAY, KeySize: 4, ValueSize: 4, MaxEntries: 1, Flags: unix.BPF_F_RDONLY_PROG,
			Frozen: true, Initial: []object.Entry{{Key: make([]byte, 4), Value: []byte{offset, 0, 0, 0}}},
		}}
		err := oracle.AskVerifier(p)
		require.Equal(t, ok, err == nil, "%d: %v", offset, err)
	}
}
