package kernel

import (
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ENOTSUPP is the kernel's internal "not supported", which some offload paths
// let out to user space. It is not EOPNOTSUPP, and libc has no text for it.
const errNotSupp = unix.Errno(524)

// Numbers of enum bpf_map_type that have a rule of their own here.
const (
	mapHash           = 1
	mapArray          = 2
	mapProgArray      = 3
	mapPerfEventArray = 4
	mapPercpuHash     = 5
	mapPercpuArray    = 6
	mapLRUPercpuHash  = 10
	mapPercpuStorage  = 21
)

// Program types (enum bpf_prog_type) that the kernel offloads.
const (
	progSchedCls = 3
	progXDP      = 6
)

// The attribute structures of bpf(2), with the leading members of the kernel's
// union that are used here. Pointers are members of type unsafe.Pointer, which
// has the kernel's 64-bit width on every architecture this package builds for.

type mapCreateAttr struct {
	Type, KeySize, ValueSize, MaxEntries, Flags uint32
	InnerFD, NumaNode                           uint32
	Name                                        [16]byte
	Ifindex                                     uint32
	BTFFD, BTFKeyType, BTFValueType             uint32
}

type mapElemAttr struct {
	FD    uint32
	_     uint32
	Key   unsafe.Pointer
	Value unsafe.Pointer // value, or next key
	Flags uint64
}

type progLoadAttr struct {
	Type, InsnCount    uint32
	Insns, License     unsafe.Pointer
	LogLevel, LogSize  uint32
	LogBuf             unsafe.Pointer
	KernVersion, Flags uint32
	Name               [16]byte
	Ifindex            uint32
	ExpectedAttach     uint32
	BTFFD              uint32
	FuncInfoRecSize    uint32
	FuncInfo           unsafe.Pointer
	FuncInfoCount      uint32
	LineInfoRecSize    uint32
	LineInfo           unsafe.Pointer
	LineInfoCount      uint32
	_                  uint32
}

type btfLoadAttr struct {
	BTF, LogBuf                unsafe.Pointer
	Size, LogSize, LogLevel, _ uint32
}

type objAttr struct {
	Path      unsafe.Pointer
	FD, Flags uint32
}

type idAttr struct {
	ID     uint32 // or the id to start from
	NextID uint32
	Flags  uint32
}

type infoAttr struct {
	FD, Len uint32
	Info    unsafe.Pointer
}

// bpfCall does one bpf(2) system call. It repeats a call that a signal of the
// Go runtime interrupted inside the verifier.
func bpfCall(cmd uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(attr), size)
		runtime.KeepAlive(attr)
		if errno == unix.EINTR || errno == unix.EAGAIN && cmd == unix.BPF_PROG_LOAD {
			continue
		}
		if errno != 0 {
			return -1, errno
		}
		return int(r), nil
	}
}

// nextID walks the ids of one kind (cmd is one of BPF_*_GET_NEXT_ID) and calls
// each for every one.
func nextID(cmd uintptr, each func(id uint32) error) error {
	var attr idAttr
	for {
		_, err := bpfCall(cmd, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
		if errors.Is(err, unix.ENOENT) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(attr.NextID); err != nil {
			return err
		}
		attr.ID = attr.NextID
	}
}

// fdByID opens an object by its id.
func fdByID(cmd uintptr, id uint32) (int, error) {
	attr := idAttr{ID: id}
	return bpfCall(cmd, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
}

// objName returns a name as the kernel takes it.
func objName(s string) (n [16]byte) {
	copy(n[:15], s)
	return n
}
