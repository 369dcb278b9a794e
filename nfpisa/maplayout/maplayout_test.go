package maplayout_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/maplayout/layouttest"
)

func shape(key, value, entries uint32) maplayout.Shape {
	return maplayout.Shape{KeySize: key, ValueSize: value, MaxEntries: entries}
}

// layouts are the layouts of the maps that are written down byte by byte.
var layouts = map[string]maplayout.Layout{
	"array":         maplayout.NewArray(shape(4, 6, 3)),
	"array_swapped": maplayout.NewArray(shape(4, 6, 2)),
	"hash":          maplayout.NewHash(shape(4, 6, 4), false),
	"hash_lru":      maplayout.NewHash(shape(5, 8, 2), true),
	"lpm_trie":      maplayout.NewLPM(shape(8, 4, 3)),
	"firmware_hash": maplayout.NewFirmware(shape(2, 12, 2)),
	"slots":         maplayout.NewSlots(shape(4, 4, 3)),
	"queue":         maplayout.NewRing(shape(0, 6, 3), false),
	"bloom_filter":  maplayout.Bloom{Hashes: 5, Bits: 128},
	"stack":         maplayout.NewRing(shape(0, 8, 2), true),
	"ringbuf":       maplayout.NewRingbuf(shape(0, 0, 64)),
	"perf_events":   maplayout.Records{Room: 64, Events: true},
}

// TestGoldenSizes holds the size of each layout against the bytes that were
// written by hand.
func TestGoldenSizes(t *testing.T) {
	for _, name := range layouttest.Names(t) {
		require.Contains(t, layouts, name)
		require.Equal(t, uint64(len(layouttest.Golden(t, name))), layouts[name].Size(), name)
	}
	require.Len(t, layouts, len(layouttest.Names(t)))
}

// TestGoldenHash reads the written bytes with the layout's offsets alone.
func TestGoldenHash(t *testing.T) {
	b := layouttest.Golden(t, "hash")
	h := maplayout.NewHash(shape(4, 6, 4), false)
	word := func(at uint64) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	low := uint32(layouttest.Base & math.MaxUint32)
	got := map[uint32]string{}
	look := func(k uint32, e uint64) {
		key := b[e+uint64(h.Key):][:4]
		require.Equal(t, k, h.BucketOf(key))
		require.Equal(t, low+uint32(h.Bucket(k)), word(e+uint64(maplayout.HashBucket)))
		got[binary.LittleEndian.Uint32(key)] = string(b[e+uint64(h.Value):][:6])
	}
	require.True(t, h.Inside)
	for k := range h.Buckets {
		at := h.Bucket(k)
		if word(at+uint64(maplayout.HashBucket)) != 0 {
			look(k, at)
		}
		for p := word(at) << maplayout.HashShift; p != 0; p = word(at) << maplayout.HashShift {
			at = uint64(p-low) + uint64(maplayout.HashNext)
			look(k, at)
		}
		require.Zero(t, word(h.Bucket(k))>>maplayout.HashLockBit)
	}
	require.Equal(t, map[uint32]string{1: "mnopqr", 2: "abcdef", 5: "ghijkl"}, got)
	atomic := func(at uint64) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	require.EqualValues(t, 3, atomic(uint64(maplayout.HashFree)))
	require.EqualValues(t, 1, atomic(uint64(maplayout.HashLeft)))
	for i := range uint32(4) {
		want := uint32(0)
		if i < 3 {
			want = low + uint32(h.Entry(3-i))
		}
		require.Equal(t, want, atomic(h.Slot(i)))
	}
}

// TestInside shows which tables have first entries in their buckets.
func TestInside(t *testing.T) {
	require.True(t, maplayout.NewHash(shape(4, 8, 1<<20), false).Inside)
	require.False(t, maplayout.NewHash(shape(4, 8, 1<<20), true).Inside, "the hand goes round entries in use")
	require.False(t, maplayout.NewHash(shape(4, 8, 1<<21), false).Inside, "too much memory")
	require.True(t, maplayout.NewHash(shape(4, 112, 10), false).Inside)
	require.False(t, maplayout.NewHash(shape(4, 120, 10), false).Inside, "more than a command reads")
	require.EqualValues(t, 96, maplayout.NewHash(shape(4, 72, 10), false).Stride, "88 is no sum of two powers")
	require.EqualValues(t, 136, maplayout.NewHash(shape(4, 120, 10), false).Stride)
	for n := range uint32(300) {
		a, b, sign, ok := maplayout.PowersOf(n)
		if ok {
			v := 1 << a
			if sign != 0 {
				v += sign << b
			}
			require.EqualValues(t, n, v)
		}
	}
}

