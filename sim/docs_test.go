package sim

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestTimingPaper holds the numbers of docs/timing.md against their owners: the
// targets' memories and the default Spec.
func TestTimingPaper(t *testing.T) {
	data, err := os.ReadFile("../docs/timing.md")
	require.NoError(t, err)
	row := func(head, numbers string) {
		require.Regexp(t, `(?m)^\| `+regexp.QuoteMeta(head)+`[^|]*\| `+regexp.QuoteMeta(numbers)+` \|`, string(data))
	}
	for _, name := range target.Names() {
		for memory, m := range target.MustBuiltin(name).Memories {
			row("`"+memory+"`", fmt.Sprintf("%d | %d | %d | %d | %d", m.Read, m.Write, m.Atomic, m.PerWord, m.Busy))
		}
		row("index register write to use", fmt.Sprintf("%d cycles between", target.MustBuiltin(name).LocalMemory.PointerDelay))
	}
	s := DefaultSpec()
	for head, r := range map[string]Routine{
		"lookup, array": s.Firmware.LookupArray, "lookup, hash": s.Firmware.LookupHash, "update": s.Firmware.Update,
		"delete": s.Firmware.Delete, "event": s.Firmware.Event,
	} {
		row(head, fmt.Sprintf("%d | %d", r.Busy, r.Wait))
	}
	require.Contains(t, string(data), fmt.Sprintf("`Worker` = %d cycles on the core and %d asleep", s.Worker.Busy, s.Worker.Wait))
	row("cycle budget", "10,000,000")
	require.EqualValues(t, 10_000_000, s.Budget)
	row("context swap, `SwapSlots`", fmt.Sprintf("1 + (%d - defer)", s.SwapSlots))
}
