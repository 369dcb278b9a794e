package kernel

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// hostOrder is the byte order of netlink.
var hostOrder = binary.NativeEndian

// Numbers of pkt_sched.h and pkt_cls.h.
const (
	tcmsgSize     = 20
	clsactParent  = 0xFFFFFFF1
	clsactHandle  = 0xFFFF0000
	ingressParent = 0xFFFFFFF2
	egressParent  = 0xFFFFFFF3

	tcaKind    = 1
	tcaOptions = 2
	tcaStats2  = 7
	tcaChain   = 11

	bpfAttrFD       = 6
	bpfAttrName     = 7
	bpfAttrFlags    = 8
	bpfAttrFlagsGen = 9
	bpfAttrTag      = 10
	bpfAttrID       = 11

	flagDirect = 1 // TCA_BPF_FLAG_ACT_DIRECT

	genSkipHW  = 1
	genSkipSW  = 2
	genInHW    = 4
	genNotInHW = 8
)

// filter is one tc filter of any kind.
type filter struct {
	hook offload.Hook
	kind string
	name string
	id   uint32
	tag  string
	gen  uint32 // flags: genSkipHW and so on
}

// tcmsg returns a struct tcmsg.
func tcmsg(index int, handle, parent, info uint32) []byte {
	b := make([]byte, tcmsgSize)
	hostOrder.PutUint32(b[4:], uint32(index))
	hostOrder.PutUint32(b[8:], handle)
	hostOrder.PutUint32(b[12:], parent)
	hostOrder.PutUint32(b[16:], info)
	return b
}

func parentOf(h offload.Hook) uint32 {
	if h.Egress {
		return egressParent
	}
	return ingressParent
}

// infoOf packs preference and protocol as struct tcmsg wants them.
func infoOf(h offload.Hook) uint32 {
	var p [2]byte
	binary.BigEndian.PutUint16(p[:], h.Protocol)
	return uint32(h.Pref)<<16 | uint32(hostOrder.Uint16(p[:]))
}

// qdiscKind returns the kind of the ingress queueing discipline of an
// interface: "clsact", "ingress", or "" for none.
func (r *rtnl) qdiscKind(index int) (string, error) {
	msgs, err := r.execute(unix.RTM_GETQDISC, netlink.Dump, tcmsg(index, 0, 0, 0))
	if err != nil {
		return "", err
	}
	for _, m := range msgs {
		if len(m) < tcmsgSize {
			return "", errShort
		}
		if int(int32(hostOrder.Uint32(m[4:]))) != index || hostOrder.Uint32(m[12:]) != clsactParent {
			continue
		}
		ad, err := netlink.NewAttributeDecoder(m[tcmsgSize:])
		if err != nil {
			return "", err
		}
		for ad.Next() {
			if ad.Type() == tcaKind {
				return ad.String(), nil
			}
		}
		return "", ad.Err()
	}
	return "", nil
}

func (r *rtnl) addClsact(index int) error {
	ae := netlink.NewAttributeEncoder()
	ae.String(tcaKind, "clsact")
	b, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = r.execute(unix.RTM_NEWQDISC, netlink.Acknowledge|netlink.Create|netlink.Excl,
		append(tcmsg(index, clsactHandle, clsactParent, 0), b...))
	return err
}

func (r *rtnl) delClsact(index int) error {
	_, err := r.execute(unix.RTM_DELQDISC, netlink.Acknowledge, tcmsg(index, clsactHandle, clsactParent, 0))
	return err
}

// setFilter adds (flags Create|Excl) or replaces (flags Create) a bpf filter
// in direct-action mode.
func (r *rtnl) setFilter(index int, h offload.Hook, fd int, name string, gen uint32, flags netlink.HeaderFlags) error {
	ae := netlink.NewAttributeEncoder()
	ae.String(tcaKind, "bpf")
	if h.Chain != 0 {
		ae.Uint32(tcaChain, h.Chain)
	}
	ae.Nested(tcaOptions, func(n *netlink.AttributeEncoder) error {
		n.Uint32(bpfAttrFD, uint32(fd))
		n.String(bpfAttrName, name)
		n.Uint32(bpfAttrFlags, flagDirect)
		if gen != 0 {
			n.Uint32(bpfAttrFlagsGen, gen)
		}
		return nil
	})
	b, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = r.execute(unix.RTM_NEWTFILTER, netlink.Acknowledge|flags,
		append(tcmsg(index, h.Handle, parentOf(h), infoOf(h)), b...))
	return err
}

