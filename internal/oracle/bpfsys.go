package oracle

import (
	"errors"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The attribute structures below are the members of the kernel's union
// bpf_attr (include/uapi/linux/bpf.h), up to the last field that is used here.
// Pointers are 64 bits wide in them, so the package needs a 64-bit platform.
var _ [8]byte = [unsafe.Sizeof(uintptr(0))]byte{}

type attrMapCreate struct {
	mapType, keySize, valueSize, maxEntries, flags uint32
	innerFD                                        uint32
	_                                              uint32 // numa_node
	name                                           [16]byte
}

type attrMapElem struct {
	fd, _      uint32
	key, value unsafe.Pointer // value is next_key for BPF_MAP_GET_NEXT_KEY
	_          uint64         // flags
}

type attrProgLoad struct {
	progType, insnCnt uint32
	insns, license    unsafe.Pointer
	logLevel, logSize uint32
	logBuf            unsafe.Pointer
	_, flags          uint32
	name              [16]byte
	_, _              uint32 // prog_ifindex, expected_attach_type
	btfFD             uint32
	funcInfoSize      uint32
	funcInfo          unsafe.Pointer
	funcInfoCount, _  uint32
}

type attrTestRun struct {
	fd, retval          uint32
	sizeIn, sizeOut     uint32
	dataIn, dataOut     unsafe.Pointer
	repeat, duration    uint32
	ctxIn, ctxOut       uint32
	ctxInPtr, ctxOutPtr unsafe.Pointer
}

// bpfCall calls bpf(2). It repeats the call when a signal of the Go runtime
// interrupts it: loading answers EAGAIN then, a test run EINTR.
func bpfCall[T any](cmd uintptr, attr *T) (int, error) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
		runtime.KeepAlive(attr)
		switch {
		case errno == 0:
			return int(r), nil
		case errno == unix.EINTR || errno == unix.EAGAIN:
			continue
		}
		return -1, errno
	}
}

func ptr(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func objName(s string) (n [16]byte) {
	k := 0
	for i := 0; i < len(s) && k < len(n)-1; i++ {
		c := s[i]
		if c == '_' || c == '.' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			n[k] = c
			k++
		}
	}
	return n
}

func isErrno(err error, e unix.Errno) bool { return errors.Is(err, e) }
