package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
)

// MapSpec says what map to make. Sizes are in bytes.
type MapSpec struct {
	Type                                  bpf.MapType
	KeySize, ValueSize, MaxEntries, Flags uint32
	Name                                  string // made fit by ObjName
	Inner                                 int    // descriptor of a map of maps' template; 0 is none
	Ifindex                               int    // the device it lives on; 0 is the host
	BTF                                   int    // descriptor of type information; 0 is none
	KeyType, ValueType                    uint32 // in it
	Extra                                 uint64 // map_extra
}

// CreateMap makes a map and returns its descriptor.
func CreateMap(s MapSpec) (fd int, err error) {
	return call(unix.BPF_MAP_CREATE, &struct {
		mapType                               bpf.MapType
		keySize, valueSize, maxEntries, flags uint32
		innerFD, numaNode                     uint32
		name                                  [nameLen]byte
		ifindex, btf, keyType, valueType      uint32
		_                                     uint32
		extra                                 uint64
	}{
		mapType: s.Type, keySize: s.KeySize, valueSize: s.ValueSize, maxEntries: s.MaxEntries, flags: s.Flags,
		innerFD: uint32(s.Inner), name: cName(s.Name), ifindex: uint32(s.Ifindex),
		btf: uint32(s.BTF), keyType: s.KeyType, valueType: s.ValueType, extra: s.Extra,
	})
}

// attrElem is the kernel's structure for operations on entries. value is the
// next key for BPF_MAP_GET_NEXT_KEY.
type attrElem struct {
	fd, _      uint32
	key, value unsafe.Pointer
	flags      uint64
}

func elem(cmd uintptr, fd int, key, value []byte, flags uint64) error {
	_, err := call(cmd, &attrElem{fd: uint32(fd), key: ptr(key), value: ptr(value), flags: flags})
	return err
}

// LookupElem fills value, which must have the width of the map's values: for a
// per-CPU map that of all CPUs' values, each rounded up to 8 bytes.
func LookupElem(fd int, key, value []byte) error {
	return elem(unix.BPF_MAP_LOOKUP_ELEM, fd, key, value, 0)
}

// LookupLocked is LookupElem under the bpf_spin_lock of the value (BPF_F_LOCK).
func LookupLocked(fd int, key, value []byte) error {
	return elem(unix.BPF_MAP_LOOKUP_ELEM, fd, key, value, unix.BPF_F_LOCK)
}

// UpdateElem writes an entry. flags are BPF_ANY, BPF_NOEXIST or BPF_EXIST.
func UpdateElem(fd int, key, value []byte, flags uint64) error {
	return elem(unix.BPF_MAP_UPDATE_ELEM, fd, key, value, flags)
}

// DeleteElem removes an entry.
func DeleteElem(fd int, key []byte) error {
	return elem(unix.BPF_MAP_DELETE_ELEM, fd, key, nil, 0)
}

// TakeElem takes what a queue or stack gives out next into value. It fails with
// ENOENT when there is nothing.
func TakeElem(fd int, value []byte) error {
	return elem(unix.BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, nil, value, 0)
}

// NextKey fills next with the key after key, the first for nil. ENOENT is the
// end.
func NextKey(fd int, key, next []byte) error {
	return elem(unix.BPF_MAP_GET_NEXT_KEY, fd, key, next, 0)
}

// FreezeMap makes a map read-only for system calls.
func FreezeMap(fd int) error {
	_, err := call(unix.BPF_MAP_FREEZE, &struct{ fd uint32 }{uint32(fd)})
	return err
}
