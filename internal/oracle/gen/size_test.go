package gen_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle/gen"
)

// TestLarge makes programs so large that jumps over them have no room in 16 bits.
func TestLarge(t *testing.T) {
	for seed := range uint64(20) {
		p := gen.Program(seed, gen.Options{Size: 8000})
		require.NotEmpty(t, p.Insns)
		for pc, in := range p.Insns {
			if in.IsJump() {
				at := in.JumpTarget(pc)
				require.True(t, at >= 0 && at < len(p.Insns), "seed %d: jump at %d", seed, pc)
			}
		}
	}
}
