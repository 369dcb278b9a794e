package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
)

// TestMapsThatCannotBeMade: a program that uses a map which the kernel does not
// make is refused with the kernel's rule and the C line, the others are taken.
func TestMapsThatCannotBeMade(t *testing.T) {
	o := load(t, "odd/map_create.o")
	for name, want := range map[string]string{
		"use_no_entries":    "map no_entries has 0 entries, and the kernel makes no such map; its loader sets them: --map-size no_entries=N",
		"use_no_key":        "map no_key has keys of 0 bytes; a map of type array takes 4 bytes, and the kernel makes no other",
		"use_long_key":      "map long_key has keys of 8 bytes; a map of type array takes 4 bytes, and the kernel makes no other",
		"use_unknown_flag":  "map unknown_flag has flags that a map of type hash does not take: 0x80000000, and the kernel makes no other",
		"use_prealloc_trie": "map prealloc_trie lacks flags that a map of type lpm_trie must have: BPF_F_NO_PREALLOC, and the kernel makes no other",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := o.Program(name)
			require.ErrorContains(t, err, want)
			all := p.Refused.(object.Refusals)
			require.Len(t, all, 1)
			require.NotNil(t, all[0].Line)
			require.Equal(t, "odd/map_create.c", all[0].Line.File)
		})
	}
	_, err := o.Program("use_good")
	require.NoError(t, err)
}

// TestOneBadPart: what cannot be had refuses the programs that use it, and no
// other.
func TestOneBadPart(t *testing.T) {
	o := load(t, "odd/one_bad.o")
	for name, want := range map[string]string{
		"good":      "",
		"init":      `section "struct_ops/init" holds a`,
		"section":   `instruction 0 (odd/one_bad.c:20): not supported: reference to "odd" in section oddments, because variables are in .data`,
		"ksym":      `not supported: reference to "bpf_prog_active", because the object does not define it`,
		"kfunc":     `"elsewhere", which the object does not define`,
		"undefined": `"nowhere", which the object does not define`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := o.Program(name)
			if want != "" {
				require.ErrorContains(t, err, want)
				return
			}
			require.NoError(t, err)
			require.Len(t, p.Maps, 1)
			require.Equal(t, ".bss.named", p.Maps[0].Name)
			require.Equal(t, []object.Entry{{Key: make([]byte, 4), Value: make([]byte, 4)}}, p.Maps[0].Initial)
		})
	}
	require.Len(t, o.Programs, 6)
}
