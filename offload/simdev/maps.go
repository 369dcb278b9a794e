package simdev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"
	"time"

	"github.com/skipsw/skipsw/internal/mapfile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// cardMap is a map of the card. Its contents are in the memory of the last
// program that was put with it, before that in memory of its own.
type cardMap struct {
	info  offload.MapInfo
	types offload.MapTypes
	home  *sim.Map     // nil for a map whose records go to the host as they come
	image *image.Image // that home is of, for a map that holds programs; nil before one has it
	open  int          // handles of callers
}

// move moves the contents into the memory of a program, which has the map under a
// name. One that does not use the map has no room for it; then they stay where they
// are.
func (m *cardMap) move(p *program, name string) error {
	there, ok := p.machine.Map(name)
	if !ok || there == m.home || m.home == nil {
		return nil
	}
	if m.info.Type == bpf.MapTypeProgArray { // filled by fillSlots
		m.home, m.image = there, p.src.Image
		return nil
	}
	if err := there.CopyFrom(m.home); err != nil {
		return fmt.Errorf("move map %s: %w", name, err)
	}
	if m.holdsEnds() {
		if err := m.moveEnds(there, p.src.Image, name); err != nil {
			return err
		}
		m.image = p.src.Image
	}
	m.home = there
	return nil
}

// inOrder turns the entries of a map, as they are listed, into the order in which
// they make the same map: what a stack gives out first was put in last.
func inOrder[E any](typ bpf.MapType, all []E) []E {
	if typ == bpf.MapTypeStack {
		all = slices.Clone(all)
		slices.Reverse(all)
	}
	return all
}

// holder makes memory for a map that no program has yet: that of a program
// which uses one key of it.
func holder(d *Device, m *object.Map) (*sim.Map, error) {
	p := &offload.Program{Program: &object.Program{Name: "holder", Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Insns: useOnce(m)}}
	p.Funcs = []object.Func{{Name: p.Name}}
	c, err := p.Compiled(d.target)
	if err != nil {
		return nil, err
	}
	machine, err := sim.New(c.Image, d.parameters())
	if err != nil {
		return nil, err
	}
	home, ok := machine.Map(m.Name)
	if !ok {
		return nil, offload.NotSupported("map "+m.Name, "programs have no room for it in the card's memory")
	}
	return home, nil
}

// useOnce is a program that looks up the key of all zeros, or redirects by it where no
// program may look it up.
func useOnce(m *object.Map) []bpf.Insn {
	const r0, r1, r2, r3, fp, slot = 0, 1, 2, 3, 10, 8
	if m.Type == bpf.MapTypeCPUMap {
		return append(bpf.LoadMap(r1, 0), bpf.Mov.Imm(r2, 0), bpf.Mov.Imm(r3, 0), bpf.CallHelper(bpf.HelperRedirectMap), bpf.Return())
	}
	room := (int(m.KeySize) + slot - 1) &^ (slot - 1)
	insns := []bpf.Insn{bpf.Mov.Imm(r0, 0)}
	for at := -room; at < 0; at += slot {
		insns = append(insns, bpf.Store(bpf.SizeDW, fp, int16(at), r0))
	}
	insns = append(insns, bpf.Mov.Reg(r2, fp), bpf.Add.Imm(r2, int32(-room)))
	insns = append(insns, bpf.LoadMap(r1, 0)...)
	return append(insns, bpf.CallHelper(bpf.HelperMapLookupElem), bpf.Mov.Imm(r0, int32(bpf.XDPPass)), bpf.Return())
}

