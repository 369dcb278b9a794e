package offload

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/translate/object"
)

// Mode is where an attached program runs.
type Mode uint8

// The modes.
const (
	Hardware Mode = iota // on the device: XDP hardware mode, tc skip_sw
	Driver               // XDP in the driver
	Generic              // XDP in the network core
	Software             // tc skip_hw
	Either               // tc without flags: in software, and on the device if that takes it
)

var modeNames = [...]string{"hw", "drv", "skb", "skip_hw", "either"}

// String returns the name that --mode takes.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// ParseMode is the reverse of String and takes the kernel tools' other names.
func ParseMode(s string) (Mode, error) {
	switch s {
	case "hw", "offload", "skip_sw", "xdpoffload":
		return Hardware, nil
	case "drv", "driver", "native", "xdpdrv":
		return Driver, nil
	case "skb", "generic", "xdpgeneric":
		return Generic, nil
	case "skip_hw":
		return Software, nil
	case "either":
		return Either, nil
	}
	return 0, fmt.Errorf("unknown mode %q; modes are hw, drv, skb (XDP) and hw, skip_hw, either (tc)", s)
}

// EthPAll is the protocol of a filter that takes every packet.
const EthPAll = 0x0003

// Hook says where a program is attached.
type Hook struct {
	Type object.Type // XDP or TC
	Mode Mode

	// The rest is for tc.
	Egress   bool
	Protocol uint16 // Ethernet type; 0 is all
	Pref     uint16 // filter's preference; 0 is 1 when attaching
	Handle   uint32 // filter's handle; 0 is 1 when attaching
	Chain    uint32
}

// Valid checks that type and mode go together.
func (h Hook) Valid() error {
	switch h.Type {
	case object.XDP:
		if h.Pref != 0 || h.Handle != 0 || h.Chain != 0 || h.Protocol != 0 || h.Egress {
			return errors.New("preference, handle, chain, protocol and egress are for tc; XDP has a mode only")
		}
		if h.Mode == Software || h.Mode == Either {
			return fmt.Errorf("mode %s is for tc; XDP has hw, drv and skb", h.Mode)
		}
	case object.TC:
		if h.Mode == Driver || h.Mode == Generic {
			return fmt.Errorf("mode %s is for XDP; tc has hw, skip_hw and either", h.Mode)
		}
	default:
		return Advise(errors.New("the program has no type"), AdviseType)
	}
	return nil
}

// Filled returns the hook with the defaults for attaching.
func (h Hook) Filled() Hook {
	if h.Type == object.TC {
		if h.Pref == 0 {
			h.Pref = 1
		}
		if h.Handle == 0 {
			h.Handle = 1
		}
		if h.Protocol == 0 {
			h.Protocol = EthPAll
		}
	}
	return h
}

// String names the hook in messages.
func (h Hook) String() string {
	if h.Type == object.TC {
		dir := "ingress"
		if h.Egress {
			dir = "egress"
		}
		s := fmt.Sprintf("tc %s pref %d handle %#x", dir, h.Pref, h.Handle)
		if h.Protocol != 0 && h.Protocol != EthPAll {
			s += " protocol " + protocolName(h.Protocol)
		}
		if h.Chain != 0 {
			s += fmt.Sprintf(" chain %d", h.Chain)
		}
		return s
	}
	return "xdp " + h.Mode.String()
}

// protocolName names an Ethernet type as tc does (linux/if_ether.h).
func protocolName(p uint16) string {
	switch p {
	case 0x0800:
		return "ip"
	case 0x86dd:
		return "ipv6"
	case 0x0806:
		return "arp"
	case 0x8100:
		return "802.1Q"
	}
	return fmt.Sprintf("%#04x", p)
}

// Same reports whether two hooks are the same place: the same XDP mode, or the
// same filter.
func (h Hook) Same(o Hook) bool {
	if h.Type != o.Type {
		return false
	}
	if h.Type == object.XDP {
		return h.Mode == o.Mode
	}
	h, o = h.Filled(), o.Filled()
	return h.Egress == o.Egress && h.Pref == o.Pref && h.Handle == o.Handle && h.Chain == o.Chain
}
