package cli

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
)

// Values of per-CPU maps are printed by CPU, without those that are zero.
func TestPrintPerCPU(t *testing.T) {
	p := entryPrinter{types: offload.MapTypes{Key: &btf.Int{Name: "u32", Size: 4}, Value: &btf.Int{Name: "u32", Size: 4}}, one: 4}
	var out bytes.Buffer
	print := func(asJSON bool, value ...byte) string {
		out.Reset()
		require.NoError(t, p.print(&out, []offload.Entry{{Key: []byte{1, 0, 0, 0}, Value: value}}, asJSON))
		return out.String()
	}
	three := []byte{0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	require.Equal(t, "1: cpu 1: 5, 2 others: 0\n", print(false, three...))
	require.Equal(t, "1: 0 on all of 3 CPUs\n", print(false, make([]byte, 24)...))
	require.Equal(t, "1: cpu 0: 6, cpu 1: 5\n", print(false, append([]byte{6, 0, 0, 0, 0, 0, 0, 0}, three[8:16]...)...))
	require.Equal(t, "1: 7\n", print(false, 7, 0, 0, 0))
	require.JSONEq(t, `[{"key": "01000000", "value": "000000000000000005000000000000000000000000000000", "key_text": "1", "value_text": "cpu 1: 5, 2 others: 0",
		"cpus": [{"cpu": 1, "value": "05000000", "value_text": "5"}]}]`, print(true, three...))
}
