package object_test

import (
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
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
		"helper":      {has: []bpf.Insn{bpf.LoadImm64(1, 1)[0], bpf.LoadImm64(1, 0)[0]}},
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

// TestGivenBTF: what the UAPI does not fix is relocated against type information
// that is given.
func TestGivenBTF(t *testing.T) {
	b, err := btf.NewBuilder(nil, nil)
	require.NoError(t, err)
	word := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	for _, s := range []*btf.Struct{
		{Name: "inode", Size: 8, Members: []btf.Member{{Name: "i_ino", Type: word, Offset: 32}}},
		{Name: "own", Size: 8, Members: []btf.Member{{Name: "first", Type: &btf.Int{Name: "__u8", Size: 1}}, {Name: "second", Type: &btf.Int{Name: "__u16", Size: 2}, Offset: 48}}},
	} {
		_, err = b.Add(s)
		require.NoError(t, err)
	}
	kernel, err := b.Spec()
	require.NoError(t, err)
	o, err := object.Load(filepath.Join(samples, "odd/core_context.o"), object.Options{BTF: kernel})
	require.NoError(t, err)
	p, err := o.Program("kernel")
	require.NoError(t, err)
	require.Contains(t, p.Insns, bpf.Mov.Imm(1, 1), "the member exists")
	p, err = o.Program("wire")
	require.NoError(t, err)
	require.Contains(t, p.Insns, bpf.Load(bpf.SizeH, 1, 1, 6), "the member is elsewhere")
	p, err = o.Program("moved")
	require.NoError(t, err)
	require.Contains(t, p.Insns, bpf.Load(bpf.SizeW, 1, 1, bpf.XDPMdRxQueueIndex), "contexts are the UAPI's")
}
