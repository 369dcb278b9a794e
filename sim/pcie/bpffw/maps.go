package bpffw

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/translate/bpf"
)

// MapAlloc implements nfp.Maps. A map gets the lowest number that is free.
func (f *Firmware) MapAlloc(r nfp.MapRequest) (uint32, nfp.Status) {
	if len(f.tables) >= int(f.caps.Maps.Count) || f.entries+uint64(r.Entries) > uint64(f.caps.Maps.Entries) ||
		uint64(r.Entries) > f.target.Maps.MaxEntries {
		return 0, nfp.ErrNoMemory
	}
	id := uint32(1)
	for f.tables[id] != nil {
		id++
	}
	m, err := f.spec.Memory.Create(image.Map{
		Name: fmt.Sprintf("table %d", id), Type: bpf.MapType(r.Type).String(),
		KeySize: r.Key, ValueSize: r.Value, MaxEntries: r.Entries, ID: id,
	})
	if err != nil {
		return 0, nfp.ErrNoMemory
	}
	f.tables[id] = m
	f.entries += uint64(r.Entries)
	return id, nfp.OK
}

// MapFree implements nfp.Maps.
func (f *Firmware) MapFree(id uint32) nfp.Status {
	m := f.tables[id]
	if m == nil {
		return nfp.ErrNoMap
	}
	f.entries -= uint64(m.Info().MaxEntries)
	delete(f.tables, id)
	if err := f.spec.Memory.Free(id); err != nil {
		panic("BUG: " + err.Error())
	}
	return nfp.OK
}

// MapSizes implements nfp.Maps.
func (f *Firmware) MapSizes(id uint32) (key, value int, ok bool) {
	m := f.tables[id]
	if m == nil {
		return 0, 0, false
	}
	return m.KeySize(), m.ValueSize(), true
}

// MapLookup implements nfp.Maps.
func (f *Firmware) MapLookup(id uint32, key []byte) ([]byte, nfp.Status) {
	m := f.tables[id]
	if m == nil {
		return nil, nfp.ErrNoMap
	}
	if v, ok := m.Lookup(key); ok {
		return v, nfp.OK
	}
	return nil, nfp.ErrNoEntry
}

// MapUpdate implements nfp.Maps.
func (f *Firmware) MapUpdate(id uint32, key, value []byte, flags uint32) nfp.Status {
	m := f.tables[id]
	if m == nil {
		return nfp.ErrNoMap
	}
	return status(m.Update(key, value, uint64(flags)))
}

// MapDelete implements nfp.Maps.
func (f *Firmware) MapDelete(id uint32, key []byte) nfp.Status {
	m := f.tables[id]
	if m == nil {
		return nfp.ErrNoMap
	}
	return status(m.Delete(key))
}

// MapNext implements nfp.Maps.
func (f *Firmware) MapNext(id uint32, key []byte) (next, value []byte, rc nfp.Status) {
	m := f.tables[id]
	if m == nil {
		return nil, nil, nfp.ErrNoMap
	}
	e, ok := m.Next(key)
	if !ok {
		return nil, nil, nfp.ErrNoEntry
	}
	return e.Key, e.Value, nfp.OK
}

// status is what the firmware calls an error of a map.
func status(err error) nfp.Status {
	switch {
	case err == nil:
		return nfp.OK
	case errors.Is(err, syscall.EEXIST):
		return nfp.ErrExist
	case errors.Is(err, syscall.ENOENT):
		return nfp.ErrNoEntry
	case errors.Is(err, syscall.E2BIG):
		return nfp.ErrTooBig
	}
	return nfp.ErrInvalid
}
