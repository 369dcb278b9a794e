package devicetest

import (
	"encoding/binary"
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Update flags, as the kernel numbers them.
const (
	anyEntry = 0
	newEntry = 1
	oldEntry = 2
)

// store returns the device's maps, or nil after testing how a device without
// answers.
func store(t *testing.T, d offload.Device) offload.MapStore {
	t.Helper()
	s, err := offload.AsMapStore(d)
	if err == nil {
		return s
	}
	require.ErrorIs(t, err, offload.ErrNotSupported)
	_, err = offload.Attach(t.Context(), d, offload.Request{Program: counting("counts", hash("counts"))})
	require.ErrorIs(t, err, offload.ErrNotSupported, "a program with maps")
	free(t, d)
	return nil
}

// newMap makes a map; it is closed at the test's end.
func newMap(t *testing.T, s offload.MapStore, m *object.Map) offload.Map {
	t.Helper()
	got, err := s.NewMap(t.Context(), m, offload.Hardware)
	require.NoError(t, err)
	t.Cleanup(func() { _ = got.Close() })
	return got
}

func key(n uint32) []byte   { return binary.LittleEndian.AppendUint32(nil, n) }
func value(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }

func maps(t *testing.T, d offload.Device) {
	s := store(t, d)
	if s == nil {
		return
	}
	m := newMap(t, s, hash("counts"))
	info := m.Info()
	require.NotZero(t, info.ID)
	require.Equal(t, "counts", info.Name)
	require.Equal(t, bpf.MapTypeHash, info.Type)
	require.EqualValues(t, []uint32{keySize, valueSize, maxEntries}, []uint32{info.KeySize, info.ValueSize, info.MaxEntries})
	require.Equal(t, d.Name(), info.Device, "the map lives on the device")
	require.Equal(t, valueSize, m.ValueBytes())

	_, err := m.Next(nil)
	require.ErrorIs(t, err, io.EOF, "a new map is empty")
	require.NoError(t, m.Update(key(1), value(10), anyEntry))
	require.NoError(t, m.Update(key(2), value(20), newEntry))
	require.NoError(t, m.Update(key(1), value(11), oldEntry))
	v, err := m.Lookup(key(1))
	require.NoError(t, err)
	require.Equal(t, value(11), v)
	entries, err := offload.Dump(m)
	require.NoError(t, err)
	require.ElementsMatch(t, []offload.Entry{{Key: key(1), Value: value(11)}, {Key: key(2), Value: value(20)}}, entries)

	again, err := s.OpenMap(t.Context(), info.ID)
	require.NoError(t, err)
	require.Equal(t, info, again.Info())
	v, err = again.Lookup(key(2))
	require.NoError(t, err)
	require.Equal(t, value(20), v, "it is the same map")
	require.NoError(t, again.Close())

	require.NoError(t, m.Delete(key(1)))
	_, err = m.Lookup(key(1))
	require.ErrorIs(t, err, fs.ErrNotExist)

	for _, scope := range []offload.Scope{offload.OnDevice, offload.Everywhere} {
		all, err := s.Maps(t.Context(), scope)
		require.NoError(t, err)
		require.Contains(t, all, info)
	}
}

func mapErrors(t *testing.T, d offload.Device) {
	s := store(t, d)
	if s == nil {
		return
	}
	m := newMap(t, s, hash("counts"))
	require.NoError(t, m.Update(key(1), value(1), anyEntry))
	before, err := offload.Dump(m)
	require.NoError(t, err)
	_, err = m.Lookup(key(9))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, m.Delete(key(9)), fs.ErrNotExist)
	require.ErrorIs(t, m.Update(key(9), value(1), oldEntry), fs.ErrNotExist)
	require.ErrorIs(t, m.Update(key(1), value(1), newEntry), fs.ErrExist)
	require.Error(t, m.Update(key(1)[:3], value(1), anyEntry), "a short key")
	require.Error(t, m.Update(key(1), value(1)[:7], anyEntry), "a short value")
	_, err = m.Lookup(append(key(1), 0))
	require.Error(t, err, "a long key")
	after, err := offload.Dump(m)
	require.NoError(t, err)
	require.Equal(t, before, after, "what fails changes nothing")

	require.NoError(t, m.Update(key(2), value(2), anyEntry))
	require.Error(t, m.Update(key(3), value(3), anyEntry), "the map is full")
	_, err = s.OpenMap(t.Context(), 1<<30)
	require.ErrorIs(t, err, fs.ErrNotExist, "no map has this id")
	_, err = d.Load(t.Context(), compiled(t, d, counting("counts", hash("counts"))), offload.Hardware, []offload.Map{strangeMap{m}})
	require.Error(t, err, "a map that the device has not made")
}

