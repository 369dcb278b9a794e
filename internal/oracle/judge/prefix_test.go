package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestBitsBehindPrefix: an update under a prefix that is there leaves the later
// key's bits behind it in the map, for all judges.
func TestBitsBehindPrefix(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	const noPrealloc = 1
	prefixes := &object.Map{
		Name: "prefixes", Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 4, MaxEntries: 4, Flags: noPrealloc,
		Initial: []object.Entry{
			{Key: []byte{17, 0, 0, 0, 1, 2, 0x80, 7}, Value: []byte{1, 0, 0, 0}},
			{Key: []byte{17, 0, 0, 0, 1, 2, 0xff, 9}, Value: []byte{2, 0, 0, 0}},
		},
	}
	code := append([]bpf.Insn{bpf.StoreImm(bpf.SizeDW, bpf.FP, -8, 0)}, bpf.LoadMap(bpf.R1, 0)...)
	code = append(code,
		bpf.Mov.Reg(bpf.R2, bpf.FP),
		bpf.Add.Imm(bpf.R2, -8),
		bpf.CallHelper(bpf.HelperMapLookupElem),
		bpf.Mov.Imm(bpf.R0, 2),
		bpf.Return(),
	)
	p := &object.Program{Name: "prefixes", Type: object.XDP, License: "GPL", Maps: []*object.Map{prefixes}, Insns: code, Funcs: []object.Func{{Name: "prefixes"}}}
	h := &oracle.Harness{Reference: oracle.Kernel{}, Judges: judges(t)}
	rep, err := h.Check(&oracle.Case{Program: p, Packets: [][]byte{make([]byte, 64)}})
	require.NoError(t, err)
	require.True(t, rep.Accepted)
	require.Empty(t, rep.Mismatches)
	require.Positive(t, rep.Compared["skipsw"])
}
