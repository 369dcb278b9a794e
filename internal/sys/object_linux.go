package sys

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kind is a kind of object that has ids.
type Kind uint8

// The kinds.
const (
	Progs Kind = iota
	Maps
	Links
	BTFs
)

// kinds holds the commands of each kind. Type information is not walked here.
var kinds = [...]struct{ next, open uintptr }{
	Progs: {unix.BPF_PROG_GET_NEXT_ID, unix.BPF_PROG_GET_FD_BY_ID},
	Maps:  {unix.BPF_MAP_GET_NEXT_ID, unix.BPF_MAP_GET_FD_BY_ID},
	Links: {unix.BPF_LINK_GET_NEXT_ID, unix.BPF_LINK_GET_FD_BY_ID},
	BTFs:  {unix.BPF_BTF_GET_NEXT_ID, unix.BPF_BTF_GET_FD_BY_ID},
}

// attrID is the kernel's structure for commands about ids.
type attrID struct {
	id, next, _ uint32
}

// EachID calls each for every id of a kind, in rising order.
func EachID(k Kind, each func(id uint32) error) error {
	var attr attrID
	for {
		_, err := call(kinds[k].next, &attr)
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(attr.next); err != nil {
			return err
		}
		attr.id = attr.next
	}
}

// OpenID opens an object by its id and returns a descriptor.
func OpenID(k Kind, id uint32) (fd int, err error) {
	return call(kinds[k].open, &attrID{id: id})
}

// attrObj is the kernel's structure for pins.
type attrObj struct {
	path  unsafe.Pointer
	fd, _ uint32
}

// Pin gives an object a name in a BPF file system.
func Pin(fd int, path string) error {
	_, err := call(unix.BPF_OBJ_PIN, &attrObj{path: ptr(append([]byte(path), 0)), fd: uint32(fd)})
	return err
}

// OpenPin opens what is pinned at a path and returns a descriptor.
func OpenPin(path string) (fd int, err error) {
	return call(unix.BPF_OBJ_GET, &attrObj{path: ptr(append([]byte(path), 0))})
}

// ObjectOf tells what a descriptor is of: a program, map, link or type
// information, and its id.
func ObjectOf(fd int) (Kind, uint32, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		kind, ok := map[string]Kind{"prog_id": Progs, "map_id": Maps, "link_id": Links, "btf_id": BTFs}[name]
		if !ok {
			continue
		}
		id, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
		return kind, uint32(id), err
	}
	return 0, 0, fmt.Errorf("descriptor %d is of no BPF object", fd)
}
