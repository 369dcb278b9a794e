package offload

import (
	"errors"
	"io"
	"io/fs"
)

// Entry is one entry of a map.
type Entry struct{ Key, Value []byte }

// Fill writes entries in their order and returns how many are written; flags are
// those of Map.Update. A map with a method Fill is given them at once.
func Fill(m Map, entries []Entry, flags uint64) (int, error) {
	if f, ok := m.(interface {
		Fill(entries []Entry, flags uint64) (int, error)
	}); ok {
		return f.Fill(entries, flags)
	}
	for i, e := range entries {
		if err := m.Update(e.Key, e.Value, flags); err != nil {
			return i, err
		}
	}
	return len(entries), nil
}

// Dump reads all entries of a map, in the map's order. An entry that goes away
// while dumping is left out. A map with a method Entries is asked for them at
// once.
func Dump(m Map) ([]Entry, error) {
	if d, ok := m.(interface{ Entries() ([]Entry, error) }); ok {
		return d.Entries()
	}
	var all []Entry
	var key []byte
	for limit := int(m.Info().MaxEntries) + 1; limit > 0; limit-- {
		next, err := m.Next(key)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		key = next
		v, err := m.Lookup(key)
		if err == nil {
			all = append(all, Entry{Key: key, Value: v})
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return all, nil
}
