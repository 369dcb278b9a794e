package sys

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

var order = binary.NativeEndian

// Sizes of struct bpf_func_info and struct bpf_line_info.
const (
	funcRecordSize = 8
	lineRecordSize = 16
)

// FuncRecord ties a function's first slot to its type.
type FuncRecord struct {
	Slot uint32
	Type btf.TypeID
}

// Append appends the kernel's form of the record.
func (r FuncRecord) Append(b []byte) []byte {
	return order.AppendUint32(order.AppendUint32(b, r.Slot), uint32(r.Type))
}

// LineRecord ties a slot to a line of C. File and Text are offsets in the
// string section of the type information.
type LineRecord struct {
	Slot, File, Text uint32
	LineNo, Column   int
}

// columnBits is the width of the column in the last word of a line record.
const columnBits = 10

// Append appends the kernel's form of the record.
func (r LineRecord) Append(b []byte) []byte {
	b = order.AppendUint32(b, r.Slot)
	b = order.AppendUint32(b, r.File)
	b = order.AppendUint32(b, r.Text)
	return order.AppendUint32(b, uint32(r.LineNo)<<columnBits|uint32(r.Column)&(1<<columnBits-1))
}

func parseLine(b []byte) LineRecord {
	place := order.Uint32(b[12:])
	return LineRecord{
		Slot: order.Uint32(b), File: order.Uint32(b[4:]), Text: order.Uint32(b[8:]),
		LineNo: int(place >> columnBits), Column: int(place & (1<<columnBits - 1)),
	}
}

// Offsets of the string section's place in struct btf_header, and its size.
const (
	headerLen     = 4
	stringsOffset = 16
	stringsLen    = 20
	headerSize    = 24
)

var errBTF = errors.New("type information is damaged: its header points outside")

// stringSection returns where the string section begins and ends in raw type
// information.
func stringSection(raw []byte) (start, end int, err error) {
	if len(raw) < headerSize {
		return 0, 0, errBTF
	}
	from := uint64(order.Uint32(raw[headerLen:])) + uint64(order.Uint32(raw[stringsOffset:]))
	to := from + uint64(order.Uint32(raw[stringsLen:]))
	if to > uint64(len(raw)) {
		return 0, 0, errBTF
	}
	return int(from), int(to), nil
}

// Strings appends strings to the string section of type information, which
// must be its last.
type Strings struct {
	raw   []byte
	start int
	have  map[string]uint32
}

// NewStrings begins to append to raw.
func NewStrings(raw []byte) (*Strings, error) {
	start, end, err := stringSection(raw)
	if err == nil && end != len(raw) {
		err = errors.New("type information: strings are not last")
	}
	return &Strings{raw: raw, start: start, have: map[string]uint32{}}, err
}

// Add returns the offset of a string in the section, which it appends once.
func (s *Strings) Add(text string) uint32 {
	if at, ok := s.have[text]; ok {
		return at
	}
	at := uint32(len(s.raw) - s.start)
	s.raw = append(append(s.raw, text...), 0)
	s.have[text] = at
	return at
}

// Raw returns the type information with the strings.
func (s *Strings) Raw() []byte {
	order.PutUint32(s.raw[stringsLen:], uint32(len(s.raw)-s.start))
	return s.raw
}

// LoadBTF loads type information and returns its descriptor.
func LoadBTF(raw []byte) (fd int, err error) {
	return call(unix.BPF_BTF_LOAD, &struct {
		btf, log                   unsafe.Pointer
		size, logSize, logLevel, _ uint32
	}{btf: ptr(raw), size: uint32(len(raw))})
}

// Types reads type information out of the kernel.
func Types(id uint32) (*btf.Spec, error) {
	h, err := btf.NewHandleFromID(btf.ID(id))
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return h.Spec(nil)
}

// BTFStrings returns a function that reads strings of type information in the
// kernel by their offset; an offset outside is "".
func BTFStrings(id uint32) (func(at uint32) string, error) {
	fd, err := OpenID(BTFs, id)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	type btfInfo struct { // struct bpf_btf_info
		btf     unsafe.Pointer
		size, _ uint32 // of the information, and its id
		_       unsafe.Pointer
		_, _    uint32
	}
	var first btfInfo
	if err := info(fd, &first); err != nil {
		return nil, err
	}
	raw := make([]byte, first.size)
	if err := info(fd, &btfInfo{btf: ptr(raw), size: first.size}); err != nil {
		return nil, err
	}
	start, end, err := stringSection(raw)
	if err != nil {
		return nil, err
	}
	section := raw[start:end]
	return func(at uint32) string {
		if int(at) >= len(section) {
			return ""
		}
		return CString(section[at:])
	}, nil
}
