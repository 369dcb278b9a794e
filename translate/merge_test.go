package translate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestMergedReads gives the number of read commands of loads from one value,
// r7, of a map whose values may lie anywhere, and from the packet, r6.
func TestMergedReads(t *testing.T) {
	for _, c := range []struct {
		name, text string
		maps, pkts int // commands
	}{
		{"a counter", "r8 = *(u64 *)(r7 + 8)\n*(u64 *)(r6 + 0) = r8", 1, 0},
		{"neighbours and a gap", "r8 = *(u32 *)(r7 + 4)\nr1 = *(u16 *)(r7 + 14)\nr8 += r1\n*(u64 *)(r6 + 0) = r8", 1, 0},
		{"bytes that are not whole words, too many", "r8 = *(u32 *)(r7 + 4)\nr1 = *(u8 *)(r7 + 36)\nr8 += r1\n*(u64 *)(r6 + 0) = r8", 2, 0},
		{"not over a branch", "r8 = *(u32 *)(r7 + 4)\nif r8 == 0 goto out\nr1 = *(u32 *)(r7 + 8)\n*(u32 *)(r6 + 0) = r1", 2, 0},
		{"bytes of an earlier command", "r8 = *(u64 *)(r6 + 0)\nr8 += r9\nif r8 == 0 goto out\nr1 = *(u64 *)(r6 + 52)\nr8 += r1\nr1 = *(u32 *)(r6 + 64)\nr8 += r1\nr1 = *(u8 *)(r6 + 1)\nr8 += r1\n*(u32 *)(r7 + 0) = r8", 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			maps, pkts := 0, 0
			tg := target.MustBuiltin("agilio")
			if strings.Contains(c.text, "(r7 + 0) =") {
				tg = target.MustBuiltin("skipsw")
			}
			generous(tg)
			_, err := translate.Compile(litmusProgram(t, c.text), translate.Options{Target: tg, Dump: func(pass string, f fmt.Stringer) {
				if pass == "memory" {
					maps, pkts = strings.Count(f.String(), "= read map"), strings.Count(f.String(), "= read packet")
				}
			}})
			require.NoError(t, err)
			require.Equal(t, c.maps, maps, "map")
			require.Equal(t, c.pkts, pkts, "packet")
		})
	}
}

// TestSharedStubs holds that samples get shorter, and no program of them and of the
// corpus longer, where ways between blocks that move the same are one.
func TestSharedStubs(t *testing.T) {
	shorter, programs := 0, samplePrograms(t)
	for _, cc := range loadCorpus(t) {
		programs = append(programs, cc.program(t))
	}
	for _, p := range programs {
		v, err := verify.Verify(p, verify.Options{Offload: true})
		require.NoError(t, err)
		words := func(share bool) int {
			img, err := translate.Compile(v, translate.Options{Passes: map[string]bool{"share-stubs": share}})
			if err != nil {
				return 0
			}
			return len(img.Words)
		}
		with, without := words(true), words(false)
		require.LessOrEqual(t, with, without, p.Name)
		if with < without {
			shorter++
		}
	}
	require.NotZero(t, shorter)
}
