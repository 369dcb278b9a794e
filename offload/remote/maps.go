package remote

import (
	"sync"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// mapHandle is a map at the server.
type mapHandle struct {
	client *Client
	mapResult
	once sync.Once
}

// opened asks for a map.
func (c *Client) opened(op string, args any) (offload.Map, error) {
	h := &mapHandle{client: c}
	if err := c.Call(op, args, &h.mapResult); err != nil {
		return nil, err
	}
	return h, nil
}

// Info implements offload.Map.
func (h *mapHandle) Info() offload.MapInfo { return h.mapResult.Info }

// ValueBytes implements offload.Map.
func (h *mapHandle) ValueBytes() int { return h.Bytes }

// Lookup implements offload.Map.
func (h *mapHandle) Lookup(key []byte) ([]byte, error) {
	return get[[]byte](h.client, "map.lookup", entryArgs{Handle: h.Handle, Key: key})
}

// LookupLocked implements offload.LockedReader.
func (h *mapHandle) LookupLocked(key []byte) ([]byte, error) {
	return get[[]byte](h.client, "map.lookup", entryArgs{Handle: h.Handle, Key: key, Flags: bpf.FLock})
}

// Update implements offload.Map.
func (h *mapHandle) Update(key, value []byte, flags uint64) error {
	return h.client.Call("map.update", entryArgs{Handle: h.Handle, Key: key, Value: value, Flags: flags}, nil)
}

// Fill writes entries in batches, between which packets flow.
func (h *mapHandle) Fill(entries []offload.Entry, flags uint64) (done int, err error) {
	most := batchOf(int(h.mapResult.Info.KeySize) + h.Bytes)
	for len(entries) > 0 {
		n := min(most, len(entries))
		r, err := get[fillResult](h.client, "map.fill", fillArgs{Handle: h.Handle, Entries: entries[:n], Flags: flags})
		if err != nil {
			return done, err
		}
		done += min(max(r.Done, 0), n)
		if r.Error != nil {
			return done, r.Error.err()
		}
		entries = entries[n:]
	}
	return done, nil
}

// Delete implements offload.Map.
func (h *mapHandle) Delete(key []byte) error {
	return h.client.Call("map.delete", entryArgs{Handle: h.Handle, Key: key}, nil)
}

// Next implements offload.Map.
func (h *mapHandle) Next(key []byte) ([]byte, error) {
	return get[[]byte](h.client, "map.next", entryArgs{Handle: h.Handle, Key: key, First: key == nil})
}

// Entries returns all entries, as they are at one moment. They come in batches,
// between which packets flow.
func (h *mapHandle) Entries() (all []offload.Entry, err error) {
	for first := true; ; first = false {
		b, err := get[batchResult](h.client, "map.batch", entryArgs{Handle: h.Handle, First: first})
		if err != nil {
			return nil, err
		}
		all = append(all, b.Entries...)
		if !b.More {
			return all, nil
		}
	}
}

// Close implements offload.Map.
func (h *mapHandle) Close() (err error) {
	h.once.Do(func() { err = h.client.Call("close", handleArgs{h.Handle}, nil) })
	return err
}