// TestGoldenLPM does the same for a trie.
func TestGoldenLPM(t *testing.T) {
	b := layouttest.Golden(t, "lpm_trie")
	l := maplayout.NewLPM(shape(8, 4, 3))
	word := func(at uint64) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	low := uint32(layouttest.Base & math.MaxUint32)
	got := map[string]uint32{}
	var walk func(p uint32)
	walk = func(p uint32) {
		if p == 0 {
			return
		}
		n := uint64(p - low)
		if v := word(n + uint64(maplayout.LPMAddr)); v != 0 {
			require.Equal(t, p+uint32(l.Value), v)
			key := b[n+uint64(l.Key):]
			got[fmt.Sprintf("%d.%d.%d.%d/%d", key[0], key[1], key[2], key[3], word(n+uint64(maplayout.LPMLength)))] = word(uint64(v - low))
		}
		walk(word(n + uint64(maplayout.LPMZero)))
		walk(word(n + uint64(maplayout.LPMOne)))
	}
	walk(word(uint64(maplayout.LPMRoot)))
	require.Equal(t, map[string]uint32{"10.0.0.0/8": 1, "11.0.0.0/8": 2, "10.128.0.0/9": 3}, got)
	free := 0
	for p := word(uint64(maplayout.LPMFree)); p != 0; p = word(uint64(p-low) + uint64(maplayout.LPMLength)) {
		free++
	}
	require.Equal(t, 18, free)
	require.Equal(t, low+uint32(l.Note(0)), word(uint64(maplayout.LPMGone)))
	require.Equal(t, low+uint32(l.Note(0)), word(uint64(maplayout.LPMKept)))
	require.Zero(t, word(uint64(maplayout.LPMLock)))
	require.EqualValues(t, 3, word(uint64(maplayout.LPMUsed)))
}

// TestRoundTrip holds that what an image has of a layout gives it back.
func TestRoundTrip(t *testing.T) {
	for name, c := range map[string]struct {
		shape maplayout.Shape
		l     maplayout.Layout
	}{
		"array": {shape(4, 13, 7), maplayout.NewArray(shape(4, 13, 7))},
		"hash":  {shape(7, 13, 100), maplayout.NewHash(shape(7, 13, 100), false)},
		"lru":   {shape(7, 13, 100), maplayout.NewHash(shape(7, 13, 100), true)},
		"trie":  {shape(20, 3, 100), maplayout.NewLPM(shape(20, 3, 100))},
	} {
		t.Run(name, func(t *testing.T) {
			back, err := maplayout.Parse(c.l.Kind(), c.shape, c.l.Step(), c.l.Params())
			require.NoError(t, err)
			require.Equal(t, c.l, back)
			v := c.l.Values()
			require.Zero(t, v.Stride%maplayout.Align)
			require.Zero(t, v.Offset%maplayout.Align)
			require.Zero(t, v.First%maplayout.Align)
			require.LessOrEqual(t, v.First+v.Stride*uint64(c.shape.MaxEntries), c.l.Size())
		})
	}
}

