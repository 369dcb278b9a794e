package mem

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSaturation(t *testing.T) {
	require.EqualValues(t, uint64(1<<64-1), atomicResult[uint64](AddSat, 1<<64-2, 3))
	require.EqualValues(t, 1<<32-1, atomicResult[uint32](AddSat, 1<<32-2, 3))
	require.EqualValues(t, 0, atomicResult[uint64](SubSat, 2, 3))
}
