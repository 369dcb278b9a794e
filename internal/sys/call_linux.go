package sys

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ENOTSUPP is the kernel's internal "not supported", which some offload paths
// let out to user space. It is not EOPNOTSUPP, and libc has no text for it.
const ENOTSUPP = unix.Errno(524)

// The kernel's structures are written with 64-bit pointers, so the package
// needs a 64-bit platform.
var _ [8]byte = [unsafe.Sizeof(uintptr(0))]byte{}

// Error is a command of bpf(2) that the kernel refused.
type Error struct {
	Command string // "BPF_MAP_CREATE"
	Errno   unix.Errno
}

// Error names the command and the errno.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Command, errnoText(e.Errno)) }

// Unwrap returns the errno.
func (e *Error) Unwrap() error { return e.Errno }

func errnoText(e unix.Errno) string {
	if e == ENOTSUPP {
		return "operation not supported (ENOTSUPP)"
	}
	return e.Error()
}

// commandNames names the commands in errors.
var commandNames = map[uintptr]string{
	unix.BPF_MAP_CREATE:         "BPF_MAP_CREATE",
	unix.BPF_MAP_LOOKUP_ELEM:    "BPF_MAP_LOOKUP_ELEM",
	unix.BPF_MAP_UPDATE_ELEM:    "BPF_MAP_UPDATE_ELEM",
	unix.BPF_MAP_DELETE_ELEM:    "BPF_MAP_DELETE_ELEM",
	unix.BPF_MAP_GET_NEXT_KEY:   "BPF_MAP_GET_NEXT_KEY",
	unix.BPF_MAP_FREEZE:         "BPF_MAP_FREEZE",
	unix.BPF_MAP_GET_NEXT_ID:    "BPF_MAP_GET_NEXT_ID",
	unix.BPF_MAP_GET_FD_BY_ID:   "BPF_MAP_GET_FD_BY_ID",
	unix.BPF_PROG_LOAD:          "BPF_PROG_LOAD",
	unix.BPF_PROG_TEST_RUN:      "BPF_PROG_TEST_RUN",
	unix.BPF_PROG_GET_NEXT_ID:   "BPF_PROG_GET_NEXT_ID",
	unix.BPF_PROG_GET_FD_BY_ID:  "BPF_PROG_GET_FD_BY_ID",
	unix.BPF_LINK_GET_NEXT_ID:   "BPF_LINK_GET_NEXT_ID",
	unix.BPF_LINK_GET_FD_BY_ID:  "BPF_LINK_GET_FD_BY_ID",
	unix.BPF_BTF_GET_FD_BY_ID:   "BPF_BTF_GET_FD_BY_ID",
	unix.BPF_BTF_GET_NEXT_ID:    "BPF_BTF_GET_NEXT_ID",
	unix.BPF_BTF_LOAD:           "BPF_BTF_LOAD",
	unix.BPF_OBJ_PIN:            "BPF_OBJ_PIN",
	unix.BPF_OBJ_GET:            "BPF_OBJ_GET",
	unix.BPF_OBJ_GET_INFO_BY_FD: "BPF_OBJ_GET_INFO_BY_FD",
}

// call does one bpf(2) system call. It repeats a call that a signal of the Go
// runtime interrupts: the verifier then answers EAGAIN, other commands EINTR.
func call[T any](cmd uintptr, attr *T) (int, error) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
		runtime.KeepAlive(attr)
		switch {
		case errno == 0:
			return int(r), nil
		case errno == unix.EINTR || errno == unix.EAGAIN && cmd == unix.BPF_PROG_LOAD:
			continue
		}
		return -1, &Error{Command: commandNames[cmd], Errno: errno}
	}
}

// ptr returns the address of a slice's bytes, nil for an empty one.
func ptr(b []byte) unsafe.Pointer {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(b))
}

// cName is a name in a structure of the kernel.
func cName(s string) (n [nameLen]byte) {
	copy(n[:nameLen-1], ObjName(s))
	return n
}

// CString returns the text before the first zero byte, such as a log in its
// buffer.
func CString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// Gone reports whether an error says that an object went away between its
// listing and a look at it, or that its device has gone.
func Gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV)
}
