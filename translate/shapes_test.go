package translate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// shapes are kinds of generated programs: the text of step k, of which each has a
// few instructions, so many that the kernel's limit of 8192 branches to come is not
// met. r6 points to 64 bytes of the packet, r7 is a number.
var shapes = []struct {
	name string
	step func(k int) string
}{
	{"straight", func(k int) string {
		return fmt.Sprintf("r2 = *(u8 *)(r6 +%d)\nr7 *= 31\nr7 += r2\nr7 ^= %d\n", k*5%60, k)
	}},
	{"branchy", func(k int) string {
		return fmt.Sprintf("r2 = *(u8 *)(r6 +%d)\nif r2 > %d goto B%d\nr7 += %d\nB%d:\nr7 ^= r2\nr7 *= 5\nr7 += 1\nr7 >>= 1\n", k*5%60, k%200, k, k, k)
	}},
	{"early-returns", func(k int) string {
		return fmt.Sprintf("r2 = *(u8 *)(r6 +%d)\nif r2 != %d goto E%d\nr0 = %d\nexit\nE%d:\n", k*5%60, k%200, k, k%4, k)
	}},
	{"switch", func(k int) string {
		return fmt.Sprintf("r7 *= 5\nr7 += 1\nr7 >>= 1\nif r7 == %d goto S%d\ngoto T%d\nS%d:\nr0 = %d\nexit\nT%d:\n", k, k, k, k, k%4, k)
	}},
	{"array", func(k int) string {
		return fmt.Sprintf("r2 = %d\n*(u32 *)(r10 -4) = r2\nr2 = r10\nr2 += -4\nr1 = map[m]\ncall bpf_map_lookup_elem\nif r0 == 0 goto A%d\nr2 = *(u32 *)(r0 +%d)\nr7 += r2\nA%d:\n", k%8, k, 4*(k%8), k)
	}},
	{"lookup", func(k int) string {
		return fmt.Sprintf("*(u32 *)(r10 -4) = r7\nr2 = r10\nr2 += -4\nr1 = map[h]\ncall bpf_map_lookup_elem\nif r0 == 0 goto H%d\nr2 = *(u32 *)(r0 +%d)\nr7 += r2\nH%d:\n", k, 4*(k%2), k)
	}},
}

// shapeOf makes a program of a shape with about n instructions.
func shapeOf(t testing.TB, step func(int) string, n int) *object.Program {
	var text strings.Builder
	text.WriteString("r6 = *(u32 *)(r1 +0)\nr3 = *(u32 *)(r1 +4)\nr7 = r6\nr7 += 64\nif r3 >= r7 goto in\nr0 = 1\nexit\nin:\nr7 = *(u32 *)(r6 +60)\n")
	per := 0
	for l := range strings.Lines(step(0)) {
		if !strings.HasSuffix(strings.TrimSpace(l), ":") {
			per++
		}
	}
	for k := range n / per {
		text.WriteString(step(k))
	}
	text.WriteString("*(u32 *)(r6 +0) = r7\nr0 = 2\nexit\n")
	l, err := bpf.Parse(text.String(), "m", "h")
	require.NoError(t, err)
	return small([]*object.Map{
		{Name: "m", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 64, MaxEntries: 8},
		{Name: "h", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4},
	}, l.Insns...)
}

// BenchmarkShapes proves and compiles generated programs of several shapes and
// sizes and gives what an instruction takes in the best round, in nanoseconds, and
// how much more than one of the smallest program of its shape. Code that is too long for the
// core's code store is made all the same, and refused at the end.
func BenchmarkShapes(b *testing.B) {
	tg, err := target.Builtin("skipsw")
	require.NoError(b, err)
	for _, s := range shapes {
		first := 0.0
		for _, n := range []int{500, 5000, 50000} {
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				p := shapeOf(b, s.step, n)
				var proof, compile time.Duration
				for b.Loop() {
					start := time.Now()
					v, err := verify.Verify(p, verify.Options{Offload: true})
					require.NoError(b, err)
					middle := time.Now()
					if _, err := translate.Compile(v, translate.Options{Target: tg}); err != nil && !errors.Is(err, translate.ErrNotSupported) {
						b.Fatal(err)
					}
					if end := time.Now(); compile == 0 || end.Sub(start) < proof+compile {
						proof, compile = middle.Sub(start), end.Sub(middle)
					}
				}
				insns := float64(len(p.Insns))
				each := float64((proof + compile).Nanoseconds()) / insns
				if first == 0 {
					first = each
				}
				b.ReportMetric(float64(proof.Nanoseconds())/insns, "verify-ns/insn")
				b.ReportMetric(float64(compile.Nanoseconds())/insns, "compile-ns/insn")
				b.ReportMetric(each/first, "growth")
			})
		}
	}
}
