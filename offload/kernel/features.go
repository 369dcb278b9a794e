package kernel

import (
	"errors"
	"fmt"
	"os"

	"github.com/mdlayher/genetlink"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
)

// tcOffload is the feature that lets a driver see tc filters.
const tcOffload = "hw-tc-offload"

// ethtool is a connection to the kernel's ethtool netlink family.
type ethtool struct {
	conn   *genetlink.Conn
	family genetlink.Family
}

func dialEthtool(ns *os.File) (*ethtool, error) {
	conf := &netlink.Config{}
	if ns != nil {
		conf.NetNS = int(ns.Fd())
	}
	conn, err := genetlink.Dial(conf)
	if err != nil {
		return nil, fmt.Errorf("generic netlink socket: %w", err)
	}
	if err := conn.SetOption(netlink.ExtendedAcknowledge, true); err != nil {
		conn.Close()
		return nil, fmt.Errorf("generic netlink socket: %w", err)
	}
	family, err := conn.GetFamily(unix.ETHTOOL_GENL_NAME)
	if err != nil {
		conn.Close()
		return nil, &offload.Error{
			Op: "ask for device features", Kind: offload.ErrNotSupported, Err: err,
			Reason: "this kernel is built without ethtool netlink (CONFIG_ETHTOOL_NETLINK)",
		}
	}
	return &ethtool{conn: conn, family: family}, nil
}

func (e *ethtool) close() { _ = e.conn.Close() }

func (e *ethtool) execute(cmd uint8, attrs func(*netlink.AttributeEncoder)) ([]genetlink.Message, error) {
	ae := netlink.NewAttributeEncoder()
	attrs(ae)
	b, err := ae.Encode()
	if err != nil {
		return nil, err
	}
	return e.conn.Execute(genetlink.Message{Header: genetlink.Header{Command: cmd, Version: unix.ETHTOOL_GENL_VERSION}, Data: b},
		e.family.ID, netlink.Request)
}

// bit is one named bit of a bitset.
type bit struct{ present, value bool }

// getFeature reads the state of one feature.
func (e *ethtool) getFeature(ifindex int, name string) (offload.Feature, error) {
	msgs, err := e.execute(unix.ETHTOOL_MSG_FEATURES_GET, func(ae *netlink.AttributeEncoder) {
		ae.Nested(unix.ETHTOOL_A_FEATURES_HEADER, header(ifindex))
	})
	if err != nil {
		return offload.Feature{}, err
	}
	var f offload.Feature
	for _, m := range msgs {
		ad, err := netlink.NewAttributeDecoder(m.Data)
		if err != nil {
			return f, err
		}
		for ad.Next() {
			var b bit
			switch ad.Type() {
			case unix.ETHTOOL_A_FEATURES_HW:
				ad.Nested(b.parse(name))
				f.Changeable = b.value
			case unix.ETHTOOL_A_FEATURES_WANTED:
				ad.Nested(b.parse(name))
				f.Wanted = b.value
			case unix.ETHTOOL_A_FEATURES_ACTIVE:
				ad.Nested(b.parse(name))
				f.Active = b.value
			}
		}
		if err := ad.Err(); err != nil {
			return f, err
		}
	}
	return f, nil
}

// refusedError is a feature change that the kernel reported as a success and
// did not do.
type refusedError struct {
	name string
	want bool
	now  offload.Feature
}

func (e *refusedError) Error() string {
	want := "off"
	if e.want {
		want = "on"
	}
	return fmt.Sprintf("the kernel took the request to turn %s %s but the feature stays %s", e.name, want, e.now)
}

// setFeature turns a feature on or off and makes sure that it is. The kernel
// answers a refused change with success, names it only in its reply, and
// remembers the wish: the same request later changes nothing. So a wish that
// sticks is cleared first, and a refused one is taken back.
func (e *ethtool) setFeature(ifindex int, name string, on bool) error {
	f, err := e.getFeature(ifindex, name)
	if err != nil {
		return err
	}
	if f.Active == on && f.Wanted == on {
		return nil
	}
	if f.Wanted == on { // an older wish sticks: the kernel would see no change
		if err := e.requestFeature(ifindex, name, !on); err != nil {
			return err
		}
	}
	if err := e.requestFeature(ifindex, name, on); err != nil {
		return err
	}
	if f, err = e.getFeature(ifindex, name); err != nil {
		return err
	}
	if f.Active == on {
		return nil
	}
	refused := &refusedError{name: name, want: on, now: f}
	if f.Wanted == on {
		if err := e.requestFeature(ifindex, name, !on); err != nil {
			return errors.Join(refused, err)
		}
	}
	return refused
}

// requestFeature sends the wish. The kernel answers with its reply; asking for
// an acknowledgement too would leave a second message in the socket.
func (e *ethtool) requestFeature(ifindex int, name string, on bool) error {
	_, err := e.execute(unix.ETHTOOL_MSG_FEATURES_SET, func(ae *netlink.AttributeEncoder) {
		ae.Nested(unix.ETHTOOL_A_FEATURES_HEADER, header(ifindex))
		ae.Nested(unix.ETHTOOL_A_FEATURES_WANTED, func(set *netlink.AttributeEncoder) error {
			set.Nested(unix.ETHTOOL_A_BITSET_BITS, func(bits *netlink.AttributeEncoder) error {
				bits.Nested(unix.ETHTOOL_A_BITSET_BITS_BIT, func(b *netlink.AttributeEncoder) error {
					b.String(unix.ETHTOOL_A_BITSET_BIT_NAME, name)
					b.Flag(unix.ETHTOOL_A_BITSET_BIT_VALUE, on)
					return nil
				})
				return nil
			})
			return nil
		})
	})
	return err
}

func header(ifindex int) func(*netlink.AttributeEncoder) error {
	return func(h *netlink.AttributeEncoder) error {
		h.Uint32(unix.ETHTOOL_A_HEADER_DEV_INDEX, uint32(ifindex))
		return nil
	}
}

// parse returns a decoder of a bitset that looks for one bit by name. In a set
// without a mask a listed bit is set; in one with a mask it says so itself.
func (b *bit) parse(name string) func(*netlink.AttributeDecoder) error {
	return func(set *netlink.AttributeDecoder) error {
		noMask, found, value := false, false, false
		for set.Next() {
			switch set.Type() {
			case unix.ETHTOOL_A_BITSET_NOMASK:
				noMask = true
			case unix.ETHTOOL_A_BITSET_BITS:
				set.Nested(func(bits *netlink.AttributeDecoder) error {
					for bits.Next() {
						bits.Nested(func(one *netlink.AttributeDecoder) error {
							this, on := "", false
							for one.Next() {
								switch one.Type() {
								case unix.ETHTOOL_A_BITSET_BIT_NAME:
									this = one.String()
								case unix.ETHTOOL_A_BITSET_BIT_VALUE:
									on = true
								}
							}
							if this == name {
								found, value = true, on
							}
							return nil
						})
					}
					return nil
				})
			}
		}
		b.present = found
		b.value = found && (noMask || value)
		return nil
	}
}
