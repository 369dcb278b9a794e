package verify_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/object"
)

// askKernel returns "" when the kernel's verifier accepts a program, its
// refusal otherwise. It asks without loading where that can be. asked is false
// for a program that has to be loaded on a kernel that cannot load any more, and for one that
// harms kernels.
func askKernel(t testing.TB, p *object.Program) (refusal string, asked bool) {
	err := oracle.AskVerifier(p)
	if errors.Is(err, oracle.ErrKernelStuck) || errors.Is(err, oracle.ErrHarmsKernel) {
		return "", false
	}
	if err == nil {
		return "", true
	}
	var reject *oracle.KernelReject
	require.ErrorAs(t, err, &reject, p.Name)
	return err.Error(), true
}
