package e2e

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/internal/sys"
)

// dump reads all entries of a map through the kernel, sorted by key.
func dump(m peer.Map, fd int) (out []peer.Entry, err error) {
	key := make([]byte, m.KeySize)
	for err = sys.NextKey(fd, nil, key); err == nil; err = sys.NextKey(fd, bytes.Clone(key), key) {
		v := make([]byte, m.ValueSize)
		if err := sys.LookupElem(fd, key, v); err != nil {
			return nil, err
		}
		out = append(out, peer.Entry{Key: bytes.Clone(key), Value: v})
	}
	if !errors.Is(err, unix.ENOENT) {
		return nil, err
	}
	slices.SortFunc(out, func(a, b peer.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out, nil
}

// restore brings back a map's initial entries.
func restore(m peer.Map, fd int) error {
	if m.Type == "perf_event_array" {
		return nil
	}
	want := map[string][]byte{}
	if m.Type == "array" {
		for i := range m.MaxEntries {
			want[string(binary.NativeEndian.AppendUint32(nil, i))] = make([]byte, m.ValueSize)
		}
	}
	for _, e := range m.Initial {
		want[string(e.Key)] = e.Value
	}
	have, err := dump(m, fd)
	if err != nil {
		return err
	}
	for _, e := range have {
		v, ok := want[string(e.Key)]
		switch {
		case !ok:
			if err := sys.DeleteElem(fd, e.Key); err != nil {
				return err
			}
		case bytes.Equal(v, e.Value):
			delete(want, string(e.Key))
		}
	}
	for k, v := range want {
		if err := sys.UpdateElem(fd, []byte(k), v, 0); err != nil {
			return err
		}
	}
	return nil
}
