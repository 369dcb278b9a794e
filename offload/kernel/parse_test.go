package kernel

import (
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/object"
)

// linkMessage is an RTM_NEWLINK message of an interface with programs in two
// XDP modes.
func linkMessage(t testing.TB) []byte {
	ae := netlink.NewAttributeEncoder()
	ae.String(unix.IFLA_IFNAME, "eth7")
	ae.Uint32(unix.IFLA_MTU, 1500)
	ae.Nested(unix.IFLA_XDP, func(n *netlink.AttributeEncoder) error {
		n.Uint8(xdpAttrAttached, 4)
		n.Uint32(xdpAttrDrvID, 5)
		n.Uint32(xdpAttrHwID, 6)
		return nil
	})
	ae.String(iflaParentDevName, "netdevsim7")
	ae.String(iflaParentDevBusName, "netdevsim")
	ae.Bytes(unix.IFLA_STATS64, make([]byte, 8*24))
	b, err := ae.Encode()
	require.NoError(t, err)
	m := ifinfo(7)
	hostOrder.PutUint32(m[8:], unix.IFF_UP)
	return append(m, b...)
}

func TestParseLink(t *testing.T) {
	l, err := parseLink(linkMessage(t))
	require.NoError(t, err)
	require.Equal(t, "eth7", l.name)
	require.True(t, l.up)
	require.Equal(t, xdpState{mode: 4, drv: 5, hw: 6}, l.xdp)
	require.Equal(t, "netdevsim7", l.busID)
	require.Len(t, l.counts, 24)
	_, err = parseLink([]byte{1, 2})
	require.Error(t, err)
}

// filterMessage is an RTM_NEWTFILTER message.
func filterMessage(t testing.TB) []byte {
	ae := netlink.NewAttributeEncoder()
	ae.String(tcaKind, "bpf")
	ae.Uint32(tcaChain, 3)
	ae.Nested(tcaOptions, func(n *netlink.AttributeEncoder) error {
		n.String(bpfAttrName, "prog")
		n.Uint32(bpfAttrID, 9)
		n.Bytes(bpfAttrTag, []byte{1, 2, 3, 4, 5, 6, 7, 8})
		n.Uint32(bpfAttrFlagsGen, genSkipSW|genInHW)
		return nil
	})
	b, err := ae.Encode()
	require.NoError(t, err)
	h := offload.Hook{Pref: 2, Protocol: 0x0800}
	return append(tcmsg(7, 1, ingressParent, infoOf(h)), b...)
}

func TestParseFilter(t *testing.T) {
	f, err := parseFilter(filterMessage(t), false)
	require.NoError(t, err)
	require.Equal(t, filter{
		hook: offload.Hook{Type: object.TC, Mode: offload.Hardware, Pref: 2, Handle: 1, Chain: 3, Protocol: 0x0800},
		kind: "bpf", name: "prog", id: 9, tag: "0102030405060708", gen: genSkipSW | genInHW,
	}, *f)
	_, err = parseFilter(nil, true)
	require.Error(t, err)
}

func FuzzParseLink(f *testing.F) {
	f.Add(linkMessage(f))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parseLink(b) })
}

func FuzzParseFilter(f *testing.F) {
	f.Add(filterMessage(f))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parseFilter(b, false) })
}

// featureSet is a bitset as ethtool netlink sends it.
func featureSet(t testing.TB, noMask bool, bits map[string]bool) []byte {
	ae := netlink.NewAttributeEncoder()
	ae.Flag(unix.ETHTOOL_A_BITSET_NOMASK, noMask)
	ae.Nested(unix.ETHTOOL_A_BITSET_BITS, func(n *netlink.AttributeEncoder) error {
		for name, on := range bits {
			n.Nested(unix.ETHTOOL_A_BITSET_BITS_BIT, func(b *netlink.AttributeEncoder) error {
				b.String(unix.ETHTOOL_A_BITSET_BIT_NAME, name)
				b.Flag(unix.ETHTOOL_A_BITSET_BIT_VALUE, on)
				return nil
			})
		}
		return nil
	})
	b, err := ae.Encode()
	require.NoError(t, err)
	return b
}

func parseSet(b []byte, name string) (bit, error) {
	var got bit
	ad, err := netlink.NewAttributeDecoder(b)
	if err != nil {
		return got, err
	}
	err = got.parse(name)(ad)
	if err == nil {
		err = ad.Err()
	}
	return got, err
}

