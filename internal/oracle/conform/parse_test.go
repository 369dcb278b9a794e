package conform_test

import (
	"strings"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle/conform"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/stretchr/testify/require"
)

// The kernel's text of generated programs must read back as the same slots.
func TestParseReadsWhatTextWrites(t *testing.T) {
	for seed := range uint64(400) {
		p := gen.Program(seed, gen.Options{Without: gen.Maps})
		var text strings.Builder
		for i := 0; i < len(p.Insns); i++ {
			next := bpf.Insn{}
			wide := p.Insns[i].Wide()
			if wide {
				next = p.Insns[i+1]
			}
			text.WriteString(bpf.Text(p.Insns[i], next, nil) + "\n")
			if wide {
				i++
			}
		}
		got, err := conform.Parse(text.String())
		require.NoError(t, err, "seed %d", seed)
		require.Equal(t, p.Insns, got, "seed %d", seed)
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"r0 = 1\nr0 ?= 2", "line 2"},
		{"r16 = 1", "no such register"},
		{"r0 = 0x1ffffffff", "value out of range"},
		{"r1 = be16 r2", "one register"},
		{"goto 5", "no instruction"},
		{"r1 = atomic_fetch_add((u32 *)(r10 -4), w2)", "operand's register"},
	} {
		_, err := conform.Parse(tt.text)
		require.ErrorContains(t, err, tt.want, tt.text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("r0 = 1\nif r0 > 2 goto pc+1\nexit")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = conform.Parse(s) })
}
