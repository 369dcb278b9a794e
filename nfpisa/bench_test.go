package nfpisa

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cpuTime is the processor time that the test has used. Benchmarks report
// words by it, which other load on the machine does not change as much.
func cpuTime(b *testing.B) time.Duration {
	var r syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// perWord runs f on the numbers below n over and over, and reports millions of
// words for each second of processor time.
func perWord(b *testing.B, n int, f func(k int)) {
	b.ReportAllocs()
	b.ResetTimer()
	start, k := cpuTime(b), 0
	for b.Loop() {
		f(k)
		if k++; k == n {
			k = 0
		}
	}
	b.ReportMetric(float64(b.N)/(cpuTime(b)-start).Seconds()/1e6, "Mwords/cpu-s")
}

func decoded(b *testing.B) []Instr {
	ws := readCorpus(b)
	is := make([]Instr, len(ws))
	for k, w := range ws {
		i, err := Decode(w, Ctx4)
		require.NoError(b, err)
		is[k] = i
	}
	return is
}

func BenchmarkDecode(b *testing.B) {
	ws := readCorpus(b)
	perWord(b, len(ws), func(k int) {
		if _, err := Decode(ws[k], Ctx4); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	is := decoded(b)
	perWord(b, len(is), func(k int) {
		if _, err := Encode(is[k], Ctx4); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkPrint(b *testing.B) {
	is := decoded(b)
	buf := make([]byte, 0, 128)
	perWord(b, len(is), func(k int) { buf = is[k].Append(buf[:0]) })
}

func BenchmarkParse(b *testing.B) {
	is := decoded(b)[:4096]
	texts := make([]string, len(is))
	for k, i := range is {
		texts[k] = i.String()
	}
	perWord(b, len(texts), func(k int) {
		if _, err := Parse(texts[k]); err != nil {
			b.Fatal(err)
		}
	})
}