func TestParseFeatures(t *testing.T) {
	tests := []struct {
		name   string
		noMask bool
		bits   map[string]bool
		want   bit
	}{
		{"listed without a mask is on", true, map[string]bool{tcOffload: false}, bit{true, true}},
		{"listed with a mask says itself", false, map[string]bool{tcOffload: false}, bit{true, false}},
		{"listed with a mask, on", false, map[string]bool{tcOffload: true, "rx-gro": false}, bit{true, true}},
		{"not listed", true, map[string]bool{"rx-gro": true}, bit{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseSet(featureSet(t, tt.noMask, tt.bits), tcOffload)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func FuzzParseFeatures(f *testing.F) {
	f.Add(featureSet(f, true, map[string]bool{tcOffload: true}))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = parseSet(b, tcOffload) })
}

func TestVerifierLog(t *testing.T) {
	log := "func#0 @0\n0: R1=ctx(off=0,imm=0) R10=fp0\n; return data[12];\n0: (61) r1 = *(u32 *)(r1 +0)\n1: (71) r0 = *(u8 *)(r1 +12)\n" +
		"invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0)\nR1 offset is outside of the packet\nprocessed 2 insns (limit 1000000)\n"
	require.Equal(t, 1, lastInsn(log))
	require.Equal(t, "R1 offset is outside of the packet", lastWords(log))
	require.Equal(t, -1, lastInsn(""))
	require.Empty(t, lastWords("processed 0 insns\n"))
	p := pass("p", object.XDP).Program
	d := &Device{name: "eth0"}
	require.Equal(t, "instruction 1, pass.c:7: return 2; // a:b", d.atLine(p, 1))
	require.Empty(t, d.atLine(p, 99))
}

func FuzzVerifierLog(f *testing.F) {
	f.Add("0: (61) r1 = 0\n")
	f.Fuzz(func(t *testing.T, log string) {
		require.GreaterOrEqual(t, lastInsn(log), -1)
		_ = lastWords(log)
	})
}

func TestLineTags(t *testing.T) {
	want := object.Line{Slot: 3, File: "a.c", LineNo: 12, Column: 4, Text: "x = a ? b : c; // c_line:1:2:3"}
	got, ok := parseLineTag("c_line:3:12:4:a.c:x = a ? b : c; // c_line:1:2:3")
	require.True(t, ok)
	require.Equal(t, want, got)
	for _, bad := range []string{"", "c_line:", "c_line:1:2:3:a.c", "c_line:x:2:3:a.c:t", "other:1:2:3:a.c:t"} {
		_, ok := parseLineTag(bad)
		require.False(t, ok, bad)
	}
}

func TestReasons(t *testing.T) {
	d := &Device{name: "eth0"}
	hw := offload.Hook{Type: object.XDP}
	tests := []struct {
		name string
		h    offload.Hook
		err  error
		kind error
		want string
	}{
		{"busy", hw, &netlink.OpError{Err: unix.EBUSY, Message: "XDP program already attached"}, offload.ErrBusy, "op: device or resource busy: XDP program already attached (a program is there)"},
		{"busy without words", hw, &netlink.OpError{Err: unix.EBUSY}, offload.ErrBusy, "op: device or resource busy (the device runs a program of the other kind (XDP or tc) already; detach it first)"},
		{"nfp live reload", hw, &netlink.OpError{Err: unix.EBUSY, Message: "FW does not support live reload"}, offload.ErrBusy, "the card's firmware cannot replace a running program"},
		{"nfp packet split", hw, &netlink.OpError{Err: unix.EOPNOTSUPP, Message: "BPF offload not supported with potential packet access beyond HW packet split boundary"}, offload.ErrNotSupported, "lower the MTU"},
		{"nfp stack", hw, &netlink.OpError{Err: unix.EOPNOTSUPP, Message: "stack too large"}, offload.ErrNotSupported, "keep less on the stack"},
		{"no privilege", hw, &netlink.OpError{Err: unix.EPERM}, offload.ErrPermission, "it takes CAP_NET_ADMIN and CAP_SYS_ADMIN"},
		{"no bpf", hw, unix.ENOSYS, offload.ErrNotSupported, "this kernel is built without bpf(2)"},
		{"gone", hw, unix.ENODEV, offload.ErrDeviceGone, "no such device"},
		{"kernel's own number", hw, sys.ENOTSUPP, offload.ErrNotSupported, "op: not supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := d.attachError("op", tt.h, tt.err)
			require.ErrorIs(t, err, tt.kind)
			require.ErrorContains(t, err, tt.want)
		})
	}
}

// TestLimitProbe finds the limit of a card that frees late: what was made and
// closed still counts until somebody waits.
func TestLimitProbe(t *testing.T) {
	const room = 4_194_304
	for _, late := range []time.Duration{0, 5 * time.Millisecond, 100 * time.Millisecond} {
		var now, freeAt time.Duration
		var held uint32
		p := limitProbe{sleep: func(d time.Duration) { now += d }}
		try := func(n uint32) error {
			if now >= freeAt {
				held = 0
			}
			if n > room-held {
				return unix.ENOMEM
			}
			held, freeAt = held+n, now+late
			return nil
		}
		require.NoError(t, try(1))
		p.freed = true
		require.EqualValues(t, room, p.most(mostEntries, try), "freed after %s", late)
	}
	tries := 0
	p := limitProbe{sleep: func(time.Duration) { t.Fatal("nothing was freed, or it is no matter of room") }}
	require.EqualValues(t, 1, p.most(1<<10, func(uint32) error { tries++; return unix.EINVAL }))
	require.Less(t, tries, 12)
}
