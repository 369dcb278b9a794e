package image

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

const source = `	.target skipsw 1
	.start 16
	.done 1
	.entry first xdp
	.entry second tc
first:	immed[gprA_1, back]
	br[second]
second:	beq[back]
back:	br[done]
`

func TestFromAssembly(t *testing.T) {
	a, err := nfpisa.Assemble("x.s", []byte(source))
	require.NoError(t, err)
	im, err := FromAssembly(a, "x.s", []byte(source))
	require.NoError(t, err)
	require.Equal(t, Machine{CodeStart: 16, Done: 1}, im.Machine)
	require.Equal(t, target.MustBuiltin("skipsw"), im.Target)
	require.Equal(t, []Program{
		{Name: "first", Section: "xdp", Type: "xdp"},
		{Name: "second", Section: "tc", Type: "tc", Entry: 2},
	}, im.Programs)
	require.Equal(t, []Symbol{
		{Name: "first", Size: 2}, {Name: "second", Word: 2, Size: 2}, {Name: "back", Word: 3, Kind: SymLabel},
	}, im.Symbols)
	require.Equal(t, []Reloc{
		{Kind: RelocImmed}, {Word: 1, Kind: RelocBranch}, {Word: 2, Kind: RelocBranch}, {Word: 3, Kind: RelocDone},
	}, im.Relocs)
	require.Equal(t, Line{Word: 3, Insn: -1, File: "x.s", LineNo: 9, Text: "back:\tbr[done]"}, *im.LineAt(3))

	moved, err := im.Relocate(Load{Start: 3072, Done: 2})
	require.NoError(t, err)
	again, err := nfpisa.Assemble("y.s", []byte("\t.start 3072\n\t.done 2\n"+source[len("\t.target skipsw 1\n\t.start 16\n\t.done 1\n"):]))
	require.NoError(t, err)
	require.Equal(t, again.Words, moved.Words)
}
