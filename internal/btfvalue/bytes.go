package btfvalue

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Parse reads a value of type t, nil if it is not known, of size bytes. Bytes as
// ParseBytes takes them are taken, too.
func Parse(t btf.Type, s string, size int) ([]byte, error) {
	if t == nil || strings.HasPrefix(s, "hex:") {
		return ParseBytes(s, size)
	}
	if n, err := btf.Sizeof(t); err != nil || n != size {
		return ParseBytes(s, size)
	}
	value := make([]byte, size)
	if parseAddress(t, value, s) {
		return value, nil
	}
	switch u := btf.UnderlyingType(t).(type) {
	case *btf.Int, *btf.Enum:
		if err := Store(t, value, "", s); err == nil || !strings.ContainsAny(s, "., ") {
			return value, err
		}
	case *btf.Array:
		quoted := strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "{")
		if b, err := ParseBytes(s, size); err == nil && !quoted || octets(t, u.Nelems) && !quoted {
			return b, err
		}
		return value, Store(t, value, "", s)
	default:
		if strings.HasPrefix(s, "{") {
			return value, Store(t, value, "", s)
		}
	}
	return ParseBytes(s, size)
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
