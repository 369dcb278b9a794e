package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/answers"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// TestForetold asks the driver about generated programs, half of them such as the
// firmware offers to, and compares with what is foretold. SKIPSW_N says how many
// (60), SKIPSW_SEED where they begin.
func TestForetold(t *testing.T) {
	if !inGuest(t, testbed.Spec{Options: nfp.Options{Ports: 1}}, mapCount) {
		return
	}
	l := port(t, 0)
	up(t, l)
	classifiers(t, l)
	require.NoError(t, os.WriteFile("/proc/sys/kernel/panic_on_warn", []byte("0"), 0))
	d, err := kernel.Open(l.Attrs().Name, kernel.Options{})
	require.NoError(t, err)
	defer d.Close()
	taken, refused, depend := 0, 0, 0
	first := number(t, "SKIPSW_SEED", 1)
	for seed := first; seed < first+number(t, "SKIPSW_N", 60); seed++ {
		// The guest's kernel has no iterators.
		o := gen.Options{Card: seed%2 == 0, MaxISA: 3, Without: gen.Callbacks}
		p := answers.Program{Name: fmt.Sprint(seed), Program: gen.Program(seed, o)}
		for _, m := range p.Maps {
			m.Initial = nil // a counter that is not zero before the load is refused
		}
		var size check.Size
		found, err := check.Program(p.Program, check.Options{NFP: true})
		require.NoError(t, err)
		if stopsKernel(found) {
			continue
		}
		a := answerTo(t, d, l, p)
		switch check.OutcomeOf(found) {
		case check.Depends:
			depend++
		case check.Unsure:
			continue
		}
		if a.Taken() {
			_, err = check.Program(p.Program, check.Options{NFP: true, Kernel: &guestKernel, Size: &size})
			require.NoError(t, err)
			// Now and then this kernel prunes a path that is walked here, or the
			// reverse, and the driver sees other ranges.
			const near = 16
			if a.Words < size.Least-near || a.Words > size.Most+near {
				t.Errorf("seed %d: foretold %d to %d words, the driver makes %d", seed, size.Least, size.Most, a.Words)
			}
			taken++
		} else {
			refused++
		}
		if got := check.OutcomeOf(check.With(guestKernel, found)); got != map[bool]check.Outcome{true: check.Taken, false: check.Refused}[a.Taken()] {
			t.Errorf("seed %d: foretold %s, the driver: %s\n%v", seed, got, a, found)
		}
	}
	t.Logf("%d taken, %d refused; %d of them depend on the kernel", taken, refused, depend)
}

// stopsKernel reports programs that cannot be tried.
func stopsKernel(found []check.Finding) bool {
	for _, f := range found {
		if strings.Contains(f.Says, "stops the kernel") {
			return true
		}
	}
	return false
}

// number reads a number from the environment.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 32)
	require.NoError(t, err, name)
	return n
}