func (r *rtnl) delFilter(index int, h offload.Hook) error {
	ae := netlink.NewAttributeEncoder()
	ae.String(tcaKind, "bpf")
	if h.Chain != 0 {
		ae.Uint32(tcaChain, h.Chain)
	}
	b, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = r.execute(unix.RTM_DELTFILTER, netlink.Acknowledge,
		append(tcmsg(index, h.Handle, parentOf(h), infoOf(h)), b...))
	return err
}

// filters lists the filters at the two clsact hooks of an interface. An
// interface without clsact has none.
func (r *rtnl) filters(index int) ([]filter, error) {
	kind, err := r.qdiscKind(index)
	if err != nil || kind == "" {
		return nil, err
	}
	var all []filter
	for _, parent := range []uint32{ingressParent, egressParent} {
		if kind == "ingress" && parent == egressParent {
			continue
		}
		msgs, err := r.execute(unix.RTM_GETTFILTER, netlink.Dump, tcmsg(index, 0, parent, 0))
		if errors.Is(err, unix.EINVAL) {
			continue // the discipline was removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		for _, m := range msgs {
			f, err := parseFilter(m, parent == egressParent)
			if err != nil {
				return nil, err
			}
			if f.hook.Handle != 0 { // 0 is the head of a preference, not a filter
				all = append(all, *f)
			}
		}
	}
	return all, nil
}

// parseFilter reads one RTM_NEWTFILTER message.
func parseFilter(b []byte, egress bool) (*filter, error) {
	if len(b) < tcmsgSize {
		return nil, errShort
	}
	info := hostOrder.Uint32(b[16:])
	var proto [2]byte
	hostOrder.PutUint16(proto[:], uint16(info))
	f := &filter{hook: offload.Hook{
		Type: object.TC, Egress: egress, Handle: hostOrder.Uint32(b[8:]), Pref: uint16(info >> 16),
		Protocol: binary.BigEndian.Uint16(proto[:]),
	}}
	ad, err := netlink.NewAttributeDecoder(b[tcmsgSize:])
	if err != nil {
		return nil, err
	}
	var options []byte
	for ad.Next() {
		switch ad.Type() {
		case tcaKind:
			f.kind = ad.String()
		case tcaChain:
			f.hook.Chain = ad.Uint32()
		case tcaOptions:
			options = ad.Bytes()
		}
	}
	if err := ad.Err(); err != nil {
		return nil, err
	}
	if f.kind == "bpf" {
		if err := f.parseBPF(options); err != nil {
			return nil, err
		}
	}
	f.hook.Mode = modeOf(f.gen)
	return f, nil
}

func (f *filter) parseBPF(b []byte) error {
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return err
	}
	for ad.Next() {
		switch ad.Type() {
		case bpfAttrName:
			f.name = ad.String()
		case bpfAttrID:
			f.id = ad.Uint32()
		case bpfAttrTag:
			f.tag = hex.EncodeToString(ad.Bytes())
		case bpfAttrFlagsGen:
			f.gen = ad.Uint32()
		}
	}
	return ad.Err()
}

func modeOf(gen uint32) offload.Mode {
	switch {
	case gen&genSkipSW != 0:
		return offload.Hardware
	case gen&genSkipHW != 0:
		return offload.Software
	}
	return offload.Either
}

func genOf(m offload.Mode) uint32 {
	switch m {
	case offload.Hardware:
		return genSkipSW
	case offload.Software:
		return genSkipHW
	}
	return 0
}

// prefInUse reports what else holds a preference: a filter of another kind.
func prefInUse(all []filter, h offload.Hook) error {
	for _, f := range all {
		if f.kind != "bpf" && f.hook.Pref == h.Pref && f.hook.Egress == h.Egress && f.hook.Chain == h.Chain {
			return offload.Advise(fmt.Errorf("preference %d holds a filter of kind %s", h.Pref, f.kind), offload.AdvisePref)
		}
	}
	return nil
}
