package contracttest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// holding returns a program with hash maps of these numbers of entries, each of
// which it looks up in.
func holding(entries ...uint32) *object.Program {
	p := &object.Program{Name: "limits", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "limits"}}}
	add := func(in ...bpf.Insn) { p.Insns = append(p.Insns, in...) }
	add(bpf.Mov.Imm(1, 7),
		bpf.Store(bpf.SizeW, 10, -4, 1))
	for k, n := range entries {
		p.Maps = append(p.Maps, &object.Map{Name: fmt.Sprintf("m%d", k), Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: n})
		add(bpf.Mov.Reg(2, 10),
			bpf.Add.Imm(2, -4))
		add(bpf.LoadMap(1, k)...)
		add(bpf.CallHelper(bpf.HelperMapLookupElem))
	}
	add(bpf.Mov.Imm(0, 2), bpf.Return())
	return p
}

// TestEntries holds that check and the compiler have the same limits of the
// Agilio firmware, for a map and for all together.
func TestEntries(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []uint32
		refused string // part of the text, in both
	}{
		{"two maps that are more together than one may be", []uint32{1_500_000, 1_500_000}, ""},
		{"one map of as many", []uint32{3_000_000}, "2048000"},
		{"one entry too many in a map", []uint32{2_048_001}, "2048000"},
		{"as many as a map takes", []uint32{2_048_000}, ""},
		{"three maps of a published program", []uint32{1_000_001, 1_000_001, 1_000_001}, ""},
		{"as many as all take", []uint32{2_048_000, 2_048_000, 98_304}, ""},
		{"one too many in all", []uint32{2_048_000, 2_048_000, 98_305}, "4194304"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := holding(c.entries...)
			found, err := check.Program(p, check.Options{NFP: true})
			require.NoError(t, err)
			v, err := verify.Verify(p, verify.Options{})
			require.NoError(t, err)
			_, err = translate.Compile(v, translate.Options{Target: target.MustBuiltin("agilio")})
			if c.refused == "" {
				require.Empty(t, found)
				require.NoError(t, err)
				return
			}
			require.Len(t, found, 1)
			require.Contains(t, found[0].Says, c.refused)
			require.ErrorIs(t, err, translate.ErrNotSupported)
			require.ErrorContains(t, err, c.refused)
		})
	}
}