func TestParseRefuses(t *testing.T) {
	lru := maplayout.NewHash(shape(4, 8, 3), true)
	hash, trie := maplayout.NewHash(shape(4, 8, 3), false), maplayout.NewLPM(shape(8, 4, 3))
	with := func(p map[string]uint64, name string, v uint64) map[string]uint64 {
		p = maps.Clone(p)
		if p == nil {
			p = map[string]uint64{}
		}
		p[name] = v
		return p
	}
	for _, c := range []struct {
		name   string
		kind   maplayout.Kind
		shape  maplayout.Shape
		step   uint32
		params map[string]uint64
		want   string
	}{
		{"unknown layout", "btree", shape(4, 4, 1), 8, nil, `layout "btree"`},
		{"filter without hash functions", maplayout.KindBloom, shape(0, 4, 1), 4, map[string]uint64{"bits": 64}, "0 hash functions"},
		{"filter with odd bits", maplayout.KindBloom, shape(0, 4, 1), 4, map[string]uint64{"bits": 96, "hashes": 5}, "96 bits"},
		{"filter with a step", maplayout.KindBloom, shape(0, 4, 1), 8, map[string]uint64{"bits": 64, "hashes": 5}, "stride 8"},
		{"array without values", maplayout.KindArray, shape(4, 0, 1), 8, nil, "value of 0"},
		{"array key", maplayout.KindArray, shape(8, 4, 1), 8, nil, "key of 8 bytes, an array has 4"},
		{"array stride", maplayout.KindArray, shape(4, 12, 1), 8, nil, "stride 8 does not hold a value of 12 bytes"},
		{"odd array stride", maplayout.KindArray, shape(4, 4, 1), 12, nil, "stride 12"},
		{"array with a parameter", maplayout.KindArray, shape(4, 4, 1), 8, with(nil, "seed", 1), `does not have the parameter "seed"`},
		{"hash without buckets", maplayout.KindHash, shape(4, 8, 3), 24, nil, "0 buckets"},
		{"hash with odd buckets", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "buckets", 3), "3 buckets"},
		{"hash entries among buckets", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "entries", 24), "entries at offset 24, among 4 buckets"},
		{"hash buckets among free entries", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "heads", 24), "buckets at offset 24, among 3 free entries"},
		{"hash with a hand that meets empty buckets", maplayout.KindHash, shape(4, 8, 3), 32, with(with(lru.Params(), "inside", 1), "entries", 160), `"lru" and "inside"`},
		{"hash key over pointers", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "key", 4), "keys at offset 4"},
		{"hash key over the mark", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "lru", 1), "keys at offset 8"},
		{"hash value over the key", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "value", 8), "value of 8 bytes at offset 8"},
		{"hash value past the entry", maplayout.KindHash, shape(4, 12, 3), 24, hash.Params(), "value of 12 bytes at offset 16 of entries of 24"},
		{"hash with another parameter", maplayout.KindHash, shape(4, 8, 3), 24, with(hash.Params(), "seed", 1), `does not have the parameter "seed"`},
		{"trie key", maplayout.KindLPM, shape(4, 4, 3), 40, trie.Params(), "keys of 4 bytes"},
		{"trie nodes", maplayout.KindLPM, shape(8, 4, 3), 40, with(trie.Params(), "nodes", 5), "5 nodes for 3 entries"},
		{"trie first", maplayout.KindLPM, shape(8, 4, 3), 40, with(trie.Params(), "first", 0), "nodes at offset 0"},
		{"trie value", maplayout.KindLPM, shape(8, 4, 3), 40, with(trie.Params(), "value", 24), "value of 4 bytes at offset 24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := maplayout.Parse(c.kind, c.shape, c.step, c.params)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestPlaces(t *testing.T) {
	a := maplayout.NewArena(0x20_0000_0000, 1<<16, 64)
	first, ok := a.Place(100)
	require.True(t, ok)
	require.Equal(t, uint64(0x20_0000_0040), first, "no map is at an address with a low word of 0")
	second, ok := a.Place(1)
	require.True(t, ok)
	require.Equal(t, uint64(0x20_0000_00c0), second)
	a.Reserve(0x20_0000_1001)
	third, ok := a.Place(1)
	require.True(t, ok)
	require.Equal(t, uint64(0x20_0000_1040), third)
	_, ok = a.Place(1 << 16)
	require.False(t, ok)
	_, ok = a.Place(math.MaxUint64)
	require.False(t, ok)
	require.True(t, a.Inside(0x20_0000_0008, 8))
	require.False(t, a.Inside(0x20_0000_0000, 8))
	require.False(t, a.Inside(0x20_0000_fff8, 16))
	require.False(t, a.Inside(0x1f_0000_0008, 8))

	require.NoError(t, maplayout.CheckPlace(0x20_0000_0008, 1<<32-8))
	for _, base := range []uint64{0x20_0000_0000, 0x20_0000_0004, 1 << 40} {
		require.ErrorContains(t, maplayout.CheckPlace(base, 8), "must be a multiple of 8 in 40 bits")
	}
	require.ErrorContains(t, maplayout.CheckPlace(0x20_0000_0008, 1<<32-7), "not cross a multiple of 2^32")
}

func TestOrder(t *testing.T) {
	require.Equal(t, 6, maplayout.Place(5, true))
	require.Equal(t, 5, maplayout.Place(5, false))
	require.Equal(t, []bool{true, true}, maplayout.Reversed(6, true, nil))
	require.Equal(t, []bool{false, true, false}, maplayout.Reversed(12, false, []uint8{1, 3}))
	require.Equal(t, uint64(24), maplayout.Element(9, 5))
}

func ExampleNewHash() {
	h := maplayout.NewHash(maplayout.Shape{KeySize: 13, ValueSize: 8, MaxEntries: 1000}, false)
	fmt.Println(h.Buckets, h.Key, h.Value, h.Stride, h.Size())
	// Output: 1024 8 24 32 68784
}
