package object

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// SpinLock returns the offset in bytes of the struct bpf_spin_lock in the values
// of the map; ok is false where there is none. Offsets are multiples of 4. The
// error says why the kernel takes no lock there.
func (m *Map) SpinLock() (off uint32, ok bool, err error) {
	f := lockFinder{}
	switch t := m.ValueType.(type) {
	case *btf.Struct:
		f.members(t, 0, 0)
	case *btf.Datasec:
		for _, v := range t.Vars {
			if g, ok := v.Type.(*btf.Var); ok {
				f.field(g.Type, v.Offset, 0)
			}
		}
	}
	switch {
	case f.err != nil:
		return 0, false, fmt.Errorf("map %s: %w", m.Name, f.err)
	case !f.found:
		return 0, false, nil
	}
	row := platform.Linux.Map(m.Type)
	switch {
	case row == nil || !row.Locks:
		err = fmt.Errorf("map %s of type %s has a struct bpf_spin_lock in its values, which only array and hash maps take", m.Name, m.Type)
	case m.Flags&(bpf.FRdonlyProg|bpf.FWronlyProg) != 0:
		err = fmt.Errorf("map %s has a struct bpf_spin_lock in its values, and flags by which programs may not both read and write them", m.Name)
	case uint64(f.off)+bpf.SpinLockBytes > uint64(m.ValueSize):
		err = fmt.Errorf("map %s has a struct bpf_spin_lock at byte %d of its values, which have %d bytes", m.Name, f.off, m.ValueSize)
	}
	return f.off, err == nil, err
}

// lockFinder looks for a lock where the kernel does (btf_find_field): in
// structures and arrays of structures, not behind typedefs and not in unions.
type lockFinder struct {
	off   uint32
	found bool
	err   error
}

// maxNested is the kernel's MAX_RESOLVE_DEPTH.
const maxNested = 32

func (f *lockFinder) members(s *btf.Struct, at uint32, depth int) {
	if depth >= maxNested {
		f.err = errors.New("its values have structures in structures, deeper than the kernel follows them")
		return
	}
	for _, m := range s.Members {
		f.field(m.Type, at+m.Offset.Bytes(), depth)
	}
}

func (f *lockFinder) field(t btf.Type, at uint32, depth int) {
	n := uint64(1)
	for k := 0; ; k++ {
		a, ok := t.(*btf.Array)
		if !ok || k > maxNested {
			break
		}
		n *= uint64(a.Nelems)
		t = a.Type
	}
	s, ok := t.(*btf.Struct)
	if !ok || n == 0 || f.err != nil {
		return
	}
	if s.Name != "bpf_spin_lock" {
		before := f.found
		f.members(s, at, depth+1)
		if n > 1 && f.found && !before && f.err == nil {
			f.err = errors.New("its values have an array of structures with a struct bpf_spin_lock; the kernel takes one lock in a value")
		}
		return
	}
	switch {
	case s.Size != bpf.SpinLockBytes:
	case f.found || n > 1:
		f.err = errors.New("its values have two structures bpf_spin_lock; the kernel takes one")
	case at%bpf.SpinLockBytes != 0:
		// The kernel passes by a lock that is not aligned.
	default:
		f.off, f.found = at, true
	}
}
