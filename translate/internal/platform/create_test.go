package platform_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// TestCreateBesideKernel makes maps of every type and compares: what the table
// refuses the kernel refuses, what it takes the kernel makes.
func TestCreateBesideKernel(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	inner, err := sys.CreateMap(sys.MapSpec{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.NoError(t, err)
	defer unix.Close(inner)
	taken, refused := 0, 0
	for k := range platform.Linux.Maps {
		m := &platform.Linux.Maps[k]
		t.Run(m.Type.String(), func(t *testing.T) {
			for _, s := range shapes(m) {
				spec := sys.MapSpec{Type: m.Type, KeySize: s.Key, ValueSize: s.Value, MaxEntries: s.Entries, Flags: s.Flags, Extra: s.Extra}
				if m.Inner {
					spec.Inner = inner
				}
				fd, err := sys.CreateMap(spec)
				if err == nil {
					require.NoError(t, unix.Close(fd))
					taken++
				} else {
					refused++
				}
				why := m.Refuses(s)
				if s.Entries == 0 && m.Create.Unset {
					continue // a loader's business
				}
				require.Equal(t, err != nil, why != "", "%+v: kernel %v, table %q", s, err, why)
			}
		})
	}
	require.NotZero(t, taken)
	require.NotZero(t, refused)
	t.Logf("%d maps made, %d refused", taken, refused)
}

// shapes are definitions near one that the type takes, in which one or two
// things differ.
func shapes(m *platform.Map) []platform.Shape {
	entries := uint32(4)
	if m.Create.Pages {
		entries = 1 << 12
	}
	if m.Type == bpf.MapTypeCPUMap {
		entries = 1 // at most the kernel's NR_CPUS
	}
	good := platform.Shape{Key: max(m.Create.Key.Min, min(m.Create.Key.Max, 8)), Value: max(m.Create.Value.Min, min(m.Create.Value.Max, 8)), Entries: entries, Flags: m.Create.Needs}
	list := []platform.Shape{good}
	for _, n := range []uint32{0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 64, 260, 261, 512, 513, 4096, 32 << 10, 32<<10 + 1, 4<<20 - 49, 4<<20 - 48, 4 << 20} {
		for _, change := range []func(s *platform.Shape){
			func(s *platform.Shape) { s.Key = n }, func(s *platform.Shape) { s.Value = n },
			func(s *platform.Shape) { s.Key, s.Value = min(n, 8), n }, func(s *platform.Shape) { s.Key, s.Value = 0, n },
		} {
			s := good
			if n > 1<<16 {
				s.Entries = 1
			}
			change(&s)
			list = append(list, s)
		}
	}
	for bit := range 32 {
		if bit == 16 || bit == 14 || bit == 15 {
			continue // they go with a descriptor of something else
		}
		s := good
		s.Flags ^= 1 << bit
		list = append(list, s)
		for _, other := range []uint32{bpf.FRdonly, bpf.FRdonlyProg, bpf.FNUMANode, bpf.FNoPrealloc} {
			both := s
			both.Flags |= other
			list = append(list, both)
		}
	}
	for _, extra := range []uint64{1, 15, 16, 1 << 40} {
		s := good
		s.Extra = extra
		list = append(list, s)
	}
	for _, n := range []uint32{0, 1, 3, 100, 4096, 4097, 8192, 12288} {
		s := good
		s.Entries = n
		if m.Type != bpf.MapTypeCPUMap || n < 2 {
			list = append(list, s)
		}
	}
	return list
}

// TestRefusesInWords shows the words of each rule.
func TestRefusesInWords(t *testing.T) {
	for _, c := range []struct {
		typ   bpf.MapType
		shape platform.Shape
		want  string
	}{
		{bpf.MapTypeArray, platform.Shape{Key: 4, Value: 8}, "has 0 entries"},
		{bpf.MapTypeArray, platform.Shape{Value: 8, Entries: 4}, "has keys of 0 bytes; a map of type array takes 4 bytes"},
		{bpf.MapTypeQueue, platform.Shape{Key: 4, Value: 8, Entries: 4}, "has keys of 4 bytes; a map of type queue takes none"},
		{bpf.MapTypeDevMap, platform.Shape{Key: 4, Value: 6, Entries: 4}, "has values of 6 bytes; a map of type devmap takes 4 or 8 bytes"},
		{bpf.MapTypeLPMTrie, platform.Shape{Key: 8, Value: 8, Entries: 4}, "lacks flags that a map of type lpm_trie must have: BPF_F_NO_PREALLOC"},
		{bpf.MapTypeHash, platform.Shape{Key: 8, Value: 8, Entries: 4, Flags: 1 << 31}, "has flags that a map of type hash does not take: 0x80000000"},
		{bpf.MapTypeHash, platform.Shape{Key: 8, Value: 8, Entries: 4, Flags: bpf.FRdonly | bpf.FWronly}, "has flags that exclude each other: BPF_F_RDONLY, BPF_F_WRONLY"},
		{bpf.MapTypeRingbuf, platform.Shape{Entries: 5000}, "has 5000 bytes (max_entries); a map of type ringbuf takes a power of two that is whole pages of 4096"},
		{bpf.MapTypePerfEventArray, platform.Shape{Key: 4, Value: 4}, ""},
		{bpf.MapTypeBloomFilter, platform.Shape{Value: 4, Entries: 1, Extra: 16}, "has map_extra 0x10; of a map of type bloom_filter it has the bits 0xf"},
		{bpf.MapTypeDevMapHash, platform.Shape{Key: 4, Value: 4, Entries: 1<<31 + 1}, "has 2147483649 entries; a map of type devmap_hash takes 2147483648"},
	} {
		t.Run(fmt.Sprint(c.typ, c.shape), func(t *testing.T) {
			require.Equal(t, c.want, platform.Linux.Map(c.typ).Refuses(c.shape))
		})
	}
	require.True(t, slices.ContainsFunc(platform.Linux.Maps, func(m platform.Map) bool { return m.Create.Pages }))
}
