package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
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

// TestWeak: what is weak and nowhere defined has the address 0, and the kernel's
// configuration is what the user says.
func TestWeak(t *testing.T) {
	o := load(t, "odd/weak.o")
	p, err := o.Program("asks")
	require.NoError(t, err)
	require.Len(t, p.Maps, 1)
	require.Equal(t, ".kconfig", p.Maps[0].Name)
	require.True(t, p.Maps[0].Frozen)
	require.Contains(t, p.Insns, bpf.LoadImm64(1, 0)[0], "the address of absent_variable")
	p, err = o.Program("calls")
	require.NoError(t, err)
	require.Contains(t, p.Insns, bpf.CallHelper(bpf.HelperAbsentField))
	_, err = o.Program("version")
	require.ErrorContains(t, err, "not supported: extern __kconfig variable, because there is no kernel on the NIC; give it a value with --set LINUX_KERNEL_VERSION=VALUE")
	require.ErrorContains(t, err, "odd/weak.c:22")

	o, err = object.LoadBytes("weak.o", read(t, "odd/weak.o"), object.Options{Set: map[string]string{"LINUX_KERNEL_VERSION": "6", "CONFIG_ABSENT": "258"}})
	require.NoError(t, err)
	p, err = o.Program("version")
	require.NoError(t, err)
	require.Equal(t, "?xdp", p.Section)
	value := o.Map(".kconfig").Initial[0].Value
	require.Len(t, value, 16)
	require.ElementsMatch(t, []byte{6, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, value)
}

// TestUnreadableMap: a definition that cannot be read refuses the programs that use
// its map, and no other.
func TestUnreadableMap(t *testing.T) {
	o := load(t, "odd/bad_map.o")
	_, err := o.Program("uses_strange")
	require.ErrorContains(t, err, "odd/bad_map.c:25): map strange cannot be read: unrecognized field numa_node in BTF map definition")
	p, err := o.Program("uses_counters")
	require.NoError(t, err)
	require.Equal(t, "counters", p.Maps[0].Name)
	require.Len(t, o.Maps, 1)
}
