package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestTrial tests that the kernel at hand is asked, and that nothing of a trial
// is left.
func TestTrial(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	newer := pass("newer", object.XDP)
	signed := bpf.Div.Imm(bpf.R0, 3)
	signed.Off = 1 // signed division came with kernel 6.6
	newer.Insns, newer.Lines = []bpf.Insn{bpf.Mov.Imm(bpf.R0, 6), signed, bpf.Return()}, nil
	big := withMaps("big", "many")
	big.Maps[0].Type, big.Maps[0].MaxEntries = bpf.MapTypeHash, 1<<20
	wide := withMaps("wide", "array")
	wide.Maps[0].MaxEntries = 1 << 20
	tests := []struct {
		name string
		p    *offload.Program
		mode offload.Mode
		want string
	}{
		{"fits", withMaps("fits", "a", "b"), offload.Hardware, ""},
		{"of the host", withMaps("fits", "a", "b"), offload.Driver, ""},
		{"large hash, small trial", big, offload.Hardware, ""},
		{"newer instructions", newer, offload.Driver, "this kernel knows instruction set v3; compile with -mcpu=v3"},
		{"too much memory", wide, offload.Driver, "not supported: a trial of this program"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := offload.Trial(t.Context(), d, tt.p, tt.mode)
			if tt.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.want)
			}
			maps, err := d.Maps(t.Context(), offload.Everywhere)
			require.NoError(t, err)
			require.Empty(t, maps)
			all, err := d.Attached(t.Context())
			require.NoError(t, err)
			require.Empty(t, all)
		})
	}
}
