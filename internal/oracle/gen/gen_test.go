package gen_test

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// count is the number of programs of a test, SKIPSW_N where it is set.
func count(t testing.TB, def int) int {
	s := os.Getenv("SKIPSW_N")
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	require.NoError(t, err, "SKIPSW_N")
	return n
}

func TestProgramsAreAccepted(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	o := oracle.LimitToKernel(gen.Options{})
	n, bad, complex, slots := count(t, 3000), 0, 0, 0
	limits := []unix.Errno{unix.E2BIG, unix.ENOMEM, unix.EFAULT} // as oracle.Asked has them
	reasons := map[string]int{}
	for seed := range uint64(n) {
		p := gen.Program(seed, o)
		slots += len(p.Insns)
		k, err := oracle.LoadKernel(p, oracle.KernelOptions{Flags: oracle.AnyAlignment})
		if err == nil {
			k.Close()
			continue
		}
		var rej *oracle.KernelReject
		if !errors.As(err, &rej) {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if slices.Contains(limits, rej.Errno) {
			complex++
		} else {
			bad++
		}
		if reasons[err.Error()]++; reasons[err.Error()] == 1 {
			t.Logf("seed %d: %v", seed, err)
		}
	}
	t.Logf("%d programs, %d refused, %d too complex, %.1f slots in the mean", n, bad, complex, float64(slots)/float64(n))
	require.LessOrEqual(t, bad*1000, n, "more than one program in a thousand is refused")
	require.LessOrEqual(t, complex*1000, 3*n, "more than three programs in a thousand are too complex for the kernel")
}

func TestProgramIsDeterministic(t *testing.T) {
	for seed := range uint64(50) {
		a, b := gen.Program(seed, gen.Options{}), gen.Program(seed, gen.Options{})
		require.Equal(t, a, b)
	}
}

// A near miss must be near: a good part accepted, a good part refused.
func TestNearMissesAreNear(t *testing.T) {
	const n = 1500 // not more: a near miss with a long loop costs the kernel a second
	if !oracletest.Kernel(t) {
		return
	}
	ok, o := 0, oracle.LimitToKernel(gen.Options{})
	for seed := range uint64(n) {
		k, err := oracle.LoadKernel(gen.NearMiss(seed, o), oracle.KernelOptions{NoLog: true, Flags: oracle.AnyAlignment})
		if err == nil {
			k.Close()
			ok++
			continue
		}
		var rej *oracle.KernelReject
		require.ErrorAs(t, err, &rej, "seed %d", seed)
	}
	t.Logf("%d of %d accepted", ok, n)
	require.Greater(t, ok, n/5)
	require.Less(t, ok, n*4/5)
}

func TestPackets(t *testing.T) {
	o := gen.PacketOptions{Min: 14, Max: 300}
	types, runts, long := map[string]int{}, 0, 0
	for seed := range uint64(500) {
		for i, p := range gen.Packets(seed, 4, o) {
			require.GreaterOrEqual(t, len(p), o.Min)
			require.LessOrEqual(t, len(p), o.Max)
			require.Equal(t, p, gen.Packet(seed, i, o))
			types[string(p[12:14])]++
			if len(p) >= o.Max-8 {
				long++
			}
		}
		for _, p := range gen.Packets(seed, 4, gen.PacketOptions{}) {
			if len(p) < 14 {
				runts++
			}
		}
	}
	for _, et := range []string{"\x08\x00", "\x86\xdd", "\x81\x00", "\x88\xa8", "\x08\x06"} {
		require.Positive(t, types[et], "no frame with EtherType %x", et)
	}
	require.Positive(t, runts)
	require.Positive(t, long)
}

func TestFeatures(t *testing.T) {
	f, err := gen.ParseFeatures("mul, stack,acqrel")
	require.NoError(t, err)
	require.Equal(t, gen.Mul|gen.Stack|gen.AcqRel, f)
	require.Equal(t, "mul,stack,acqrel", f.String())
	_, err = gen.ParseFeatures("mul,stcak")
	require.ErrorContains(t, err, `"stcak"`)
}

// Every feature must show in some program, or a change of the generator has
// lost it.
func TestFeaturesAreUsed(t *testing.T) {
	whole := func(o gen.Options) (s []bpf.Insn) {
		for seed := range uint64(300) {
			s = append(s, gen.Program(seed, o).Insns...)
		}
		return s
	}
	all := whole(gen.Options{ISA: 4, Only: gen.AllFeatures})
	for f := gen.Feature(1); f&gen.AllFeatures != 0; f <<= 1 {
		t.Run(f.String(), func(t *testing.T) {
			require.False(t, slices.Equal(all, whole(gen.Options{ISA: 4, Only: gen.AllFeatures, Without: f})), "no program changes without it")
		})
	}
}

func BenchmarkProgram(b *testing.B) {
	seed, slots := uint64(0), 0
	for b.Loop() {
		slots += len(gen.Program(seed, gen.Options{}).Insns)
		seed++
	}
	b.ReportMetric(float64(slots)/float64(b.N), "slots/op")
}

func TestISALevels(t *testing.T) {
	for level := 1; level <= 4; level++ {
		t.Run("v"+strconv.Itoa(level), func(t *testing.T) {
			for seed := range uint64(300) {
				for i, in := range gen.Program(seed, gen.Options{ISA: level}).Insns {
					require.LessOrEqual(t, gen.ISAOf(in), level, "seed %d slot %d", seed, i)
				}
			}
		})
	}
}
