package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

// TestContextRelocations: contexts are relocated against the UAPI, own headers
// keep their layout, and what only a kernel could answer is refused with its C
// line.
func TestContextRelocations(t *testing.T) {
	o := load(t, "odd/core_context.o")
	for name, want := range map[string]struct {
		has []bpf.Insn
		err string
	}{
		"moved":       {has: []bpf.Insn{bpf.Load(bpf.SizeW, 1, 1, bpf.XDPMdRxQueueIndex)}},
		"exists":      {has: []bpf.Insn{bpf.Mov.Imm(1, 1), bpf.Mov.Imm(1, 0)}},
		"skb":         {has: []bpf.Insn{bpf.Load(bpf.SizeW, 2, 1, bpf.SkBuffMark), bpf.Load(bpf.SizeW, 0, 1, bpf.SkBuffCB+8)}},
		"wire":        {has: []bpf.Insn{bpf.Load(bpf.SizeH, 1, 1, 2)}},
		"read_absent": {has: []bpf.Insn{bpf.CallHelper(bpf.HelperAbsentField)}},
		"kernel":      {err: `(odd/core_context.c:48): not supported: CO-RE relocation (field_exists) of "inode___x", because a NIC knows the layout of xdp_md and __sk_buff only`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := o.Program(name)
			if want.err != "" {
				require.ErrorContains(t, err, want.err)
				return
			}
			require.NoError(t, err)
			for _, in := range want.has {
				require.Contains(t, p.Insns, in)
			}
		})
	}
}
