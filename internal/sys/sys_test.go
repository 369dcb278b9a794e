package sys

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestNames(t *testing.T) {
	tests := []struct {
		in, obj, c string
		kept       bool
	}{
		{"counters", "counters", "counters", true},
		{".rodata", ".rodata", "_rodata", true},
		{"a-name-that-is-too-long", "a_name_that_is_", "a_name_that_is_too_long", false},
		{"fifteen_letters", "fifteen_letters", "fifteen_letters", false},
		{"2nd", "2nd", "_nd", true},
		{"", "", "_", true},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			require.Equal(t, tt.obj, ObjName(tt.in))
			require.Equal(t, tt.c, CName(tt.in))
			require.Equal(t, tt.kept, Kept(tt.in))
		})
	}
}

func TestError(t *testing.T) {
	err := error(&Error{Command: "BPF_MAP_CREATE", Errno: unix.EINVAL})
	require.EqualError(t, err, "BPF_MAP_CREATE: invalid argument")
	require.ErrorIs(t, err, unix.EINVAL)
	require.EqualError(t, &Error{Command: "BPF_PROG_LOAD", Errno: ENOTSUPP}, "BPF_PROG_LOAD: operation not supported (ENOTSUPP)")
	require.True(t, Gone(&Error{Errno: unix.ENODEV}))
	require.False(t, Gone(err))
}

// TestRefused asks for what every kernel refuses, with or without privilege:
// the error names the command.
func TestRefused(t *testing.T) {
	require.ErrorContains(t, LookupElem(-1, []byte{1}, []byte{2}), "BPF_MAP_LOOKUP_ELEM: ")
	_, err := OpenPin("/no/such/pin")
	require.ErrorContains(t, err, "BPF_OBJ_GET: ")
	_, err = ReadProg(-1)
	require.ErrorContains(t, err, "BPF_OBJ_GET_INFO_BY_FD: ")
}

func TestRecords(t *testing.T) {
	l := LineRecord{Slot: 3, File: 1, Text: 9, LineNo: 70000, Column: 1023}
	require.Equal(t, l, parseLine(l.Append(nil)))
	require.Len(t, l.Append(nil), lineRecordSize)
	require.Len(t, FuncRecord{Slot: 1, Type: 2}.Append(nil), funcRecordSize)
}

func TestStrings(t *testing.T) {
	b, err := btf.NewBuilder([]btf.Type{&btf.Int{Name: "int", Size: 4}}, nil)
	require.NoError(t, err)
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: order})
	require.NoError(t, err)
	s, err := NewStrings(bytes.Clone(raw))
	require.NoError(t, err)
	at := s.Add("prog.c")
	require.Equal(t, at, s.Add("prog.c"), "each string stands once")
	require.NotEqual(t, at, s.Add("return 0;"))
	out := s.Raw()
	start, end, err := stringSection(out)
	require.NoError(t, err)
	require.Equal(t, len(out), end)
	require.Equal(t, "prog.c", CString(out[start+int(at):]))

	for _, bad := range [][]byte{nil, raw[:10], append(bytes.Clone(raw[:headerSize]), 1)} {
		_, err := NewStrings(bad)
		require.Error(t, err)
	}
}

// TestOnlyHere looks for the system call in the module's other packages.
func TestOnlyHere(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	here := filepath.Join(root, "internal", "sys")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == here || strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go"), filepath.Base(path) == "kill_test.go": // it watches system calls
			return nil
		}
		text, err := os.ReadFile(path)
		require.NotContains(t, string(text), "SYS_BPF", path)
		return err
	})
	require.NoError(t, err)
}

// TestPerfRecords tests what is made of a ring's bytes, records around its end
// included.
func TestPerfRecords(t *testing.T) {
	record := func(kind uint32, body ...byte) []byte {
		b := order.AppendUint32(nil, kind)
		b = order.AppendUint16(order.AppendUint16(b, 0), uint16(recordHeader+len(body)))
		return append(b, body...)
	}
	sample := func(data ...byte) []byte {
		return record(unix.PERF_RECORD_SAMPLE, append(order.AppendUint32(nil, uint32(len(data))), data...)...)
	}
	lost := record(unix.PERF_RECORD_LOST, order.AppendUint64(order.AppendUint64(nil, 1), 7)...)
	stream := slices.Concat(sample(1, 2, 3, 4), lost, record(unix.PERF_RECORD_THROTTLE, make([]byte, 24)...), sample(5), record(unix.PERF_RECORD_SAMPLE, 9, 0, 0, 0))
	want := []PerfRecord{{CPU: 3, Data: []byte{1, 2, 3, 4}}, {CPU: 3, Lost: 7}, {CPU: 3, Data: []byte{5}}}
	const size = 128
	for start := range uint64(size) {
		var head, tail uint64
		r := &perfRing{cpu: 3, data: make([]byte, size), head: &head, tail: &tail}
		head, tail = start+uint64(len(stream)), start
		for i, b := range stream {
			r.data[(start+uint64(i))%size] = b
		}
		for _, w := range want {
			rec, ok, err := r.read()
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, w, rec)
		}
		_, ok, err := r.read()
		require.NoError(t, err)
		require.False(t, ok)
		require.Equal(t, head, tail, "all is taken")
	}
	head, tail := uint64(8), uint64(0)
	r := &perfRing{data: make([]byte, size), head: &head, tail: &tail}
	_, _, err := r.read()
	require.Error(t, err, "a record of no bytes")
}

// TestLayouts tests the sizes of the kernel's structures and the places of what
// is read last in them (include/uapi/linux/bpf.h).
func TestLayouts(t *testing.T) {
	var p attrProgInfo
	require.EqualValues(t, 208, unsafe.Sizeof(p))
	require.EqualValues(t, 80, unsafe.Offsetof(p.ifindex))
	require.EqualValues(t, 128, unsafe.Offsetof(p.btfID))
	require.EqualValues(t, 152, unsafe.Offsetof(p.lineInfo))
	require.EqualValues(t, 172, unsafe.Offsetof(p.lineInfoRecSize))
	require.EqualValues(t, 192, unsafe.Offsetof(p.runTimeNs))
	require.EqualValues(t, 32, unsafe.Sizeof(attrElem{}))
}
