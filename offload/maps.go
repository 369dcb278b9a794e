package offload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/cilium/ebpf"
)

// Entry is one entry of a map.
type Entry struct{ Key, Value []byte }

// Dump reads all entries of a map, in the map's order. An entry that goes away
// while dumping is left out.
func Dump(m Map) ([]Entry, error) {
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

// MapTypeName returns the kernel's name of a map type: "hash", "percpu_array".
func MapTypeName(t uint32) string {
	s := ebpf.MapType(t).String()
	if strings.HasPrefix(s, "MapType(") {
		return fmt.Sprintf("type_%d", t)
	}
	var b strings.Builder
	for i, r := range s {
		if 'A' <= r && r <= 'Z' {
			if i > 0 && !('A' <= s[i-1] && s[i-1] <= 'Z') {
				b.WriteByte('_')
			}
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}
