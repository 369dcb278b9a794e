package acme

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// info describes a map.
func (m *mapRecord) info(id uint32, device string) offload.MapInfo {
	return offload.MapInfo{
		ID: id, Name: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize,
		MaxEntries: m.MaxEntries, Flags: m.Flags, Device: device,
	}
}

// handle is a caller's handle on a map.
type handle struct {
	card   *Card
	info   offload.MapInfo
	closed bool
}

// NewMap implements offload.MapStore.
func (c *Card) NewMap(_ context.Context, m *object.Map, mode offload.Mode) (offload.Map, error) {
	op := fmt.Sprintf("make map %s on %s", m.Name, c.Name())
	limits := &c.target.Maps
	switch {
	case mode != offload.Hardware || !hasKind(m.Type):
		return nil, fmt.Errorf("%s: %w", op, offload.NotSupported(fmt.Sprintf("type %s in mode %s", m.Type, mode), "the X1 has hash and array maps in hardware"))
	case uint64(m.MaxEntries) > limits.MaxEntries || int(m.KeySize) > limits.MaxKey || int(m.ValueSize) > limits.MaxValue:
		return nil, &offload.Error{Op: op, Err: syscall.ENOMEM, Reason: "it is larger than the card takes", Advice: offload.AdviseFeatures}
	}
	r := &mapRecord{
		Name: offload.KernelName(m.Name), Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize,
		MaxEntries: m.MaxEntries, Flags: m.Flags, Entries: map[string]string{},
	}
	if m.Type == bpf.MapTypeArray {
		for i := range m.MaxEntries {
			r.Entries[hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, i))] = hex.EncodeToString(make([]byte, m.ValueSize))
		}
	}
	for _, e := range m.Initial {
		r.Entries[hex.EncodeToString(e.Key)] = hex.EncodeToString(e.Value)
	}
	h := &handle{card: c}
	err := c.change(func(s *state) error {
		h.info = r.info(s.id(), c.Name())
		c.fresh[h.info.ID] = r
		c.open[h.info.ID]++
		return nil
	})
	return h, err
}

// find returns a map of the card or of this process.
func (c *Card) find(s *state, id uint32) *mapRecord {
	if m := s.Maps[id]; m != nil {
		return m
	}
	return c.fresh[id]
}

// OpenMap implements offload.MapStore.
func (c *Card) OpenMap(_ context.Context, id uint32) (offload.Map, error) {
	h := &handle{card: c}
	return h, c.change(func(s *state) error {
		m := c.find(s, id)
		if m == nil {
			return &offload.Error{Op: fmt.Sprintf("open map %d of %s", id, c.Name()), Err: fs.ErrNotExist, Reason: "there is no such map"}
		}
		h.info = m.info(id, c.Name())
		c.open[id]++
		return nil
	})
}

// Maps implements offload.MapStore.
func (c *Card) Maps(context.Context, offload.Scope) ([]offload.MapInfo, error) {
	s, err := c.look()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []offload.MapInfo
	for _, maps := range []map[uint32]*mapRecord{s.Maps, c.fresh} {
		for id, m := range maps {
			all = append(all, m.info(id, c.Name()))
		}
	}
	slices.SortFunc(all, func(a, b offload.MapInfo) int { return int(a.ID) - int(b.ID) })
	return all, nil
}

// Info implements offload.Map.
func (h *handle) Info() offload.MapInfo { return h.info }

// ValueBytes implements offload.Map.
func (h *handle) ValueBytes() int { return int(h.info.ValueSize) }

// Close implements offload.Map. A map that no attached program has goes with
// its last handle.
func (h *handle) Close() error {
	h.card.mu.Lock()
	defer h.card.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	if h.card.open[h.info.ID]--; h.card.open[h.info.ID] == 0 {
		delete(h.card.open, h.info.ID)
		delete(h.card.fresh, h.info.ID)
	}
	return nil
}

// with does something with the map's entries. what is the operation's name.
func (h *handle) with(what string, key []byte, do func(m *mapRecord, key string) error) error {
	if len(key) != int(h.info.KeySize) {
		return fmt.Errorf("map %s: key of %d bytes, want %d", h.info.Name, len(key), h.info.KeySize)
	}
	return h.card.change(func(s *state) error {
		m := h.card.find(s, h.info.ID)
		if m == nil {
			return &offload.Error{Op: fmt.Sprintf("map %s: %s", h.info.Name, what), Kind: offload.ErrDeviceGone, Reason: "the map is gone"}
		}
		if err := do(m, hex.EncodeToString(key)); err != nil {
			return &offload.Error{Op: fmt.Sprintf("map %s: %s", h.info.Name, what), Err: err}
		}
		return nil
	})
}

// Lookup implements offload.Map.
func (h *handle) Lookup(key []byte) (value []byte, err error) {
	err = h.with("lookup", key, func(m *mapRecord, key string) error {
		text, ok := m.Entries[key]
		if !ok {
			return syscall.ENOENT
		}
		value, err = hex.DecodeString(text)
		return err
	})
	return value, err
}

// Update implements offload.Map.
func (h *handle) Update(key, value []byte, flags uint64) error {
	if len(value) != h.ValueBytes() {
		return fmt.Errorf("map %s: value of %d bytes, want %d", h.info.Name, len(value), h.ValueBytes())
	}
	const newEntry, oldEntry = 1, 2
	return h.with("update", key, func(m *mapRecord, key string) error {
		_, there := m.Entries[key]
		switch {
		case there && flags == newEntry:
			return syscall.EEXIST
		case !there && flags == oldEntry:
			return syscall.ENOENT
		case !there && (m.Type == bpf.MapTypeArray || len(m.Entries) >= int(m.MaxEntries)):
			return syscall.E2BIG
		}
		m.Entries[key] = hex.EncodeToString(value)
		return nil
	})
}

// Delete implements offload.Map.
func (h *handle) Delete(key []byte) error {
	return h.with("delete", key, func(m *mapRecord, key string) error {
		if m.Type == bpf.MapTypeArray {
			return syscall.EINVAL
		}
		if _, there := m.Entries[key]; !there {
			return syscall.ENOENT
		}
		delete(m.Entries, key)
		return nil
	})
}

// Next implements offload.Map, in the order of the keys' bytes.
func (h *handle) Next(key []byte) (next []byte, err error) {
	first := key == nil
	if first {
		key = make([]byte, h.info.KeySize)
	}
	end := true
	err = h.with("iterate", key, func(m *mapRecord, key string) error {
		keys := make([]string, 0, len(m.Entries))
		for k := range m.Entries {
			if first || k > key {
				keys = append(keys, k)
			}
		}
		if len(keys) == 0 {
			return nil
		}
		end = false
		next, err = hex.DecodeString(slices.Min(keys))
		return err
	})
	if err == nil && end {
		return nil, io.EOF
	}
	return next, err
}
