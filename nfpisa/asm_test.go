package nfpisa

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/objdump"
)

var encodingComment = regexp.MustCompile(`// ([0-9a-f]{16})$`)

// Each line of testdata/nfp/asm is an instruction and its encoding.
func TestAssembleData(t *testing.T) {
	tool, err := objdump.Find(t.Context())
	require.NoError(t, err)
	files, err := filepath.Glob("../testdata/nfp/asm/*.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			require.NoError(t, err)
			a, err := Assemble(file, src)
			require.NoError(t, err)
			lines := strings.Split(string(src), "\n")
			var words []uint64
			for k, w := range a.Words {
				words = append(words, uint64(w))
				if m := encodingComment.FindStringSubmatch(lines[a.Lines[k]-1]); m != nil {
					require.Equal(t, parseWord(t, m[1]), w, lines[a.Lines[k]-1])
				}
			}
			// The encodings are not ours to say: objdump must read them as
			// the lines they stand on.
			theirs, err := tool.Words(t.Context(), words, contexts(a.Mode))
			require.NoError(t, err)
			for k, their := range theirs {
				i, err := Decode(a.Words[k], a.Mode)
				if err != nil {
					require.True(t, their.Err)
					continue
				}
				if wrongInObjdump(&i) != "" {
					continue
				}
				require.Equal(t, their.Text, i.String())
				line, _, _ := strings.Cut(lines[a.Lines[k]-1], "//")
				if len(a.Labels) == 0 {
					require.Equal(t, their.Text, strings.TrimSpace(line))
				}
			}
		})
	}
}

func TestAssembleLabels(t *testing.T) {
	src, err := os.ReadFile("../testdata/nfp/asm/labels.s")
	require.NoError(t, err)
	a, err := Assemble("labels.s", src)
	require.NoError(t, err)
	require.Equal(t, uint16(3072), a.Start)
	require.Equal(t, uint16(1), a.Done)
	require.Equal(t, "skipsw", a.Target)
	require.Equal(t, 1, a.ABI)
	require.Equal(t, uint32(64), a.Stack)
	require.Equal(t, []Ref{{0, false}, {2, false}, {4, false}, {5, false}, {6, false}, {9, true}}, a.Refs)
	require.Equal(t, []Entry{{"main", "xdp", 0}, {"other", "tc", 5}}, a.Entries)
	require.Equal(t, []Label{{"main", 0, 10}, {"loop", 1, 11}, {"other", 5, 16}, {"end", 9, 20}}, a.Labels)
	var got []string
	for _, w := range a.Words {
		i, err := Decode(w, a.Mode)
		if err != nil {
			got = append(got, "-")
			continue
		}
		got = append(got, i.String())
	}
	require.Equal(t, []string{
		"immed[gprA_0, 0xc05]",
		"alu[gprA_1, gprA_1, -, 0x1]",
		"bne[.3073], defer[1]",
		"nop",
		"br=byte[gprA_1, 0, 0x7f, .3072]",
		"br_bset[gprB_2, 31, .3081]",
		"ctx_arb[sig1], br[.3073]",
		"jump[gprA_0, .2]",
		"-",
		"br[.1]",
	}, got)
}

var errorComment = regexp.MustCompile(`// ERROR (\d+) (".*")$`)

// Each line of testdata/nfp/asmerr with a comment ERROR is wrong at that column
// (a tab counts as one) in the way it says.
func TestAssembleErrors(t *testing.T) {
	files, err := filepath.Glob("../testdata/nfp/asmerr/*.s")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		lines := strings.Split(string(src), "\n")
		_, err = Assemble(file, src)
		var all SyntaxErrors
		require.ErrorAs(t, err, &all)
		require.Contains(t, all.Error(), "more)")
		var first *SyntaxError
		require.ErrorAs(t, err, &first)
		require.Same(t, all[0], first)
		found, last := map[int]*SyntaxError{}, 0
		for _, e := range all {
			require.Equal(t, file, e.File)
			require.Nil(t, found[e.Line], "two errors on line %d", e.Line)
			require.Greater(t, e.Line, last, "not in order")
			last = e.Line
			found[e.Line] = e
			require.Contains(t, all.Detail(), e.Error())
		}
		for k, line := range lines {
			m := errorComment.FindStringSubmatch(line)
			e := found[k+1]
			if m == nil {
				require.Nil(t, e, line)
				continue
			}
			text, err := strconv.Unquote(m[2])
			require.NoError(t, err)
			require.NotNil(t, e, line)
			require.Contains(t, e.Msg, text)
			require.Equal(t, m[1], strconv.Itoa(e.Col), "%s: %s", line, e.Msg)
		}
	}
}

func TestParseErrors(t *testing.T) {
	_, err := Parse("br[loop]")
	require.EqualError(t, err, `1:4: "loop" is no address: a label needs a whole file`)
	_, err = Parse("")
	require.EqualError(t, err, "1:1: no instruction")
}

func TestDisassembleRoundTrip(t *testing.T) {
	words := readCorpus(t)[:8000]
	words = append(words, 0xfa00000000, Word(0xfa00000000).WithECC(), 0xf0000c0300, words[0]^1<<9, words[1]^3)
	for _, g := range readGolden(t) {
		words = append(words, g.word)
	}
	var b strings.Builder
	o := DisasmOptions{Start: 100, Label: func(addr int) string {
		return map[int]string{100: "main", 101: "no label\n"}[addr]
	}}
	require.NoError(t, Disassemble(&b, words, o))
	require.True(t, strings.HasPrefix(b.String(), "\t.ctx 4\n\t.start 100\nmain:\n\timmed[gprB_22, 0x3fff]"), b.String()[:200])
	a, err := Assemble("", []byte(b.String()))
	require.NoError(t, err)
	require.Equal(t, words, a.Words)
	require.Contains(t, b.String(), "one bit flipped")
	require.Contains(t, b.String(), "check bits do not match")
}

func TestDisassembleTagsAndBareWords(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Disassemble(&b, []Word{0x0700000000000000 | 0xd802808038, 0xf0000c0300}, DisasmOptions{}))
	require.Equal(t, "\t.ctx 4\n\t.start 0\n\t// the words have no check bits\n"+
		"\tbr[.10]                                              //     0  070000d802808038  bits 63:52 are 0x70\n"+
		"\tnop                                                  //     1  000000f0000c0300\n", b.String())
}

func TestReadRaw(t *testing.T) {
	w, err := ReadRaw([]byte{1, 2, 3, 4, 5, 6, 7, 0})
	require.NoError(t, err)
	require.Equal(t, []Word{0x07060504030201}, w)
	_, err = ReadRaw(make([]byte, 9))
	require.Error(t, err)
}
