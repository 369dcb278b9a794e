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
