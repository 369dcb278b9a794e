package verify_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

var verificationTime = regexp.MustCompile(`verification time (\d+) usec`)

// large returns generated programs of more than 500 instructions that both
// verifiers accept, walking at least half as many.
func large(t testing.TB, n, size int) []*object.Program {
	var out []*object.Program
	for seed := uint64(0); len(out) < n; seed++ {
		p := gen.Program(seed, gen.Options{Size: size})
		if len(p.Insns) <= 500 {
			continue
		}
		proven, err := verify.Verify(p, verify.Options{})
		if err != nil {
			continue
		}
		if walked, _ := proven.Walked(); walked < len(p.Insns)/2 {
			continue
		}
		k, err := oracle.LoadKernel(p, oracle.KernelOptions{})
		if err != nil {
			continue
		}
		k.Close()
		out = append(out, p)
	}
	return out
}

// BenchmarkBesideKernel verifies the same programs here and in the kernel.
// The kernel's time is what it reports for its verifier alone.
func BenchmarkBesideKernel(b *testing.B) {
	require.NoError(b, oracle.KernelAvailable())
	const logStats = 4
	for _, size := range []int{600, 2000, 8000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			programs := large(b, 4, size)
			var ours, theirs time.Duration
			slots, walked := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				for _, p := range programs {
					start := time.Now()
					proven, err := verify.Verify(p, verify.Options{})
					ours += time.Since(start)
					require.NoError(b, err)
					n, _ := proven.Walked()
					walked += n
					slots += len(p.Insns)
					b.StopTimer()
					k, err := oracle.LoadKernel(p, oracle.KernelOptions{LogLevel: logStats})
					require.NoError(b, err)
					m := verificationTime.FindStringSubmatch(k.Log)
					require.NotNil(b, m, k.Log)
					us, _ := strconv.Atoi(m[1])
					theirs += time.Duration(us) * time.Microsecond
					k.Close()
					b.StartTimer()
				}
			}
			b.ReportMetric(float64(ours)/float64(theirs), "ours/kernel")
			b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "kernel-ns/op")
			b.ReportMetric(float64(ours.Nanoseconds())/float64(walked), "ns/insn")
			b.ReportMetric(float64(walked)/float64(slots), "walked/slot")
		})
	}
}
