package objdump

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWords(t *testing.T) {
	tool, err := Find(t.Context())
	require.NoError(t, err)
	words := []uint64{0x0009a0a000100c02, 0xf0000c0300, 0, 0xfa00000000}
	got, err := tool.Words(t.Context(), words, 4)
	require.NoError(t, err)
	require.Equal(t, []Line{
		{"alu[gprA_1, --, B, gprB_3]", false},
		{"nop", false},
		{"ila[read, $xfer_0, gprA_0, <<8, gprB_0, 1], ctx_swap[--]", false},
		{"<invalid_instruction>: 0xfa00000000 # ERROR", true},
	}, got)

	eight, err := tool.Words(t.Context(), []uint64{0xa080100c1f}, 8)
	require.NoError(t, err)
	require.Equal(t, "alu[gprA_1, gprA_15, +, gprB_3]", eight[0].Text)

	_, err = tool.Run(t.Context(), "-d", "/nonexistent")
	require.ErrorContains(t, err, "nonexistent")
	_, err = tool.RunReadelf(t.Context(), "-a", "/nonexistent")
	require.Error(t, err)
}
