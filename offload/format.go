package offload

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Format prints a key or value of a map. With its C type it is printed as
// such: {.packets=3 .bytes=180}; without, or when type and bytes do not fit,
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

// maxDepth bounds nesting, so that type information that contains itself ends.
const maxDepth = 32

// formatType prints b as type t and reports whether it could.
func formatType(w *strings.Builder, t btf.Type, b []byte, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch t := btf.UnderlyingType(t).(type) {
	case *btf.Int:
		return formatInt(w, t, b)
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

func formatInt(w *strings.Builder, t *btf.Int, b []byte) bool {
	if int(t.Size) > len(b) {
		return false
	}
	if t.Size > 8 {
		w.WriteString(formatBytes(b[:t.Size]))
		return true
	}
	v := uintOf(b[:t.Size])
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

// ParseBytes reads a key or value of size bytes as a user writes it: a number
// (decimal, 0x hexadecimal, negative) in the host's byte order, bytes as
// hexadecimal after "hex:" ("hex:0a000001"), or bytes one by one ("10.0.0.1",
// "1,0,0,0", "0x0a 0 0 1").
func ParseBytes(s string, size int) ([]byte, error) {
	if rest, ok := strings.CutPrefix(s, "hex:"); ok {
		b, err := hex.DecodeString(strings.Map(dropSeparators, rest))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", s, err)
		}
		if len(b) != size {
			return nil, fmt.Errorf("%q is %d bytes, want %d", s, len(b), size)
		}
		return b, nil
	}
	if fields := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == ',' || r == ' ' }); len(fields) > 1 {
		if len(fields) != size {
			return nil, fmt.Errorf("%q is %d bytes, want %d", s, len(fields), size)
		}
		b := make([]byte, size)
		for i, f := range fields {
			v, err := strconv.ParseUint(f, 0, 8)
			if err != nil {
				return nil, fmt.Errorf("%q: byte %q is not a number from 0 to 255", s, f)
			}
			b[i] = byte(v)
		}
		return b, nil
	}
	return parseNumber(s, size)
}

func dropSeparators(r rune) rune {
	if r == ':' || r == ' ' || r == ',' {
		return -1
	}
	return r
}

// parseNumber reads a number into size bytes; more than eight are filled up.
func parseNumber(s string, size int) ([]byte, error) {
	if size == 0 {
		return nil, fmt.Errorf("%q does not fit into 0 bytes", s)
	}
	var v uint64
	var fill byte
	if strings.HasPrefix(s, "-") {
		n, err := strconv.ParseInt(s, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number, nor bytes (hex:0a00, 10.0.0.1)", s)
		}
		if size < 8 && n < -1<<(8*size-1) {
			return nil, fmt.Errorf("%s does not fit into %d bytes", s, size)
		}
		v, fill = uint64(n), 0xff
	} else {
		n, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number, nor bytes (hex:0a00, 10.0.0.1)", s)
		}
		if size < 8 && n>>(8*size) != 0 {
			return nil, fmt.Errorf("%s does not fit into %d bytes", s, size)
		}
		v = n
	}
	b := make([]byte, size)
	for i := range b {
		b[i] = fill
		if i < 8 {
			b[i] = byte(v >> (8 * i))
		}
	}
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 { // big-endian host
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return b, nil
}