// NewMap implements offload.MapStore.
func (d *Device) NewMap(_ context.Context, m *object.Map, mode offload.Mode) (offload.Map, error) {
	op := fmt.Sprintf("make map %s on %s", m.Name, d.name)
	if err := d.onlyHardware(op, mode); err != nil {
		return nil, err
	}
	c := &cardMap{open: 1, types: offload.MapTypes{Key: m.KeyType, Value: m.ValueType}}
	switch {
	case m.Type == bpf.MapTypeProgArray:
		if err := newArray(d, m); err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
	case !m.Type.Queues():
		home, err := holder(d, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		c.home = home
	case !d.target.HasMap(m.Type.String()):
		return nil, fmt.Errorf("%s: %w", op, offload.NotSupported("events", fmt.Sprintf("target %s has no way to send them", d.target.Name)))
	}
	if err := d.enter(op); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	c.info = offload.MapInfo{
		ID: d.id(), Name: offload.KernelName(m.Name), FullName: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize,
		MaxEntries: m.MaxEntries, Flags: m.Flags, Device: d.name,
	}
	d.maps[c.info.ID] = c
	return &mapHandle{cardMap: c, card: d.card}, nil
}

// OpenMap implements offload.MapStore.
func (d *Device) OpenMap(_ context.Context, id uint32) (offload.Map, error) {
	op := fmt.Sprintf("open map %d of %s", id, d.name)
	if err := d.enter(op); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	m := d.maps[id]
	if m == nil {
		return nil, &offload.Error{Op: op, Err: fs.ErrNotExist, Reason: "there is no such map"}
	}
	m.open++
	return &mapHandle{cardMap: m, card: d.card}, nil
}

// Maps implements offload.MapStore.
func (d *Device) Maps(context.Context, offload.Scope) ([]offload.MapInfo, error) {
	if err := d.enter("list maps of " + d.name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var all []offload.MapInfo
	for _, m := range sorted(d.maps) {
		all = append(all, m.info)
	}
	return all, nil
}

// MapTypes implements offload.MapTyper.
func (d *Device) MapTypes(_ context.Context, id uint32) offload.MapTypes {
	d.mu.Lock()
	defer d.mu.Unlock()
	if m := d.maps[id]; m != nil {
		t := m.types
		if m.info.Type == bpf.MapTypeProgArray && m.home != nil {
			t.Value = programsType(m.image)
		}
		if m.holdsEnds() && m.image != nil {
			if im := m.image.MapNamed(m.info.FullName); im != nil {
				t.Value = mapfile.EndType(im.Type, m.image.FarEnds(im))
			}
		}
		return t
	}
	return offload.MapTypes{}
}

// mapHandle is a caller's handle on a map.
type mapHandle struct {
	*cardMap
	card   *card
	closed bool
}

// Info implements offload.Map.
func (h *mapHandle) Info() offload.MapInfo { return h.info }

// ValueBytes implements offload.Map. Until a program that uses it is loaded a map has no
// CPUs.
func (h *mapHandle) ValueBytes() int {
	if h.home == nil {
		return int(h.info.ValueSize)
	}
	return h.home.ValueBytes()
}

// Close implements offload.Map.
func (h *mapHandle) Close() error {
	h.card.mu.Lock()
	defer h.card.mu.Unlock()
	if !h.closed {
		h.closed = true
		h.open--
		h.card.sweep()
	}
	return nil
}

// enter begins an operation on entries. The caller unlocks the card.
func (h *mapHandle) enter(op string, key []byte) error {
	if key != nil && len(key) != int(h.info.KeySize) {
		return fmt.Errorf("map %s: key of %d bytes, want %d", h.info.Name, len(key), h.info.KeySize)
	}
	if err := h.card.enter(fmt.Sprintf("map %s: %s", h.info.Name, op)); err != nil {
		return err
	}
	if h.home == nil {
		h.card.mu.Unlock()
		if h.info.Type == bpf.MapTypeProgArray {
			return fmt.Errorf("map %s: %s: no program that uses it is loaded yet, and slots hold programs of its image", h.info.Name, op)
		}
		return offload.NotSupported(fmt.Sprintf("%s in map %s", op, h.info.Name), "it is a channel to the host and has no entries")
	}
	return nil
}

// fail explains an errno of the simulated map.
func (h *mapHandle) fail(op string, err error) error {
	e := &offload.Error{Op: fmt.Sprintf("map %s: %s", h.info.Name, op), Err: err}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		e.Err = errno
	}
	switch errno {
	case syscall.E2BIG:
		e.Reason = fmt.Sprintf("the map has room for %d entries", h.info.MaxEntries)
	case syscall.EEXIST:
		e.Reason = "the key is there already"
	case syscall.EAGAIN:
		e.Reason = "a program holds the lock of the value"
	case syscall.ENOENT:
		e.Reason = "no entry with this key"
	case syscall.EINVAL:
		switch {
		case h.info.Type == bpf.MapTypeProgArray && op == "update":
			e.Reason = fmt.Sprintf("a slot takes no flags, and the image has programs 1 to %d", len(h.image.Programs))
		case op == "delete":
			e.Reason = "entries of an array cannot be deleted; write zeros"
		}
	}
	return e
}

// Lookup implements offload.Map.
func (h *mapHandle) Lookup(key []byte) ([]byte, error) {
	if err := h.enter("lookup", key); err != nil {
		return nil, err
	}
	defer h.card.mu.Unlock()
	v, ok := h.home.Lookup(key)
	if !ok {
		return nil, h.fail("lookup", syscall.ENOENT)
	}
	return v, nil
}

// LookupLocked implements offload.LockedReader.
func (h *mapHandle) LookupLocked(key []byte) ([]byte, error) {
	if err := h.enter("lookup", key); err != nil {
		return nil, err
	}
	defer h.card.mu.Unlock()
	if err := h.hasLock("lookup"); err != nil {
		return nil, err
	}
	for tries := 0; h.home.Held(key); tries++ {
		if tries == lockTries {
			return nil, h.fail("lookup", syscall.EAGAIN)
		}
		h.goOn()
	}
	v, ok := h.home.Lookup(key)
	if !ok {
		return nil, h.fail("lookup", syscall.ENOENT)
	}
	return v, nil
}

// hasLock refuses an operation under the lock of a value where values have none.
func (h *mapHandle) hasLock(op string) error {
	if _, locks := h.home.Info().Params[maplayout.ParamSpin]; !locks {
		return &offload.Error{Op: fmt.Sprintf("map %s: %s", h.info.Name, op), Err: syscall.EINVAL, Reason: "its values have no bpf_spin_lock"}
	}
	return nil
}

// goOn lets the cores work for a moment.
func (h *mapHandle) goOn() {
	h.card.mu.Unlock()
	time.Sleep(time.Millisecond)
	h.card.mu.Lock()
}

// Update implements offload.Map.
func (h *mapHandle) Update(key, value []byte, flags uint64) error {
	if len(value) != h.ValueBytes() && len(value) != int(h.info.ValueSize) {
		return fmt.Errorf("map %s: value of %d bytes, want %d", h.info.Name, len(value), h.ValueBytes())
	}
	if err := h.enter("update", key); err != nil {
		return err
	}
	defer h.card.mu.Unlock()
	if flags&bpf.FLock != 0 {
		if err := h.hasLock("update"); err != nil {
			return err
		}
	}
	err := h.home.Update(key, value, flags)
	for tries := 0; errors.Is(err, syscall.EAGAIN) && tries < lockTries; tries++ {
		h.goOn()
		err = h.home.Update(key, value, flags)
	}
	if err != nil {
		return h.fail("update", err)
	}
	return nil
}

// lockTries is how many milliseconds an operation waits for a value's lock.
const lockTries = 1000

// Delete implements offload.Map.
func (h *mapHandle) Delete(key []byte) error {
	if err := h.enter("delete", key); err != nil {
		return err
	}
	defer h.card.mu.Unlock()
	if err := h.home.Delete(key); err != nil {
		return h.fail("delete", err)
	}
	return nil
}

// Entries returns all entries at once, sorted by the bytes of the key.
func (h *mapHandle) Entries() ([]offload.Entry, error) {
	if err := h.enter("dump", nil); err != nil {
		return nil, err
	}
	defer h.card.mu.Unlock()
	var all []offload.Entry
	for _, e := range h.home.Entries() {
		all = append(all, offload.Entry(e))
	}
	return all, nil
}

// Next implements offload.Map. Keys come in the order of their bytes, so a key
// that has gone is no obstacle.
func (h *mapHandle) Next(key []byte) ([]byte, error) {
	if err := h.enter("iterate", key); err != nil {
		return nil, err
	}
	defer h.card.mu.Unlock()
	for _, e := range h.home.Entries() {
		if key == nil || bytes.Compare(e.Key, key) > 0 {
			return e.Key, nil
		}
	}
	return nil, io.EOF
}
