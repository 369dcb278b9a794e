package hostmap_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

// resident returns the bytes of memory that the process has.
func resident(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var all, pages int
	_, err = fmt.Sscan(string(b), &all, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// TestLargeArray: a map takes the memory that is touched, also when it is made
// empty again, and what it holds is told without what it does not.
func TestLargeArray(t *testing.T) {
	// Memory that was used before is cleared when it is given out again: the test has a
	// process of its own, which frees none.
	const alone = "SKIPSW_LARGE_ARRAY"
	if os.Getenv(alone) == "" {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestLargeArray$")
		cmd.Env = append(os.Environ(), alone+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	const entries = 1 << 24
	region := target.MustBuiltin("agilio").Maps.Regions[0]
	region.Size = 1 << 30
	space := hostmap.NewSpace(mem.New(mem.Config{Units: make([]mem.Unit, 1)}), []hostmap.Room{{Unit: 0, Region: region}})
	before := resident(t)
	m, err := space.Create(image.Map{Name: "big", Type: "array", KeySize: 4, ValueSize: 8, MaxEntries: entries})
	require.NoError(t, err)
	key, value := []byte{1, 2, 3, 0}, []byte{7, 0, 0, 0, 0, 0, 0, 0}
	require.NoError(t, m.Update(key, value, hostmap.UpdateAny))
	took := resident(t) - before
	got, left := m.Filled() // some kernels give pages to who reads, too
	require.Equal(t, []image.Entry{{Key: key, Value: value}}, got)
	require.EqualValues(t, entries-1, left)
	before = resident(t)
	require.NoError(t, m.Reset())
	took += resident(t) - before
	got, left = m.Filled()
	require.Empty(t, got)
	require.EqualValues(t, entries, left)
	require.Less(t, took, entries*8/2, "bytes")
}
