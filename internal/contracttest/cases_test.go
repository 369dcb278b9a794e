package contracttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// TestChangedFiles runs a sample with a hash map that routines serve for target
// files that differ from skipsw in one value, in the format of today and in the
// one before files had a schema: it works, or it is refused by name.
func TestChangedFiles(t *testing.T) {
	all, err := samples()
	require.NoError(t, err)
	var flow *sample
	for i := range all {
		if all[i].name == "flow_track/flow_track" {
			flow = &all[i]
		}
	}
	require.NotNil(t, flow)
	today, err := target.BuiltinFile("skipsw")
	require.NoError(t, err)
	before, err := os.ReadFile(filepath.Join("..", "..", "nfpisa", "target", "testdata", "skipsw_schema1.yaml"))
	require.NoError(t, err)
	like := flow.run(target.MustBuiltin("skipsw"))
	require.Empty(t, like.refused+like.wrong)

	for _, c := range []struct {
		name                 string
		from, to             string // in the file of today
		oldFrom, oldTo       string
		refused, refusedOnce string // by the file's reader; when it is compiled
	}{
		{name: "another name", from: "name: skipsw", to: "name: acme", oldFrom: "name: skipsw", oldTo: "name: acme"},
		{name: "stack base in A20", from: "stack: A22", to: "stack: A20", oldFrom: "stack_gpr: 22", oldTo: "stack_gpr: 20"},
		{name: "packet pointer in word 3", from: "pointer: {word: 2,", to: "pointer: {word: 3,", oldFrom: "pointer: 2", oldTo: "pointer: 3"},
		{name: "length of 16 bits", from: "low: 0, bits: 14}", to: "low: 0, bits: 16}", oldFrom: "len_bits: 14", oldTo: "len_bits: 16"},
		{name: "other map memory", from: regions(0x20), to: regions(0x30), oldFrom: "base: 0x2000000000", oldTo: "base: 0x3000000000"},
		{name: "8 registers", from: "gprs: 32", to: "gprs: 8", oldFrom: "gprs: 32", oldTo: "gprs: 8", refusedOnce: "registers.gprs is 8"},
		{name: "registers that must not change", from: "keep_a: []", to: "keep_a: [0, 1, 2, 3]", oldFrom: "keep_a: []", oldTo: "keep_a: [0, 1, 2, 3]", refused: "registers.keep_a [0 1 2 3]"},
		{name: "others that must not change", from: "keep_a: []", to: "keep_a: [31]", oldFrom: "keep_a: []", oldTo: "keep_a: [31]"},
		{name: "little stack", from: "stack: 960", to: "stack: 64", oldFrom: "stack: 960", oldTo: "stack: 64", refusedOnce: "local_memory.stack is 64"},
		{name: "code past the control store", from: "code_start: 16", to: "code_start: 16383", oldFrom: "code_start: 16", oldTo: "code_start: 16383", refused: "core.code_start 16383 and core.code_words 8176 reach past"},
	} {
		for format, text := range map[string]string{
			"today": strings.Replace(string(today), c.from, c.to, 1), "before": strings.Replace(string(before), c.oldFrom, c.oldTo, 1),
		} {
			t.Run(c.name+"/"+format, func(t *testing.T) {
				require.NotEqual(t, string(today), text)
				require.NotEqual(t, string(before), text)
				tg, err := target.Parse("changed.yaml", []byte(text))
				if c.refused != "" {
					require.ErrorContains(t, err, c.refused)
					return
				}
				require.NoError(t, err)
				got := flow.run(tg)
				require.Empty(t, got.wrong)
				if c.refusedOnce != "" {
					require.Contains(t, got.refused, c.refusedOnce)
					return
				}
				require.Empty(t, got.refused)
				require.InEpsilon(t, like.cycles, got.cycles, 0.001)
			})
		}
	}
}

// regions is the map memory of target skipsw, with an upper part of its addresses.
func regions(upper int) string {
	return fmt.Sprintf("base: %#x00000000, size: 0x40000000, align: 64}\n    - {memory: imem, base: %#[1]x70000000, size: 0x400000, align: 64}\n"+
		"    - {memory: cls, base: %#[1]x71000000,", upper)
}
