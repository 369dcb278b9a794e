package btfvalue

import (
	"net"
	"net/netip"

	"github.com/cilium/ebpf/btf"
)

// The types of linux/types.h that are in network order.
var networkOrder = map[string]bool{"__be16": true, "__be32": true, "__be64": true, "be16": true, "be32": true, "be64": true}

// names calls f with the names of typedefs down to the type that they stand for,
// and that one's, until f returns true.
func names(t btf.Type, f func(string) bool) bool {
	for range MaxNesting {
		if t == nil {
			return false
		}
		if f(t.TypeName()) {
			return true
		}
		switch q := t.(type) {
		case *btf.Typedef:
			t = q.Type
		case *btf.Const:
			t = q.Type
		case *btf.Volatile:
			t = q.Type
		default:
			return false
		}
	}
	return false
}

// bigEndian reports whether integers of a type are in network order.
func bigEndian(t btf.Type) bool { return names(t, func(n string) bool { return networkOrder[n] }) }

// is reports whether a type has a name.
func is(t btf.Type, name string) bool { return names(t, func(n string) bool { return n == name }) }

// octets reports whether a type is an array of n bytes that are no text.
func octets(t btf.Type, n uint32) bool {
	a, ok := btf.UnderlyingType(t).(*btf.Array)
	if !ok || a.Nelems != n {
		return false
	}
	e, ok := btf.UnderlyingType(a.Type).(*btf.Int)
	return ok && e.Size == 1 && e.Encoding == btf.Unsigned && e.Name != "char"
}

// parseAddress writes an address to bytes whose type holds one, and reports
// whether text and type are so.
func parseAddress(t btf.Type, bytes []byte, text string) bool {
	switch {
	case len(bytes) == 4 && (is(t, "__be32") || is(t, "be32") || is(t, "in_addr")):
		if a, err := netip.ParseAddr(text); err == nil && a.Is4() {
			copy(bytes, a.AsSlice())
			return true
		}
	case len(bytes) == 16 && (is(t, "in6_addr") || octets(t, 16)):
		if a, err := netip.ParseAddr(text); err == nil && a.Is6() && a.Zone() == "" {
			copy(bytes, a.AsSlice())
			return true
		}
	case len(bytes) == 6 && octets(t, 6):
		if a, err := net.ParseMAC(text); err == nil && len(a) == 6 {
			copy(bytes, a)
			return true
		}
	}
	return false
}

// formatAddress returns the address that bytes of a type are, "" if they are
// none.
func formatAddress(t btf.Type, bytes []byte) string {
	switch {
	case len(bytes) == 4 && (is(t, "__be32") || is(t, "be32") || is(t, "in_addr")):
		return netip.AddrFrom4([4]byte(bytes)).String()
	case len(bytes) == 16 && is(t, "in6_addr"):
		return netip.AddrFrom16([16]byte(bytes)).String()
	}
	return ""
}
