package bpffw_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/pcie/bpffw"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// TestPrograms loads programs of the corpus as bare words, linked for the places
// that the corpus has, and runs a packet through each: two ports run two
// programs over maps that they share and that outlive them.
func TestPrograms(t *testing.T) {
	cases, err := peer.Load("../../../testdata/peer")
	require.NoError(t, err)
	tgt := target.MustBuiltin("agilio")
	caps, err := bpffw.Capabilities(tgt)
	require.NoError(t, err)
	caps.Start, caps.Done, caps.MaxWords = 0, 9000, 9000
	caps.Helpers = map[uint32]uint32{1: 9001, 2: 9002, 3: 9003, 25: 9004}
	fw, err := bpffw.New(tgt, caps)
	require.NoError(t, err)
	shared, rc := fw.MapAlloc(nfp.MapRequest{Key: 4, Value: 8, Entries: 1, Type: 1})
	require.Equal(t, nfp.OK, rc)
	require.NotZero(t, fw.Run(0, make([]byte, 64)).Err, "no program yet")
	ran := 0
	for i := range cases {
		c := &cases[i]
		if len(c.Maps) > 0 {
			continue
		}
		img, err := c.Image()
		require.NoError(t, err)
		words := make([]uint64, len(img.Words))
		for k, w := range img.Words {
			words[k] = uint64(w)
		}
		require.NoError(t, fw.Load(i%2, words), c.Name)
		for k := range c.Runs {
			if r := &c.Runs[k]; r.Comparable {
				out := fw.Run(i%2, r.PacketIn)
				require.NoError(t, out.Err, c.Name)
				queue := peer.Queue{Selected: out.QueueSelected, Value: out.Queue}
				require.Empty(t, r.Differs(peer.Outcome{Packet: out.Frame, Queue: queue}), c.Name)
				ran++
			}
		}
	}
	require.Greater(t, ran, 1000)
	require.Equal(t, nfp.OK, fw.MapUpdate(shared, make([]byte, 4), make([]byte, 8), 0), "the map is still there")
	fw.Reset()
	_, _, ok := fw.MapSizes(shared)
	require.False(t, ok)
	require.NotZero(t, fw.Run(0, make([]byte, 64)).Err)
}

func TestLimits(t *testing.T) {
	tgt := target.MustBuiltin("agilio")
	caps, err := bpffw.Capabilities(tgt)
	require.NoError(t, err)
	fw, err := bpffw.New(tgt, caps)
	require.NoError(t, err)
	alloc := func(typ, key, value, entries uint32) nfp.Status {
		_, rc := fw.MapAlloc(nfp.MapRequest{Key: key, Value: value, Entries: entries, Type: typ})
		return rc
	}
	most := uint32(tgt.Maps.MaxEntries)
	require.Equal(t, nfp.ErrNoMemory, alloc(1, 4, 8, most+1), "more entries than a map may have")
	require.Equal(t, nfp.OK, alloc(1, 4, 8, most))
	require.Equal(t, nfp.OK, alloc(2, 4, 8, most))
	require.Equal(t, nfp.ErrNoMemory, alloc(2, 4, 8, most), "more entries than the firmware has")
	require.Equal(t, nfp.OK, fw.MapFree(2))
	require.Equal(t, nfp.OK, fw.MapFree(1))
	require.Equal(t, nfp.ErrNoMap, fw.MapFree(1))
	require.Equal(t, nfp.OK, alloc(1, 4, 8, 1))

	_, err = bpffw.Capabilities(target.MustBuiltin("skipsw"))
	require.ErrorContains(t, err, "not supported: target skipsw on a card for the nfp driver")
	caps.Stack = 1024
	_, err = bpffw.New(tgt, caps)
	require.ErrorContains(t, err, "1024 bytes of stack")
	caps.Stack, caps.Done = 512, caps.Start
	_, err = bpffw.New(tgt, caps)
	require.ErrorContains(t, err, "inside the program's code")
}

// TestSharedMaps runs programs with a map on two ports in turn, and reloads one in
// between: the map must hold what it holds after the same packets on one port.
func TestSharedMaps(t *testing.T) {
	cases, err := peer.Load("../../../testdata/peer")
	require.NoError(t, err)
	tgt := target.MustBuiltin("agilio")
	caps, err := bpffw.Capabilities(tgt)
	require.NoError(t, err)
	caps.Start, caps.Done, caps.MaxWords = 0, 9000, 9000
	caps.Helpers = map[uint32]uint32{1: 9001, 2: 9002, 3: 9003, 25: 9004}
	caps.Maps.Value, caps.Maps.Element = 512, 1024
	types := map[string]uint32{"hash": 1, "array": 2}
	after := func(c *peer.Case, ports int) (entries [][2][]byte) {
		fw, err := bpffw.New(tgt, caps)
		require.NoError(t, err)
		m := c.Maps[0]
		id, rc := fw.MapAlloc(nfp.MapRequest{Key: m.KeySize, Value: m.ValueSize, Entries: m.MaxEntries, Type: types[m.Type]})
		require.Equal(t, nfp.OK, rc)
		require.Equal(t, c.NFP.Tids[0], id)
		for _, e := range m.Initial {
			require.Equal(t, nfp.OK, fw.MapUpdate(id, e.Key, e.Value, 0))
		}
		img, err := c.Image()
		require.NoError(t, err)
		words := make([]uint64, len(img.Words))
		for k, w := range img.Words {
			words[k] = uint64(w)
		}
		for port := range ports {
			require.NoError(t, fw.Load(port, words))
		}
		for i := range c.Runs {
			if i == len(c.Runs)/2 {
				require.NoError(t, fw.Load(0, words))
			}
			fw.Run(i%ports, c.Runs[i].PacketIn)
		}
		for key, value, rc := fw.MapNext(id, nil); rc == nfp.OK; key, value, rc = fw.MapNext(id, key) {
			entries = append(entries, [2][]byte{key, value})
		}
		return entries
	}
	shared := 0
	for i := range cases {
		if c := &cases[i]; len(c.Maps) == 1 && types[c.Maps[0].Type] != 0 {
			require.Equal(t, after(c, 1), after(c, 2), c.Name)
			shared++
		}
	}
	require.Greater(t, shared, 10)
}
