package posixcrc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSum holds it against what cksum prints.
func TestSum(t *testing.T) {
	for in, want := range map[string]uint32{"": 0xffffffff, "a": 0x48c279fe, "123456789": 930766865} {
		require.Equal(t, want, Sum([]byte(in)), in)
	}
}
