package kernel

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// rtnl is a connection to the kernel's routing socket, which knows links,
// queueing disciplines and filters.
type rtnl struct {
	mu   sync.Mutex
	conn *netlink.Conn
}

func dialRoute(ns *os.File) (*rtnl, error) {
	conf := &netlink.Config{}
	if ns != nil {
		conf.NetNS = int(ns.Fd())
	}
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, conf)
	if err != nil {
		return nil, fmt.Errorf("routing socket: %w", err)
	}
	// The text that goes with errors; every kernel with offload has it.
	if err := conn.SetOption(netlink.ExtendedAcknowledge, true); err != nil {
		conn.Close()
		return nil, fmt.Errorf("routing socket: %w", err)
	}
	return &rtnl{conn: conn}, nil
}

func (r *rtnl) close() error { return r.conn.Close() }

// execute sends one request and returns the data of its replies.
func (r *rtnl) execute(typ uint16, flags netlink.HeaderFlags, data []byte) ([][]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	msgs, err := r.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(typ), Flags: netlink.Request | flags},
		Data:   data,
	})
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(msgs))
	for i, m := range msgs {
		out[i] = m.Data
	}
	return out, nil
}

// link is a network interface.
type link struct {
	index   int
	name    string
	up      bool
	mtu     uint32
	kind    string // "veth", "" for a plain device
	bus     string // of the parent device: "netdevsim", "pci"
	busID   string
	xdp     xdpState
	counts  []uint64 // struct rtnl_link_stats64
	address net.HardwareAddr
}

// xdpState is what is attached to the XDP hooks of an interface.
type xdpState struct {
	mode         uint8 // 0 none, 1 drv, 2 skb, 3 hw, 4 several
	id           uint32
	drv, skb, hw uint32 // program ids by mode
}

// Attributes of links (if_link.h) that x/sys/unix does not name.
const (
	iflaParentDevName    = 56
	iflaParentDevBusName = 57
	xdpAttrFD            = 1
	xdpAttrAttached      = 2
	xdpAttrFlags         = 3
	xdpAttrProgID        = 4
	xdpAttrDrvID         = 5
	xdpAttrSkbID         = 6
	xdpAttrHwID          = 7
	xdpAttrExpectedFD    = 8
)

const ifinfoSize = unix.SizeofIfInfomsg

// altNameSize is the size of an alternative name with its end, the kernel's
// ALTIFNAMSIZ.
const altNameSize = 128

// linkByName looks up an interface by its name or an alternative one.
func (r *rtnl) linkByName(name string) (*link, error) {
	if name == "" || len(name) >= altNameSize {
		return nil, fmt.Errorf("%w: %q is not an interface name", unix.ENODEV, name)
	}
	ae := netlink.NewAttributeEncoder()
	if len(name) < unix.IFNAMSIZ {
		ae.String(unix.IFLA_IFNAME, name) // short alternative names are found by it, too
	} else {
		ae.String(unix.IFLA_ALT_IFNAME, name)
	}
	b, err := ae.Encode()
	if err != nil {
		return nil, err
	}
	return r.oneLink(append(make([]byte, ifinfoSize), b...))
}

func (r *rtnl) linkByIndex(index int) (*link, error) {
	return r.oneLink(ifinfo(index))
}

func (r *rtnl) oneLink(req []byte) (*link, error) {
	msgs, err := r.execute(unix.RTM_GETLINK, 0, req)
	if err != nil {
		return nil, err
	}
	if len(msgs) != 1 {
		return nil, fmt.Errorf("%d answers for one interface", len(msgs))
	}
	return parseLink(msgs[0])
}