// strangeMap is a map that is of no device.
type strangeMap struct{ offload.Map }

// mapsFreed makes maps that nobody keeps.
func mapsFreed(t *testing.T, d offload.Device) {
	s := store(t, d)
	if s == nil {
		return
	}
	m := newMap(t, s, hash("counts"))
	l := load(t, d, counting("counts", hash("counts")), m)
	require.NoError(t, d.Attach(t.Context(), l, hw, false))
	require.NoError(t, m.Close())
	require.NoError(t, l.Close())
	a := only(t, d)
	require.Len(t, a.Maps, 1)
	held, err := s.OpenMap(t.Context(), a.Maps[0].ID)
	require.NoError(t, err, "the program keeps its map")
	require.NoError(t, held.Close())
	require.NoError(t, d.Detach(t.Context(), a))
	require.Eventually(t, func() bool {
		all, err := s.Maps(t.Context(), offload.OnDevice)
		return err == nil && len(all) == 0
	}, waitFreed, tickFreed, "with its program a map goes, too")
}

func replaceKeeps(t *testing.T, d offload.Device) {
	s := store(t, d)
	if s == nil {
		return
	}
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: counting("first", hash("counts"))})
	require.NoError(t, err)
	require.Len(t, res.Attachment.Maps, 1)
	id := res.Attachment.Maps[0].ID
	set := func(n uint64) {
		m, err := s.OpenMap(t.Context(), id)
		require.NoError(t, err)
		defer m.Close()
		require.NoError(t, m.Update(key(7), value(n), anyEntry))
	}
	get := func(id uint32) []byte {
		m, err := s.OpenMap(t.Context(), id)
		require.NoError(t, err)
		defer m.Close()
		v, err := m.Lookup(key(7))
		require.NoError(t, err)
		return v
	}
	set(42)
	res, err = offload.Replace(t.Context(), d, offload.Request{Program: counting("second", hash("counts"))})
	require.NoError(t, err)
	require.Equal(t, []string{"counts"}, res.Reused)
	require.Equal(t, id, res.Attachment.Maps[0].ID)
	require.Equal(t, value(42), get(id))
	set(43)
	require.Equal(t, value(43), get(id))
	gone, err := offload.Detach(t.Context(), d, offload.DetachRequest{})
	require.NoError(t, err)
	require.Len(t, gone, 1)
}

// replaceApart replaces a program that has two maps whose names begin alike.
func replaceApart(t *testing.T, d offload.Device) {
	s := store(t, d)
	if s == nil {
		return
	}
	two := func(name string) *offload.Program {
		return counting(name, hash("interface_config_map_one"), hash("interface_config_map_two"))
	}
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: two("first")})
	require.NoError(t, err)
	require.Len(t, res.Attachment.Maps, 2)
	old := res.Attachment.Maps
	require.NotEqual(t, old[0].ID, old[1].ID)
	res, err = offload.Replace(t.Context(), d, offload.Request{Program: two("second")})
	require.NoError(t, err)
	require.Len(t, res.Reused, 2)
	require.Empty(t, res.Dropped)
	require.Equal(t, []uint32{old[0].ID, old[1].ID}, []uint32{res.Attachment.Maps[0].ID, res.Attachment.Maps[1].ID}, "each is used on for its own")
	gone, err := offload.Detach(t.Context(), d, offload.DetachRequest{})
	require.NoError(t, err)
	require.Len(t, gone, 1)
}
