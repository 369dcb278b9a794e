package sim_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
)

// TestMemoryOutlivesMachines makes the maps of every corpus program before and
// apart from its machine, under the numbers that the program passes: it must
// find them there, and a second machine must go on with their contents.
func TestMemoryOutlivesMachines(t *testing.T) {
	cases, _ := corpus(t)
	spec := sim.DefaultSpec()
	compared := 0
	for i := range cases {
		c := &cases[i]
		img, err := c.Image()
		require.NoError(t, err)
		if len(img.Maps) != 1 || img.Maps[0].Type != "array" || img.Maps[0].ID == 0 {
			continue
		}
		spec.Memory, err = sim.NewMemory(img.Target, spec)
		require.NoError(t, err)
		info := img.Maps[0]
		img.Maps = nil
		m, err := spec.Memory.Create(info)
		require.NoError(t, err)
		_, err = spec.Memory.Create(info)
		require.ErrorContains(t, err, "taken")
		run := &c.Runs[0]
		for again := range 2 {
			machine, err := sim.New(img, spec)
			require.NoError(t, err)
			res := machine.Run(sim.Input{Packet: run.PacketIn})
			if want := run.MapsAfter[info.Name]; again == 0 && run.Comparable && want != nil {
				require.Nil(t, res.Fault, c.Name)
				require.Equal(t, want, peer.Entries(m.Entries()), c.Name)
				compared++
			}
		}
		require.NoError(t, spec.Memory.Free(info.ID))
		require.ErrorContains(t, spec.Memory.Free(info.ID), "no map")
		machine, err := sim.New(img, spec)
		require.NoError(t, err)
		if res := machine.Run(sim.Input{Packet: run.PacketIn}); res.Fault != nil {
			require.Equal(t, sim.FaultMemory, res.Fault.Kind, "%s: %v", c.Name, res.Fault)
		}
	}
	require.Greater(t, compared, 5)
}

// TestMemoryIsReused makes and frees more than map memory holds at a time.
func TestMemoryIsReused(t *testing.T) {
	memory, err := sim.NewMemory(target.MustBuiltin("agilio"), sim.DefaultSpec())
	require.NoError(t, err)
	big := image.Map{Name: "big", Type: "array", KeySize: 4, ValueSize: 1 << 16, MaxEntries: 1 << 12}
	for i := range uint32(12) {
		big.ID = 2*i + 1
		_, err := memory.Create(big)
		require.NoError(t, err)
		small := image.Map{Name: "small", Type: "hash", KeySize: 4, ValueSize: 1, MaxEntries: 3 + i, ID: 2*i + 2}
		m, err := memory.Create(small)
		require.NoError(t, err)
		require.NoError(t, m.Update([]byte{1, 2, 3, 4}, []byte{5}, sim.UpdateAny))
		require.NoError(t, memory.Free(big.ID))
	}
	m, ok := memory.Table(2)
	require.True(t, ok)
	v, ok := m.Lookup([]byte{1, 2, 3, 4})
	require.True(t, ok)
	require.Equal(t, []byte{5}, v)
}

func TestMapNext(t *testing.T) {
	memory, err := sim.NewMemory(target.MustBuiltin("agilio"), sim.DefaultSpec())
	require.NoError(t, err)
	key := func(i uint32) []byte { return binary.LittleEndian.AppendUint32(nil, i) }
	walk := func(m *sim.Map) (keys []uint32) {
		e, ok := m.Next(nil)
		for ; ok; e, ok = m.Next(e.Key) {
			keys = append(keys, binary.LittleEndian.Uint32(e.Key))
			v, _ := m.Lookup(e.Key)
			require.Equal(t, v, e.Value)
		}
		return keys
	}
	array, err := memory.Create(image.Map{Name: "a", Type: "array", KeySize: 4, ValueSize: 8, MaxEntries: 3, ID: 1})
	require.NoError(t, err)
	require.Equal(t, []uint32{0, 1, 2}, walk(array))
	e, ok := array.Next(key(7))
	require.True(t, ok)
	require.Equal(t, key(0), e.Key)

	hash, err := memory.Create(image.Map{Name: "h", Type: "hash", KeySize: 4, ValueSize: 8, MaxEntries: 4, ID: 2})
	require.NoError(t, err)
	require.Empty(t, walk(hash))
	for _, k := range []uint32{9, 5, 7} {
		require.NoError(t, hash.Update(key(k), make([]byte, 8), sim.UpdateAny))
	}
	require.Equal(t, []uint32{9, 5, 7}, walk(hash))
	require.NoError(t, hash.Delete(key(9)))
	require.Equal(t, []uint32{5, 7}, walk(hash))
	e, ok = hash.Next(key(1))
	require.True(t, ok)
	require.Equal(t, key(5), e.Key)
}