func (r *rtnl) links() ([]*link, error) {
	msgs, err := r.execute(unix.RTM_GETLINK, netlink.Dump, make([]byte, ifinfoSize))
	if err != nil {
		return nil, err
	}
	var all []*link
	for _, m := range msgs {
		l, err := parseLink(m)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// ifinfo returns a struct ifinfomsg for an interface.
func ifinfo(index int) []byte {
	b := make([]byte, ifinfoSize)
	hostOrder.PutUint32(b[4:], uint32(index))
	return b
}

var errShort = errors.New("short message of the kernel")

// parseLink reads one RTM_NEWLINK message.
func parseLink(b []byte) (*link, error) {
	if len(b) < ifinfoSize {
		return nil, errShort
	}
	l := &link{index: int(int32(hostOrder.Uint32(b[4:]))), up: hostOrder.Uint32(b[8:])&unix.IFF_UP != 0}
	ad, err := netlink.NewAttributeDecoder(b[ifinfoSize:])
	if err != nil {
		return nil, err
	}
	for ad.Next() {
		switch ad.Type() {
		case unix.IFLA_IFNAME:
			l.name = ad.String()
		case unix.IFLA_MTU:
			l.mtu = ad.Uint32()
		case unix.IFLA_ADDRESS:
			l.address = ad.Bytes()
		case unix.IFLA_LINKINFO:
			ad.Nested(func(n *netlink.AttributeDecoder) error {
				for n.Next() {
					if n.Type() == unix.IFLA_INFO_KIND {
						l.kind = n.String()
					}
				}
				return nil
			})
		case unix.IFLA_XDP:
			ad.Nested(l.xdp.parse)
		case iflaParentDevName:
			l.busID = ad.String()
		case iflaParentDevBusName:
			l.bus = ad.String()
		case unix.IFLA_STATS64:
			s := ad.Bytes()
			for ; len(s) >= 8; s = s[8:] {
				l.counts = append(l.counts, hostOrder.Uint64(s))
			}
		}
	}
	return l, ad.Err()
}

func (x *xdpState) parse(ad *netlink.AttributeDecoder) error {
	for ad.Next() {
		switch ad.Type() {
		case xdpAttrAttached:
			x.mode = ad.Uint8()
		case xdpAttrProgID:
			x.id = ad.Uint32()
		case xdpAttrDrvID:
			x.drv = ad.Uint32()
		case xdpAttrSkbID:
			x.skb = ad.Uint32()
		case xdpAttrHwID:
			x.hw = ad.Uint32()
		}
	}
	return nil
}

// setXDP attaches the program fd (-1 detaches) with XDP flags. expect, when
// not nil, is the descriptor of the program that must be there, -1 for none.
func (r *rtnl) setXDP(index, fd int, flags uint32, expect *int) error {
	ae := netlink.NewAttributeEncoder()
	ae.Nested(unix.IFLA_XDP, func(n *netlink.AttributeEncoder) error {
		n.Int32(xdpAttrFD, int32(fd))
		if expect != nil {
			flags |= unix.XDP_FLAGS_REPLACE
			n.Int32(xdpAttrExpectedFD, int32(*expect))
		}
		n.Uint32(xdpAttrFlags, flags)
		return nil
	})
	b, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = r.execute(unix.RTM_SETLINK, netlink.Acknowledge, append(ifinfo(index), b...))
	return err
}

// setUp brings an interface up or down.
func (r *rtnl) setUp(index int, up bool) error {
	b := ifinfo(index)
	if up {
		hostOrder.PutUint32(b[8:], unix.IFF_UP)
	}
	hostOrder.PutUint32(b[12:], unix.IFF_UP)
	_, err := r.execute(unix.RTM_SETLINK, netlink.Acknowledge, b)
	return err
}

// setMTU changes an interface's MTU.
func (r *rtnl) setMTU(index int, mtu uint32) error {
	ae := netlink.NewAttributeEncoder()
	ae.Uint32(unix.IFLA_MTU, mtu)
	b, err := ae.Encode()
	if err != nil {
		return err
	}
	_, err = r.execute(unix.RTM_SETLINK, netlink.Acknowledge, append(ifinfo(index), b...))
	return err
}
