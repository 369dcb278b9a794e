package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/bug"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestPanicsAreErrors: a panic in any stage reaches the caller as an error that
// is no verdict on the program, and the next program is none the worse for it.
func TestPanicsAreErrors(t *testing.T) {
	p := small([]*object.Map{nil}, slices.Concat(onStack(2, -8), bpf.LoadMap(1, 0), []bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), movR0(2), exitInsn})...)
	var e *bug.Error
	for range 3 {
		_, err := verify.Verify(p, verify.Options{})
		require.ErrorAs(t, err, &e)
		require.ErrorContains(t, err, "small: internal error (please report): ")
	}
	v, err := verify.Verify(small(nil, movR0(2), exitInsn), verify.Options{})
	require.NoError(t, err)
	_, err = translate.Compile(v, translate.Options{Dump: func(stage string, _ fmt.Stringer) { panic("BUG: stage " + stage) }})
	require.ErrorAs(t, err, &e)
	require.ErrorContains(t, err, "small: internal error (please report): BUG: stage build (")
	require.NotErrorIs(t, err, translate.ErrNotSupported)
	_, err = translate.Compile(v, translate.Options{})
	require.NoError(t, err)
}
