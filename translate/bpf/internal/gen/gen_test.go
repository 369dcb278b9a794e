package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
)

// The committed files are those that the committed extract gives.
func TestGenerate(t *testing.T) {
	files, err := generate("uapi")
	require.NoError(t, err)
	require.Len(t, files, 7)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%s: run go generate ./translate/bpf", name)
	}
}

// The extract keeps what the generator reads and drops the rest.
func TestCut(t *testing.T) {
	dir := t.TempDir()
	for _, name := range sources {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(`
#define TC_ACT_SHOT	2 /* drop */
#define TC_ACT_JUMP	__TC_ACT_EXT(1)
enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC, /* none */
	BPF_MAP_TYPE_HASH,
};
enum {
	SOMETHING_ELSE,
};
struct xdp_md {
	__u32 data;
	__u64 far;
	__u32 :24;
};
`), 0o644))
	}
	text, err := cut(dir)
	require.NoError(t, err)
	require.Equal(t, len(sources), strings.Count(text, "BPF_MAP_TYPE_HASH,"))
	require.NotContains(t, text, "SOMETHING_ELSE")
	require.NotContains(t, text, "TC_ACT_JUMP")
	var h header
	require.NoError(t, parseHeader(&h, text[:strings.Index(text, "/* linux/bpf.h */")]))
	require.Equal(t, []entry{{"BPF_MAP_TYPE_UNSPEC", 0}, {"BPF_MAP_TYPE_HASH", 1}}, h.named("bpf_map_type"))
	require.Equal(t, []member{{"data", 0, 4}, {"far", 8, 8}}, h.structs["xdp_md"])
	require.Equal(t, []entry{{"TC_ACT_SHOT", 2}}, h.defines)
}

// A value that both headers have must be the same in both.
func TestConflict(t *testing.T) {
	var h header
	require.NoError(t, parseHeader(&h, "enum x {\n A,\n B = (1ULL << 40),\n};\n"))
	require.Equal(t, int64(1)<<40, h.enums[0].entries[1].value)
	require.NoError(t, parseHeader(&h, "enum x {\n A = 0, C = A | 6\n};\n"))
	require.Equal(t, []entry{{"A", 0}, {"B", 1 << 40}, {"C", 6}}, h.named("x"))
	require.EqualError(t, parseHeader(&h, "enum x {\n A = 1,\n};\n"), "A is 0 and 1")
}

// The helpers that another generator found in the kernel have the same numbers.
func TestHelpersOfCilium(t *testing.T) {
	h := &header{}
	for _, name := range []string{"linux.h", "newer.h"} {
		b, err := os.ReadFile(filepath.Join("uapi", name))
		require.NoError(t, err)
		require.NoError(t, parseHeader(h, string(b)))
	}
	numbers := map[string]int64{}
	for i, n := range h.helpers {
		numbers[n] = int64(i)
	}
	for _, e := range h.named("bpf_func_id") {
		numbers[strings.TrimPrefix(e.name, "BPF_FUNC_")] = e.value
	}
	require.Len(t, numbers, int(asm.FnCgrpStorageDelete&0xfffffff)+1)
	for name, n := range numbers {
		plain := strings.ToLower(strings.ReplaceAll(name, "_", ""))
		got := strings.ToLower(strings.TrimPrefix(asm.BuiltinFunc(n|int64(asm.FnUnspec)).String(), "Fn"))
		require.Equal(t, plain, got, "helper %d", n)
	}
}
