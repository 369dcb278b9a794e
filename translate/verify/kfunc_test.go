package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestKernelModules: a call of a module's function is refused, as by the kernel.
func TestKernelModules(t *testing.T) {
	needsKernel(t)
	p := assemble("module", object.XDP, iter+`r1 = r6; call iter_destroy; r0 = 0; exit`)
	for k := range p.Insns {
		if p.Insns[k].IsKfunc(bpf.KfuncIterNumDestroy) {
			p.Insns[k].Off = -1
		}
	}
	_, err := verify.Verify(p, verify.Options{})
	require.ErrorContains(t, err, "kernel module -1")
	if theirs, asked := askKernel(t, p); asked {
		require.NotEmpty(t, theirs)
	}
}
