package btfvalue

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Format prints bytes. With their C type they are printed as such: {.packets=3 .bytes=180}; without, or when type and bytes do not fit,
// as hexadecimal bytes.
func Format(t btf.Type, b []byte) string {
	if t != nil {
		if size, err := btf.Sizeof(t); err == nil && size <= len(b) && size > 0 {
			var w strings.Builder
			if formatType(&w, t, b[:size], 0) {
				return w.String()
			}
		}
	}
	return formatBytes(b)
}

func formatBytes(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = hex.EncodeToString([]byte{c})
	}
	return strings.Join(parts, " ")
}

// formatType prints b as type t and reports whether it could.
func formatType(w *strings.Builder, t btf.Type, b []byte, depth int) bool {
	if depth > MaxNesting {
		return false
	}
	if a := formatAddress(t, b); a != "" {
		w.WriteString(a)
		return true
	}
	big := bigEndian(t)
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Int:
		return formatInt(w, t, b, big)
	case *btf.Enum:
		return formatEnum(w, t, b)
	case *btf.Pointer:
		fmt.Fprintf(w, "%#x", binary.NativeEndian.Uint64(b))
	case *btf.Float:
		w.WriteString(formatBytes(b))
	case *btf.Array:
		return formatArray(w, t, b, depth)
	case *btf.Struct:
		return formatMembers(w, t.Members, b, depth)
	case *btf.Union:
		return formatMembers(w, t.Members, b, depth)
	default:
		return false
	}
	return true
}

func formatInt(w *strings.Builder, t *btf.Int, b []byte, big bool) bool {
	if int(t.Size) > len(b) {
		return false
	}
	if t.Size > 8 {
		w.WriteString(formatBytes(b[:t.Size]))
		return true
	}
	v := uintOf(b[:t.Size])
	if big {
		v = bits.ReverseBytes64(v) >> (64 - 8*t.Size)
	}
	switch {
	case t.Encoding == btf.Bool:
		w.WriteString(strconv.FormatBool(v != 0))
	case t.Encoding == btf.Signed:
		shift := 64 - 8*t.Size
		w.WriteString(strconv.FormatInt(int64(v<<shift)>>shift, 10))
	default:
		w.WriteString(strconv.FormatUint(v, 10))
	}
	return true
}

func formatEnum(w *strings.Builder, t *btf.Enum, b []byte) bool {
	if int(t.Size) > len(b) || t.Size > 8 {
		return false
	}
	v := uintOf(b[:t.Size])
	mask := ^uint64(0) >> (64 - 8*t.Size)
	for _, e := range t.Values {
		if e.Value&mask == v {
			w.WriteString(e.Name)
			return true
		}
	}
	w.WriteString(strconv.FormatUint(v, 10))
	return true
}

func formatArray(w *strings.Builder, t *btf.Array, b []byte, depth int) bool {
	size, err := btf.Sizeof(t.Type)
	if err != nil || size*int(t.Nelems) > len(b) {
		return false
	}
	if s, ok := characters(t, b[:size*int(t.Nelems)]); ok {
		w.WriteString(strconv.Quote(s))
		return true
	}
	w.WriteByte('[')
	for i := range int(t.Nelems) {
		if i > 0 {
			w.WriteByte(' ')
		}
		if !formatType(w, t.Type, b[i*size:(i+1)*size], depth+1) {
			return false
		}
	}
	w.WriteByte(']')
	return true
}

// characters returns the text of an array of char: printable, with nothing but
// zeros behind it.
func characters(t *btf.Array, b []byte) (string, bool) {
	e, ok := btf.UnderlyingType(t.Type).(*btf.Int)
	if !ok || e.Name != "char" || len(b) == 0 || b[0] == 0 {
		return "", false
	}
	s := strings.TrimRight(string(b), "\x00")
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return "", false
		}
	}
	return s, true
}

func formatMembers(w *strings.Builder, members []btf.Member, b []byte, depth int) bool {
	w.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			w.WriteByte(' ')
		}
		if m.Name != "" {
			fmt.Fprintf(w, ".%s=", m.Name)
		}
		if m.BitfieldSize > 0 {
			v, ok := bitField(b, m.Offset, m.BitfieldSize)
			if !ok {
				return false
			}
			w.WriteString(strconv.FormatUint(v, 10))
			continue
		}
		at := int(m.Offset.Bytes())
		size, err := btf.Sizeof(m.Type)
		if err != nil || at+size > len(b) {
			return false
		}
		if !formatType(w, m.Type, b[at:at+size], depth+1) {
			return false
		}
	}
	w.WriteByte('}')
	return true
}

// bitField reads a bit field of at most 64 bits on a little-endian machine.
func bitField(b []byte, at, size btf.Bits) (uint64, bool) {
	if size > 64 || int(at+size) > 8*len(b) {
		return 0, false
	}
	var v uint64
	for i := range size {
		k := at + i
		v |= uint64(b[k/8]>>(k%8)&1) << i
	}
	return v, true
}

// uintOf reads 1 to 8 bytes in the host's order.
func uintOf(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.NativeEndian.Uint16(b))
	case 4:
		return uint64(binary.NativeEndian.Uint32(b))
	case 8:
		return binary.NativeEndian.Uint64(b)
	}
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	return v
}
