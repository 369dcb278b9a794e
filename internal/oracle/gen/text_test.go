package gen_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
)

// The kernel's text of generated programs reads back as the same slots.
func TestParseReadsWhatTextWrites(t *testing.T) {
	for seed := range uint64(400) {
		p := gen.Program(seed, gen.Options{})
		var text strings.Builder
		for pc, in := range bpf.Each(p.Insns) {
			next := bpf.Insn{}
			if in.Wide() {
				next = p.Insns[pc+1]
			}
			text.WriteString(bpf.Text(in, next) + "\n")
		}
		got, err := bpf.Parse(text.String())
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, p.Insns, got.Insns, "seed %d", seed)
	}
}
