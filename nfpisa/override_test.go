package nfpisa

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The words that the Linux driver's JIT loads before commands with
// indirect_ref: a constant length, or length and immediate.
func TestOverridesOfTheCorpus(t *testing.T) {
	words := readCorpus(t)
	lengths := map[uint8]int{}
	for k := 1; k < len(words); k++ {
		cmd, err := Decode(words[k], Ctx4)
		require.NoError(t, err)
		before, err := Decode(words[k-1], Ctx4)
		require.NoError(t, err)
		if cmd.Class != ClassCmd || !cmd.Cmd.Indirect || before.Class != ClassImmed {
			continue
		}
		o, ok := DecodeOverride(before.Imm << (8 * before.ImmShift))
		require.True(t, ok)
		require.Equal(t, OverrideNoData, o.Select)
		lengths[o.Length]++
	}
	require.NotZero(t, lengths[32], "the longest transfer")
	require.NotZero(t, lengths[9])
	require.Zero(t, lengths[0])
}

func TestOverride(t *testing.T) {
	// immed[gprA_21, 0x890] and ld_field[.., 1100, ..] of atomic additions.
	o, ok := DecodeOverride(0x0007_0c90)
	require.True(t, ok)
	require.Equal(t, Override{Length: 13, Select: OverrideImm16, Value: 7}, o)
	require.Equal(t, uint32(0x0007_0c90), o.Word())
	_, ok = DecodeOverride(1 << 13)
	require.False(t, ok)
	_, ok = DecodeOverride(3 << 8)
	require.False(t, ok, "a length without its enable bit")
}
