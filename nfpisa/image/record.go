package image

import "fmt"

// Own sections are tables: a header and records of one size. A later version
// may add fields at the end of a record; readers skip what they do not know.
//
//	header, 16 bytes                 record
//	┌────────┬─────────┬──────┬───────┐  ┌────────────────────────┐
//	│"SKSW"  │ version │ size │ count │  │ fields, little-endian  │ × count
//	└────────┴─────────┴──────┴───────┘  └────────────────────────┘
//	 0        4         8      12         size bytes each
//
// A string field is the offset and length (u32 each) of its bytes in
// .skipsw.str, a bytes field those in .skipsw.data.
const (
	tableMagic      = "SKSW"
	tableHeaderSize = 16

	// Version is the version of the format that Marshal writes. Read accepts
	// this one only.
	Version = 2
)

// heap collects the strings and bytes that records point at.
type heap struct {
	strings []byte
	data    []byte
	at      map[string]uint32 // offsets of strings stored already
}

// tableWriter builds one table.
type tableWriter struct {
	h     *heap
	b     []byte // header and records
	size  int
	count int
}

func (w *tableWriter) u32(v uint32) { w.b = le.AppendUint32(w.b, v) }
func (w *tableWriter) u64(v uint64) { w.b = le.AppendUint64(w.b, v) }

func (w *tableWriter) flag(b bool) {
	if b {
		w.u32(1)
	} else {
		w.u32(0)
	}
}

func (w *tableWriter) str(s string) {
	off, ok := w.h.at[s]
	if !ok {
		off = uint32(len(w.h.strings))
		w.h.at[s] = off
		w.h.strings = append(w.h.strings, s...)
	}
	w.u32(off)
	w.u32(uint32(len(s)))
}

func (w *tableWriter) bytes(b []byte) {
	w.u32(uint32(len(w.h.data)))
	w.u32(uint32(len(b)))
	w.h.data = append(w.h.data, b...)
}

// end closes a record; all records of a table have the first one's size.
func (w *tableWriter) end() {
	w.count++
	if n := (len(w.b) - tableHeaderSize) / w.count; w.size != 0 && n != w.size {
		panic("BUG: records of different sizes in one table")
	} else {
		w.size = n
	}
}

// tableReader walks the records of one table.
type tableReader struct {
	name    string
	strings string
	data    []byte
	rest    []byte // records not begun
	rec     []byte // rest of the record being read
	size    int
	count   int
	err     error
}

// openTable checks a table's header; the records must have at least want
// bytes.
func openTable(s *section, name string, want int, strings string, data []byte) (*tableReader, error) {
	if s == nil {
		return nil, fmt.Errorf("section %s is missing", name)
	}
	b := s.data
	if len(b) < tableHeaderSize || string(b[:4]) != tableMagic {
		return nil, fmt.Errorf("section %s is no table", name)
	}
	if v := le.Uint32(b[4:]); v != Version {
		return nil, fmt.Errorf("section %s has format version %d and this program reads version %d: recompile the program, or use the version of offload that wrote the image", name, v, Version)
	}
	size, count := uint64(le.Uint32(b[8:])), uint64(le.Uint32(b[12:]))
	if count == 0 {
		return &tableReader{name: name}, nil
	}
	if size < uint64(want) {
		return nil, fmt.Errorf("section %s has records of %d bytes, fewer than %d", name, size, want)
	}
	b = b[tableHeaderSize:]
	if count > uint64(len(b))/size {
		return nil, fmt.Errorf("section %s has no room for %d records of %d bytes", name, count, size)
	}
	return &tableReader{
		name: name, strings: strings, data: data, rest: b, size: int(size), count: int(count),
	}, nil
}

// next begins the next record; it returns false at the end or after an error.
func (r *tableReader) next() bool {
	if r.count == 0 || r.err != nil {
		return false
	}
	r.count--
	r.rec, r.rest = r.rest[:r.size], r.rest[r.size:]
	return true
}

func (r *tableReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("section %s: %w", r.name, fmt.Errorf(format, args...))
	}
}

func (r *tableReader) u32() uint32 {
	v := le.Uint32(r.rec)
	r.rec = r.rec[4:]
	return v
}

func (r *tableReader) u64() uint64 {
	v := le.Uint64(r.rec)
	r.rec = r.rec[8:]
	return v
}

// u16 reads a number that must fit 16 bits.
func (r *tableReader) u16(what string) uint16 {
	v := r.u32()
	if v > 0xffff {
		r.fail("%s %d is above 65535", what, v)
	}
	return uint16(v)
}

func (r *tableReader) flag(what string) bool {
	v := r.u32()
	if v > 1 {
		r.fail("%s is %d, neither 0 nor 1", what, v)
	}
	return v == 1
}

func (r *tableReader) str() string {
	off, n := uint64(r.u32()), uint64(r.u32())
	if off+n > uint64(len(r.strings)) {
		r.fail("a string lies outside of %s", sectionStrings)
		return ""
	}
	return r.strings[off : off+n]
}

func (r *tableReader) bytes() []byte {
	off, n := uint64(r.u32()), uint64(r.u32())
	if off+n > uint64(len(r.data)) {
		r.fail("bytes lie outside of %s", sectionData)
		return nil
	}
	if n == 0 {
		return nil
	}
	return r.data[off : off+n : off+n]
}
