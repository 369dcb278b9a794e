package nfpisa

import (
	"math/bits"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// trials is how many random cases a test makes; SKIPSW_N raises it.
func trials(t testing.TB, n int) int {
	t.Helper()
	if s := os.Getenv("SKIPSW_N"); s != "" {
		v, err := strconv.Atoi(s)
		require.NoError(t, err)
		return v
	}
	return n
}

// randomWord returns a word of a class with all other bits at random.
func randomWord(r *rand.Rand, c Class) Word {
	f := &forms[c]
	return Word(r.Uint64()&insnMask&^f.mask | f.match)
}

func TestRandomWordsRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for c := ClassCmd; int(c) < numClasses; c++ {
		t.Run(c.String(), func(t *testing.T) {
			valid := 0
			for n := range trials(t, 50000) {
				m := Mode(n & 1)
				w := randomWord(r, c)
				i, err := Decode(w, m)
				if err != nil {
					continue
				}
				valid++
				got, err := Encode(i, m)
				if err != nil || got.Bare() != w {
					require.NoError(t, err, "%#x %+v", w, i)
					require.Equal(t, w, got.Bare(), "%#x %+v", w, i)
				}
				i.Spare = 0
				canon, err := Encode(i, m)
				require.NoError(t, err)
				again, err := Decode(canon, m)
				require.NoError(t, err)
				if again != i {
					require.Equal(t, i, again, "spare bits change the meaning of %#x", w)
				}
			}
			require.Greater(t, valid, 100)
		})
	}
}

func TestECC(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range trials(t, 40) {
		w := Word(r.Uint64()).WithECC()
		require.True(t, CheckECC(w))
		got, st := Correct(w)
		require.Equal(t, w, got)
		require.Equal(t, ECCClean, st)
		for a := range wordBits {
			one := w ^ 1<<a
			require.False(t, CheckECC(one))
			got, st = Correct(one)
			require.Equal(t, ECCCorrected, st)
			require.Equal(t, w, got)
			for b := range a {
				two := one ^ 1<<b
				require.False(t, CheckECC(two))
				got, st = Correct(two)
				require.Equal(t, ECCUncorrectable, st)
				require.Equal(t, two, got)
			}
		}
		require.False(t, CheckECC(w|1<<52))
		_, st = Correct(w | 1<<63)
		require.Equal(t, ECCUncorrectable, st)
	}
}

// The check bits of words whose encoding the Linux driver's code gives.
func TestECCVectors(t *testing.T) {
	for bare, want := range map[Word]Word{
		0xf0000c0300: 0x000000f0000c0300,
		0xf003f05bff: 0x000f20f003f05bff,
		0xb441605a20: 0x000700b441605a20,
		0xd800608038: 0x000060d800608038,
		insnMask:     0x00081fffffffffff,
	} {
		require.Equal(t, want, bare.WithECC())
		require.Equal(t, bare, want.Bare())
	}
	seen := map[uint64]bool{0: true}
	for b := range wordBits {
		s := syndrome(1 << b)
		require.False(t, seen[s], "bit %d shares its syndrome", b)
		require.Equal(t, 1, bits.OnesCount64(s)%2, "bit %d", b)
		seen[s] = true
	}
}
