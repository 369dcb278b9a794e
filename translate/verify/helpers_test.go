package verify_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// use says who may call a helper.
func use(refusal string) string {
	switch {
	case strings.Contains(refusal, "cannot use helper"), strings.Contains(refusal, "invalid func"), strings.Contains(refusal, "programs cannot call"):
		return "nobody"
	case strings.Contains(refusal, "GPL-restricted"), strings.Contains(refusal, "compatible with the GPL"):
		return "GPL programs"
	}
	return "all programs"
}

// TestHelpersBesideKernel compares who may call which helper with the running
// kernel's answers.
func TestHelpersBesideKernel(t *testing.T) {
	if err := oracle.KernelAvailable(); err != nil {
		t.Skip(err)
	}
	if oracle.KernelISA() < 4 {
		t.Skip("the kernel is older than the table")
	}
	for _, typ := range []object.Type{object.XDP, object.TC} {
		for id := bpf.HelperUnspec + 1; id <= bpf.LastHelper+20; id++ { // and some that are none
			p := &object.Program{
				Name: "helper", Type: typ, License: "Proprietary", Funcs: []object.Func{{Name: "helper"}},
				Insns: []bpf.Insn{bpf.CallHelper(id), bpf.Mov.Imm(0, 0), bpf.Return()},
			}
			theirs := ""
			if k, err := oracle.LoadKernel(p, oracle.KernelOptions{}); err == nil {
				k.Close()
			} else {
				var reject *oracle.KernelReject
				require.ErrorAs(t, err, &reject)
				theirs = err.Error()
			}
			ours := ""
			if _, err := verify.Verify(p, verify.Options{}); err != nil {
				ours = err.Error()
			}
			assert.Equal(t, use(theirs), use(ours), "%s helper %d (%s)\nkernel: %s\nours: %s", typ, id, id, theirs, ours)
		}
	}
}
