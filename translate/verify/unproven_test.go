package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// soundUntilFault runs a program on packets, as sound does, and returns what
// contradicts the facts before a run ends or faults.
func soundUntilFault(p *object.Program, walked *verify.Program, seed uint64, packets int) (bad string, facts int) {
	// A fault is what the walk leaves to the run.
	return watchRuns(p, walked, seed, packets, 1<<16, func(error) bool { return true })
}

// widened makes the constants of bounds checks and masks larger, so that most
// accesses are not proven.
func widened(p *object.Program) *object.Program {
	q := *p
	q.Insns = append([]bpf.Insn{}, p.Insns...)
	for i := range q.Insns {
		in := &q.Insns[i]
		if in.IsALU() && in.ALUOp() == bpf.And && in.Source() == bpf.K {
			in.Imm = -1
		}
	}
	return &q
}

// What is said of programs that are not proven is true of their runs, up to the
// first wrong access.
func TestFactsSoundUnproven(t *testing.T) {
	programs, unproven, facts, refused := 0, 0, 0, 0
	for k := range uint64(count(400)) {
		seed := first() + k
		p := gen.Program(seed, gen.Options{})
		for _, p := range []*object.Program{p, widened(p), gen.NearMiss(seed, gen.Options{})} {
			if _, err := verify.Verify(p, verify.Options{}); err != nil {
				unproven++
			}
			walked, err := verify.WalkUnproven(p)
			if err != nil {
				refused++
				continue
			}
			require.False(t, walked.Proven())
			bad, n := soundUntilFault(p, walked, seed, 8)
			require.Empty(t, bad, "seed %d\n%s", seed, dump(p))
			programs++
			facts += n
		}
	}
	t.Logf("%d programs, of them or beside them %d not proven, %d refused by both walks; %d facts compared", programs, unproven, refused, facts)
	require.NotZero(t, facts)
}

// Loops without a known end are walked in few rounds.
func TestUnprovenLoops(t *testing.T) {
	const packet = "r1 = *(u32 *)(r1 +0); r6 = r1; "
	for _, tc := range []struct{ name, code, refused string }{
		{"endless", `r0 = 0; x: r0 += 1; goto x`, ""},
		{"until a byte is zero", packet + `r0 = 0; x: r2 = *(u8 *)(r1 +0); r1 += 1; r0 += 1; if r2 != 0 goto x; exit`, ""},
		{"downwards", packet + `r2 = *(u64 *)(r1 +0); r0 = 0; x: r0 += 3; r2 -= 1; if r2 != 0 goto x; exit`, ""},
		{"around all numbers", `r0 = 0; x: r0 += 1; if r0 != 0 goto x; exit`, ""},
		{"two loops in one another", packet + `r0 = 0; y: r3 = *(u8 *)(r1 +0); x: r0 += r3; r3 -= 1; if r3 != 0 goto x; r1 += 1; if r0 < 1000 goto y; exit`, ""},
		{"pointers change places", packet + `r0 = 0; x: r7 = r6; r6 = r1; r1 = r7; r1 += 3; r2 = *(u8 *)(r6 +0); if r2 != 0 goto x; exit`, ""},
		{"a counter on the stack", packet + `r0 = 0; r2 = *(u64 *)(r1 +0); *(u64 *)(r10 -8) = r2; x: r2 = *(u64 *)(r10 -8); r2 += -1; *(u64 *)(r10 -8) = r2; if r2 != 0 goto x; exit`, ""},
		{"a bounded index of the stack", packet + `r0 = 0; y: r3 = 0; x: r4 = r10; r4 += -16; r4 += r3; *(u8 *)(r4 +0) = 1; r3 += 1; if r3 < 16 goto x; r2 = *(u8 *)(r1 +0); r1 += 1; if r2 != 0 goto y; exit`, ""},
		{"a pointer to the stack that moves", packet + `r0 = 0; r5 = r10; x: r5 += 8; r2 = *(u8 *)(r1 +0); if r2 != 0 goto x; exit`, "pointer arithmetic with R5"},
		{"an unbounded index of the stack", packet + `r0 = 0; r4 = r10; x: r4 += -1; *(u8 *)(r4 +0) = 1; r2 = *(u8 *)(r1 +0); r1 += 1; if r2 != 0 goto x; exit`, "pointer arithmetic with R4"},
	} {
		p := assemble("loop", object.XDP, tc.code)
		walked, err := verify.Verify(p, verify.Options{Unproven: true})
		if tc.refused != "" {
			require.ErrorContains(t, err, tc.refused, tc.name)
			continue
		}
		require.NoError(t, err, tc.name)
		require.False(t, walked.Proven(), tc.name)
		insns, _ := walked.Walked()
		require.Less(t, insns, 5000, tc.name)
	}
}
