package nfpisa

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// golden is one line of testdata/nfp/golden.txt.
type golden struct {
	bare, word Word
	text       string
}

func readGolden(t testing.TB) []golden {
	t.Helper()
	f, err := os.Open("../testdata/nfp/golden.txt")
	require.NoError(t, err)
	defer f.Close()
	var gs []golden
	s := bufio.NewScanner(f)
	for s.Scan() {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		p := strings.SplitN(s.Text(), "\t", 3)
		require.Len(t, p, 3)
		gs = append(gs, golden{parseWord(t, p[0]), parseWord(t, p[1]), p[2]})
	}
	require.NoError(t, s.Err())
	require.Greater(t, len(gs), 100)
	return gs
}

func parseWord(t testing.TB, s string) Word {
	t.Helper()
	v, err := strconv.ParseUint(s, 16, 64)
	require.NoError(t, err)
	return Word(v)
}

// readCorpus returns every word that the Linux driver's JIT emitted for the
// corpus.
func readCorpus(t testing.TB) []Word {
	t.Helper()
	b, err := os.ReadFile("../testdata/peer/corpus.json")
	require.NoError(t, err)
	var cases []struct {
		Nfp struct {
			Words []string `json:"words"`
		} `json:"nfp"`
	}
	require.NoError(t, json.Unmarshal(b, &cases))
	var ws []Word
	for _, c := range cases {
		for _, w := range c.Nfp.Words {
			ws = append(ws, parseWord(t, w))
		}
	}
	require.Greater(t, len(ws), 20000)
	return ws
}

func TestGoldenWordsRoundTrip(t *testing.T) {
	for _, g := range readGolden(t) {
		require.Equal(t, g.word, g.bare.WithECC(), g.text)
		i, err := Decode(g.word, Ctx4)
		if strings.HasSuffix(g.text, "# ERROR") {
			require.Error(t, err, g.text)
			continue
		}
		require.NoError(t, err, g.text)
		w, err := Encode(i, Ctx4)
		require.NoError(t, err, g.text)
		require.Equal(t, g.word, w, g.text)
	}
}

func TestCorpusWordsRoundTrip(t *testing.T) {
	for _, w := range readCorpus(t) {
		i, err := Decode(w, Ctx4)
		require.NoError(t, err)
		got, err := Encode(i, Ctx4)
		if err != nil || got != w || i.Spare != 0 || !CheckECC(w) {
			require.NoError(t, err)
			require.Equal(t, w, got)
			require.Zero(t, i.Spare, "%#x %+v", w, i)
			require.True(t, CheckECC(w))
		}
	}
}

func TestGoldenText(t *testing.T) {
	for _, g := range readGolden(t) {
		if strings.HasSuffix(g.text, "# ERROR") {
			continue
		}
		i, err := Decode(g.word, Ctx4)
		require.NoError(t, err, g.text)
		require.Equal(t, g.text, i.String())
	}
}
