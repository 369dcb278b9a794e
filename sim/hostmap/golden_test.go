package hostmap_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/maplayout/layouttest"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
)

func info(typ string, l maplayout.Layout, s maplayout.Shape) image.Map {
	m := image.Map{
		Name: typ, Type: typ, KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries,
		Layout: string(l.Kind()), Stride: l.Step(), Params: l.Params(),
	}
	if l.Kind() != maplayout.KindFirmware {
		m.Base = layouttest.Base
	}
	return m
}

func shape(key, value, entries uint32) maplayout.Shape {
	return maplayout.Shape{KeySize: key, ValueSize: value, MaxEntries: entries}
}

func word(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// goldens are the maps that are written down byte by byte, and what is put into
// them.
func goldens() map[string]image.Map {
	counted := func(m image.Map) image.Map { m.Swapped = true; return m }
	six := func(from byte) []byte { return []byte{from, from + 1, from + 2, from + 3, from + 4, from + 5} }
	prefix := func(n uint32, addr ...byte) []byte { return append(word(n), addr...) }
	put := func(m image.Map, entries ...[]byte) image.Map {
		for ; len(entries) > 0; entries = entries[2:] {
			m.Initial = append(m.Initial, image.Entry{Key: entries[0], Value: entries[1]})
		}
		return m
	}
	fw := shape(2, 12, 2)
	hash := info("hash", maplayout.NewFirmware(fw), fw)
	hash.WordUse = []uint8{uint8(maplayout.WordAtomic), uint8(maplayout.WordRead)}
	arr, arr2, h, lru, lpm := shape(4, 6, 3), shape(4, 6, 2), shape(4, 6, 4), shape(5, 8, 2), shape(8, 4, 3)
	return map[string]image.Map{
		"array": put(info("array", maplayout.NewArray(arr), arr), word(0), six('a'), word(1), six('g')),
		"array_swapped": put(counted(info("percpu_array", maplayout.NewArray(arr2), arr2)),
			word(0), six('a'), word(1), []byte{1, 0, 0, 0, 2, 0}),
		"hash": put(info("hash", maplayout.NewHash(h, false), h), word(2), six('a'), word(5), six('g'), word(1), six('m')),
		"hash_lru": put(counted(info("lru_hash", maplayout.NewHash(lru, true), lru)),
			[]byte("abcde"), []byte{1, 2, 3, 4, 5, 6, 7, 8}, []byte("ABCDE"), []byte{17, 18, 19, 20, 21, 22, 23, 24}),
		"lpm_trie": put(info("lpm_trie", maplayout.NewLPM(lpm), lpm),
			prefix(8, 10, 0, 0, 0), word(1), prefix(8, 11, 0, 0, 0), word(2), prefix(9, 10, 128, 0, 0), word(3)),
		"firmware_hash": put(hash, []byte{0xaa, 1}, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
			[]byte{0xaa, 2}, []byte{17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28}),
		"slots":        put(info("devmap", maplayout.NewSlots(shape(4, 4, 3)), shape(4, 4, 3)), word(0), word(7), word(2), word(9)),
		"bloom_filter": put(info("bloom_filter", maplayout.Bloom{Hashes: 5, Bits: 128}, shape(0, 6, 12)), nil, six('a'), nil, six('g')),
		"queue":        put(info("queue", maplayout.NewRing(shape(0, 6, 3), false), shape(0, 6, 3)), nil, six('a'), nil, six('g')),
		"stack": put(info("stack", maplayout.NewRing(shape(0, 8, 2), true), shape(0, 8, 2)),
			nil, []byte{1, 2, 3, 4, 5, 6, 7, 8}, nil, []byte{17, 18, 19, 20, 21, 22, 23, 24}),
		"ringbuf":     info("ringbuf", maplayout.NewRingbuf(shape(0, 0, 64)), shape(0, 0, 64)),
		"perf_events": info("perf_event_array", maplayout.Records{Room: 64, Events: true}, shape(4, 4, 1)),
	}
}

// goldenQueue reads the records that were written by hand.
func goldenQueue(t *testing.T, q *hostmap.Queue) {
	if q.Events {
		r, ok := q.Next()
		require.True(t, ok)
		require.Equal(t, hostmap.Record{Position: 0, Writer: 0x80010080, Data: []byte("hello"), Packet: []byte{0xaa, 0xbb, 0xcc}}, r)
		_, ok = q.Next()
		require.False(t, ok)
		return
	}
	require.EqualValues(t, 2, q.Lost())
	var of []string
	q.Of(func(p uint32) bool { return p != 0x80030080 }, func(r hostmap.Record) { of = append(of, string(r.Data)) })
	require.Equal(t, []string{"abcdefghij"}, of)
	r, ok := q.Next()
	require.True(t, ok)
	require.Equal(t, hostmap.Record{Position: 48, Writer: 0x80010080, Data: []byte("abcdefghij")}, r)
	_, ok = q.Next()
	require.False(t, ok, "the record at 88 is still written, that before it was discarded")
	q.Abandon(func(p uint32) bool { return p == 0x80030080 })
	_, ok = q.Next()
	require.False(t, ok)
	q.Of(func(uint32) bool { return true }, func(hostmap.Record) { t.Fatal("the queue is empty") })
}

// TestGoldenBytes holds what the host's side makes of a map's entries against
// the bytes that were written by hand, and what it reads from them.
func TestGoldenBytes(t *testing.T) {
	all := goldens()
	require.Len(t, all, len(layouttest.Names(t)))
	for name, im := range all {
		t.Run(name, func(t *testing.T) {
			space := hostmap.NewSpace(mem.New(mem.Config{}), []hostmap.Room{{Region: target.MustBuiltin("agilio").Maps.Regions[0]}})
			m, err := space.Create(im)
			require.NoError(t, err)
			want := layouttest.Golden(t, name)
			if q, ok := m.Queue(); ok {
				copy(m.Region().Data, want)
				goldenQueue(t, q)
				return
			}
			require.Equal(t, want, m.Region().Data)
			require.Equal(t, uint64(layouttest.Base), m.Region().Base)

			for k, e := range im.Initial {
				if im.Type == "bloom_filter" {
					require.True(t, m.Has(e.Value))
					continue
				}
				if im.KeySize == 0 {
					e = im.Initial[len(im.Initial)-1-k]
					if im.Type == "queue" {
						e = im.Initial[k]
					}
					v, err := m.Pop(nil)
					require.NoError(t, err)
					require.Equal(t, e.Value, v)
					continue
				}
				v, ok := m.Lookup(e.Key)
				require.True(t, ok)
				require.Equal(t, e.Value, v)
			}
		})
	}
}
