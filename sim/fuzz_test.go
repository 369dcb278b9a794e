package sim

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// fuzzImage makes an image of any words, with check bits put right.
func fuzzImage(words []byte, name string) *image.Image {
	img := &image.Image{
		Target: target.MustBuiltin(name),
		Machine: image.Machine{
			CodeStart: 16, Done: 1, StackSize: 256,
			Helpers: map[uint32]uint16{1: 3, 2: 4, 3: 5, 25: 6},
		},
		Programs: []image.Program{{Type: "xdp"}},
		Maps: []image.Map{
			{Name: "h", Type: "hash", KeySize: 4, ValueSize: 8, MaxEntries: 4, ID: 1, WordUse: []uint8{3, 0}},
			{Name: "a", Type: "array", KeySize: 4, ValueSize: 12, MaxEntries: 4, ID: 2},
			{
				Name: "c", Type: "lru_hash", Layout: "hash", KeySize: 4, ValueSize: 8, MaxEntries: 3, Base: mapBase + 1024, Stride: 24,
				Params: map[string]uint64{"buckets": 4, "heads": 32, "entries": 48, "key": 12, "value": 16, "lru": 1},
			},
			{
				Name: "p", Type: "lpm_trie", Layout: "lpm_trie", KeySize: 8, ValueSize: 4, MaxEntries: 3, Base: mapBase + 2048, Stride: 40,
				Params: map[string]uint64{"nodes": 6, "first": 48, "value": 32},
			},
		},
	}
	for ; len(words) >= 8; words = words[8:] {
		img.Words = append(img.Words, nfpisa.Word(binary.LittleEndian.Uint64(words)).WithECC())
	}
	return img
}

// runAny runs words under every combination of target and strictness;
// the only demand is that each run ends, and the same way twice.
func runAny(t *testing.T, words, packet []byte) {
	for _, target := range []string{"agilio", "skipsw"} {
		for _, checks := range []Checks{AllChecks, 0} {
			spec := DefaultSpec()
			spec.Checks, spec.Budget, spec.PacketBuffer = checks, 3000, 512
			m, err := New(fuzzImage(words, target), spec)
			if err != nil {
				continue
			}
			in := Input{Packet: packet[:min(len(packet), 300)]}
			one := m.Run(in)
			p := append([]byte(nil), one.Packet...)
			for _, mp := range m.Maps() {
				size := mp.Info().KeySize
				for _, e := range append(mp.Entries(), image.Entry{Key: make([]byte, size), Value: make([]byte, mp.Info().ValueSize)}) {
					mp.Lookup(e.Key)
					_ = mp.Update(e.Key, e.Value, UpdateAny)
					_ = mp.Delete(e.Key)
				}
			}
			require.NoError(t, m.Reset())
			two := m.Run(in)
			require.Equal(t, one.Code, two.Code)
			require.Equal(t, one.Cycles, two.Cycles)
			require.Equal(t, one.Fault, two.Fault)
			if len(one.Events) == 0 && checks != 0 {
				require.Equal(t, p, append([]byte(nil), two.Packet...))
			}
		}
	}
}

// FuzzWords runs arbitrary words.
func FuzzWords(f *testing.F) {
	for _, cc := range loadCorpus(f)[:40] {
		var b []byte
		for _, w := range kernelImage(f, &cc).Words {
			b = binary.LittleEndian.AppendUint64(b, uint64(w))
		}
		f.Add(b, []byte(cc.Runs[0].PacketIn))
	}
	f.Fuzz(func(t *testing.T, words, packet []byte) {
		if len(words) > 8*4096 {
			return
		}
		runAny(t, words, packet)
	})
}

// runShared runs words on two cores that share memory: each run must end, and
// however time is cut into steps it must give the same.
func runShared(t *testing.T, words, packet []byte) {
	for _, name := range []string{"agilio", "skipsw"} {
		var want []outcome
		for _, step := range []uint64{0, 13} {
			spec := DefaultSpec()
			spec.Checks, spec.Budget, spec.PacketBuffer = CheckSignals|CheckHazards, 2000, 512
			spec.Worker = Routine{Busy: 10, Wait: 20}
			s, err := NewSystem(fuzzImage(words, name), spec, 2)
			if err != nil {
				return
			}
			got := runAll(s, [][]byte{packet[:min(len(packet), 300)], {1, 2, 3, 4}}, 6, step)
			for _, mp := range s.Maps() {
				mp.Entries()
			}
			if step == 0 {
				want = got
				require.Len(t, got, 12)
				continue
			}
			require.Equal(t, want, got)
		}
	}
}

// FuzzShared runs arbitrary words on cores that share memory.
func FuzzShared(f *testing.F) {
	for _, cc := range loadCorpus(f)[:40] {
		var b []byte
		for _, w := range kernelImage(f, &cc).Words {
			b = binary.LittleEndian.AppendUint64(b, uint64(w))
		}
		f.Add(b, []byte(cc.Runs[0].PacketIn))
	}
	f.Fuzz(func(t *testing.T, words, packet []byte) {
		if len(words) <= 8*1024 {
			runShared(t, words, packet)
		}
	})
}

// mutate flips bits of words and exchanges words.
func mutate(rng *rand.Rand, words []nfpisa.Word) {
	for range 1 + rng.IntN(4) {
		i := rng.IntN(len(words))
		if rng.IntN(3) == 0 {
			words[i] = words[rng.IntN(len(words))]
		} else {
			words[i] = (words[i] ^ 1<<rng.IntN(45)).WithECC()
		}
	}
}

// TestMutatedShared runs the kernel's words, mutated, on cores that share
// memory. SKIPSW_N sets how many.
func TestMutatedShared(t *testing.T) {
	cases := loadCorpus(t)
	rng := rand.New(rand.NewPCG(6, 7))
	for range testCount(t, 200) {
		cc := &cases[rng.IntN(len(cases))]
		img := kernelImage(t, cc)
		if len(img.Words) > 300 {
			continue
		}
		mutate(rng, img.Words)
		var b []byte
		for _, w := range img.Words {
			b = binary.LittleEndian.AppendUint64(b, uint64(w))
		}
		runShared(t, b, cc.Runs[0].PacketIn)
	}
}

// TestMutatedCorpus runs the kernel's words with bits flipped and words
// exchanged. SKIPSW_N sets how many.
func TestMutatedCorpus(t *testing.T) {
	cases := loadCorpus(t)
	rng := rand.New(rand.NewPCG(1, 2))
	faults := map[FaultKind]int{}
	for range testCount(t, 600) {
		cc := &cases[rng.IntN(len(cases))]
		img := kernelImage(t, cc)
		if len(img.Words) > 400 {
			continue
		}
		mutate(rng, img.Words)
		spec := DefaultSpec()
		spec.Budget = 50_000
		m, err := New(img, spec)
		require.NoError(t, err)
		for i := range cc.Runs[:min(4, len(cc.Runs))] {
			if f := m.Run(Input{Packet: cc.Runs[i].PacketIn}).Fault; f != nil {
				faults[f.Kind]++
				require.NotEmpty(t, f.Error())
			}
		}
	}
	require.Greater(t, len(faults), 6, "kinds of faults that mutations provoke: %v", faults)
	t.Log(faults)
}
