package verify_test

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// The kernel's verdict can be had without loading a program: with a log at
// instruction level and room for its last lines only, the verifier does all
// its work and BPF_PROG_LOAD then fails with ENOSPC, before the JIT. That is
// faster than loading, and does not wear out the allocator of JIT memory.

// askLog is the room for the log in bytes: more than its last two lines, less
// than the log of the smallest program that is asked about.
const (
	askLog   = 256
	askInsns = 4
)

// canAsk reports whether the kernel can be asked about a program without
// loading it. Functions are compiled before the log is closed.
func canAsk(p *object.Program) bool {
	if len(p.Insns) < askInsns {
		return false
	}
	for _, in := range p.Insns {
		if in.Op == bpf.ClassJMP|bpf.CALL && in.Src == bpf.PseudoCall {
			return false
		}
	}
	return true
}

type askMap struct {
	typ, key, value, entries, flags, inner uint32
}

type askElem struct {
	fd, _      uint32
	key, value unsafe.Pointer
}

type askProg struct {
	typ, count     uint32
	insns, license unsafe.Pointer
	level, size    uint32
	log            unsafe.Pointer
}

func bpfSyscall[T any](cmd uintptr, attr *T) (int, error) {
	for {
		r, _, errno := unix.Syscall(unix.SYS_BPF, cmd, uintptr(unsafe.Pointer(attr)), unsafe.Sizeof(*attr))
		runtime.KeepAlive(attr)
		if errno == unix.EAGAIN || errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return -1, errno
		}
		return int(r), nil
	}
}

func askMaps(t testing.TB, m *object.Map) (fd int, fds []int) {
	attr := askMap{typ: m.Type, key: m.KeySize, value: m.ValueSize, entries: m.MaxEntries, flags: m.Flags}
	if m.Inner != nil {
		in, all := askMaps(t, m.Inner)
		fds = append(fds, all...)
		attr.inner = uint32(in)
	}
	fd, err := bpfSyscall(unix.BPF_MAP_CREATE, &attr)
	require.NoError(t, err, m.Name)
	for _, e := range m.Initial {
		el := askElem{fd: uint32(fd), key: unsafe.Pointer(&e.Key[0]), value: unsafe.Pointer(&e.Value[0])}
		_, err := bpfSyscall(unix.BPF_MAP_UPDATE_ELEM, &el)
		require.NoError(t, err, m.Name)
		runtime.KeepAlive(e)
	}
	if m.Frozen {
		_, err := bpfSyscall(unix.BPF_MAP_FREEZE, &askElem{fd: uint32(fd)})
		require.NoError(t, err, m.Name)
	}
	return fd, append(fds, fd)
}

// pathEnd is the last line of the log of an accepted program: the end of a
// path, or the bookkeeping of its stack.
var pathEnd = regexp.MustCompile(`^(\d+: (\(95\) exit|safe)|from \d+ to \d+: safe|\(\d+\) |SCC exit )`)

// askKernel returns "" when the kernel's verifier accepts a program, its last
// words otherwise.
func askKernel(t testing.TB, p *object.Program) string {
	text, err := verifyOnly(t, p)
	if err != unix.ENOSPC {
		return text // refused before the walk
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for len(lines) > 1 && (lines[len(lines)-1] == "" || strings.HasPrefix(lines[len(lines)-1], "processed ")) {
		lines = lines[:len(lines)-1]
	}
	last := lines[len(lines)-1]
	if pathEnd.MatchString(last) {
		return ""
	}
	return last
}

// verifyOnly hands a program to the kernel with too little room for the log.
func verifyOnly(t testing.TB, p *object.Program) (string, error) {
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	insns := append([]bpf.Insn(nil), p.Insns...)
	for i := 0; i < len(insns); i++ {
		in := &insns[i]
		if !in.Wide() {
			continue
		}
		if in.Src == bpf.PseudoMapFD || in.Src == bpf.PseudoMapValue {
			fd, all := askMaps(t, p.Maps[in.Imm])
			fds = append(fds, all...)
			in.Imm = int32(fd)
		}
		i++
	}
	code, license := bpf.Encode(nil, insns), []byte("GPL\x00")
	log := make([]byte, askLog)
	attr := askProg{
		typ: 6, count: uint32(len(insns)), insns: unsafe.Pointer(&code[0]), license: unsafe.Pointer(&license[0]),
		level: 2, size: askLog, log: unsafe.Pointer(&log[0]),
	}
	if p.Type == object.TC {
		attr.typ = 3
	}
	_, err := bpfSyscall(unix.BPF_PROG_LOAD, &attr)
	runtime.KeepAlive([]any{code, license, log})
	require.Error(t, err, "the program was loaded")
	text, _, _ := strings.Cut(string(log), "\x00")
	return text, err
}
