package translate_test

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

var update = flag.Bool("update", false, "write testdata/nfp/words.txt anew")

// TestWords compiles all samples and the corpus for both targets and compares
// the number of words, a hash of the words and the cycles that one context
// takes for all packets with the recorded ones: whoever means to change no code
// changes none. A change of the code that is meant is recorded with -update.
func TestWords(t *testing.T) {
	var got strings.Builder
	got.WriteString("# program target level words sha256(words) cycles, one context, all packets; go test ./translate -run TestWords -update\n")
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		goldenSamples(t, &got, tg)
		generous(tg)
		for _, cc := range loadCorpus(t) {
			var packets [][]byte
			for i := range cc.Runs {
				if cc.Runs[i].Comparable {
					packets = append(packets, cc.Runs[i].PacketIn)
				}
			}
			for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
				got.WriteString(goldenLine(t, "corpus/"+cc.Name, cc.program(t), tg, level, packets))
			}
		}
	}
	path := filepath.Join("..", "testdata", "nfp", "words.txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got.String()), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	if string(want) == got.String() {
		return
	}
	have := map[string]bool{}
	for l := range strings.Lines(string(want)) {
		have[l] = true
	}
	n := 0
	for l := range strings.Lines(got.String()) {
		if !have[l] {
			if n++; n <= 20 {
				t.Logf("now %s", strings.TrimSpace(l))
			}
		}
	}
	t.Errorf("%d lines differ from %s", n, path)
}

// goldenSamples adds the lines of the sample objects.
func goldenSamples(t *testing.T, to *strings.Builder, tg *target.Target) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		obj, err := object.Load(file, object.Options{})
		require.NoError(t, err)
		base := strings.TrimSuffix(filepath.Base(file), ".o")
		captured, err := pcap.ReadFile(filepath.Join("..", "testdata", "pcap", strings.TrimSuffix(base, "_v1")+".pcap"))
		require.NoError(t, err)
		packets := make([][]byte, len(captured))
		for i := range captured {
			packets[i] = captured[i].Data
		}
		for _, p := range obj.Programs {
			for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
				to.WriteString(goldenLine(t, base+"/"+p.Name, p, tg, level, packets))
			}
		}
	}
}

// goldenLine compiles and runs one program.
func goldenLine(t *testing.T, name string, p *object.Program, tg *target.Target, level translate.Level, packets [][]byte) string {
	line := fmt.Sprintf("%s %s %d ", name, tg.Name, level)
	v, err := verify.Verify(p, verify.Options{Offload: true})
	require.NoError(t, err, name)
	img, err := translate.Compile(v, translate.Options{Target: tg, OptLevel: level})
	if err != nil {
		require.ErrorIs(t, err, translate.ErrNotSupported, name)
		return line + "not supported\n"
	}
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err, name)
	cycles := uint64(0)
	for _, packet := range packets {
		res := m.Run(sim.Input{Packet: packet, IngressIfindex: 1})
		require.Nil(t, res.Fault, name)
		cycles += res.Cycles
	}
	return line + fmt.Sprintf("%d %x %d\n", len(img.Words), hashOf(img), cycles)
}

// hashOf returns the first 8 bytes of the hash of an image's words.
func hashOf(img *image.Image) []byte {
	h := sha256.New()
	for _, w := range img.Words {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(w))
		h.Write(b[:])
	}
	return h.Sum(nil)[:8]
}
