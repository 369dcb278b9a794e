package offload

import (
	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/btfvalue"
)

// Format prints a key or value of a map. With its C type it is printed as
// such: {.packets=3 .bytes=180}; without, or when type and bytes do not fit,
// as hexadecimal bytes.
func Format(t btf.Type, b []byte) string { return btfvalue.Format(t, b) }

// ParseBytes reads a key or value of size bytes as a user writes it: a number
// (decimal, 0x hexadecimal, negative) in the host's byte order, bytes as
// hexadecimal after "hex:" ("hex:0a000001"), or bytes one by one ("10.0.0.1",
// "1,0,0,0", "0x0a 0 0 1").
func ParseBytes(s string, size int) ([]byte, error) { return btfvalue.ParseBytes(s, size) }

// ParseValue is ParseBytes for a key or value whose C type may be known (nil if
// not): numbers have the type's byte order and sign, and must fit; addresses,
// names of an enumeration and lists in braces are read as C and people write
// them ("2001:db8::1", "BLOCK", "{.rate = 5}").
func ParseValue(t btf.Type, s string, size int) ([]byte, error) { return btfvalue.Parse(t, s, size) }
