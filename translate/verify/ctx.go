package verify

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/object"
)

// field is a row of the tables of context members.
type field struct {
	name     string
	off, len int
	holds    Kind // Scalar, or the pointer that a load gives
	write    bool
	offload  bool // written by programs bound to a device only
	narrow   bool // loads of less than the whole are allowed
	refused  string
}

// xdpFields are the members of struct xdp_md.
var xdpFields = []field{
	{name: "data", off: 0, len: 4, holds: PtrPacket},
	{name: "data_end", off: 4, len: 4, holds: PtrPacketEnd},
	{name: "data_meta", off: 8, len: 4, holds: PtrPacketMeta},
	{name: "ingress_ifindex", off: 12, len: 4, holds: Scalar},
	{name: "rx_queue_index", off: 16, len: 4, holds: Scalar, offload: true},
	{name: "egress_ifindex", off: 20, len: 4, refused: "is only there for programs on a devmap"},
}

// skbFields are the members of struct __sk_buff that tc programs see.
var skbFields = []field{
	{name: "len", off: 0, len: 4, holds: Scalar, narrow: true},
	{name: "pkt_type", off: 4, len: 4, holds: Scalar, narrow: true},
	{name: "mark", off: 8, len: 4, holds: Scalar, narrow: true, write: true},
	{name: "queue_mapping", off: 12, len: 4, holds: Scalar, narrow: true, write: true},
	{name: "protocol", off: 16, len: 4, holds: Scalar, narrow: true},
	{name: "vlan_present", off: 20, len: 4, holds: Scalar, narrow: true},
	{name: "vlan_tci", off: 24, len: 4, holds: Scalar, narrow: true},
	{name: "vlan_proto", off: 28, len: 4, holds: Scalar, narrow: true},
	{name: "priority", off: 32, len: 4, holds: Scalar, narrow: true, write: true},
	{name: "ingress_ifindex", off: 36, len: 4, holds: Scalar, narrow: true},
	{name: "ifindex", off: 40, len: 4, holds: Scalar, narrow: true},
	{name: "tc_index", off: 44, len: 4, holds: Scalar, narrow: true, write: true},
	{name: "cb", off: 48, len: 20, holds: Scalar, narrow: true, write: true},
	{name: "hash", off: 68, len: 4, holds: Scalar, narrow: true},
	{name: "tc_classid", off: 72, len: 4, holds: Scalar, narrow: true, write: true},
	{name: "data", off: 76, len: 4, holds: PtrPacket},
	{name: "data_end", off: 80, len: 4, holds: PtrPacketEnd},
	{name: "napi_id", off: 84, len: 4, holds: Scalar, narrow: true},
	{name: "family", off: 88, len: 4, refused: "is not there for tc programs"},
	{name: "remote_ip4", off: 92, len: 4, refused: "is not there for tc programs"},
	{name: "local_ip4", off: 96, len: 4, refused: "is not there for tc programs"},
	{name: "remote_ip6", off: 100, len: 16, refused: "is not there for tc programs"},
	{name: "local_ip6", off: 116, len: 16, refused: "is not there for tc programs"},
	{name: "remote_port", off: 132, len: 4, refused: "is not there for tc programs"},
	{name: "local_port", off: 136, len: 4, refused: "is not there for tc programs"},
	{name: "data_meta", off: 140, len: 4, holds: PtrPacketMeta},
	{name: "flow_keys", off: 144, len: 8, refused: "is not there for tc programs"},
	{name: "tstamp", off: 152, len: 8, holds: Scalar, write: true},
	{name: "wire_len", off: 160, len: 4, holds: Scalar, narrow: true},
	{name: "gso_segs", off: 164, len: 4, holds: Scalar, narrow: true},
	{name: "sk", off: 168, len: 8, refused: "is a socket, which a network card does not have"},
	{name: "gso_size", off: 176, len: 4, holds: Scalar, narrow: true},
	{name: "tstamp_type", off: 180, len: 1, holds: Scalar},
	{name: "hwtstamp", off: 184, len: 8, holds: Scalar},
}

func ctxName(t object.Type) string {
	if t == object.XDP {
		return "xdp_md"
	}
	return "__sk_buff"
}

// ctxField finds the context member that an access lies in.
func (v *verifier) ctxField(p *reg, base uint8, off, size int, write bool) (*field, *Error) {
	name := ctxName(v.p.Type)
	if !p.Scalar.IsConst() {
		return nil, unsafef("%s accessed at a variable offset (R%d)", name, base)
	}
	if p.off != 0 || p.Bits.Value != 0 {
		return nil, unsafef("%s accessed through a pointer that was moved by %d (R%d)", name, int64(p.off)+int64(p.Bits.Value), base).
			hint("access members of the context directly")
	}
	fields := xdpFields
	if v.p.Type == object.TC {
		fields = skbFields
	}
	bad := func(why string) (*field, *Error) {
		return nil, unsafef("%d bytes at offset %d of %s %s, %s", size, off, name, verb(write), why)
	}
	for k := range fields {
		f := &fields[k]
		if off < f.off || off >= f.off+f.len {
			continue
		}
		full := fmt.Sprintf("%s of %s", f.name, name)
		switch {
		case f.refused != "":
			class := unsafef("%s %s, but it %s", full, verb(write), f.refused)
			if f.name == "sk" {
				class.Class = Unsupported
			}
			return nil, class
		case off%size != 0:
			return bad("not aligned")
		case write && !f.write && !(f.offload && v.o.Offload):
			return nil, unsafef("%s written, which this program type may not", full)
		case off+size > f.off+f.len:
			return bad("which goes beyond " + f.name)
		}
		want := min(f.len, 4)
		switch {
		case f.name == "cb":
		case f.len == 8 && size != 8:
			return bad(fmt.Sprintf("%s is accessed with 8 bytes", f.name))
		case f.len == 8, size == want:
		case write || !f.narrow || size > want:
			return bad(fmt.Sprintf("%s is accessed with %d bytes", f.name, want))
		}
		return f, nil
	}
	return bad("where there is no member")
}

func (v *verifier) loadCtx(p *reg, base uint8, off, size int) (reg, *Error) {
	f, err := v.ctxField(p, base, off, size, false)
	if err != nil {
		return reg{}, err
	}
	if f.holds == Scalar {
		return scalarReg(number.OfBytes(size)), nil
	}
	return pointer(f.holds), nil
}

func (v *verifier) storeCtx(p *reg, base uint8, off, size int) *Error {
	_, err := v.ctxField(p, base, off, size, true)
	return err
}
