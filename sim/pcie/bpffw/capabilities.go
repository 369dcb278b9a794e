package bpffw

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/translate/bpf"
)

// headRoom is by how many bytes a packet's start can always move either way:
// frames begin 128 bytes into their buffer, of which a program may take all but
// the first AdjustHead.OffMin (44 for agilio).
const headRoom = 48

// Capabilities returns what the firmware of a target offers to the driver.
func Capabilities(t *target.Target) (nfp.Capabilities, error) {
	if t.Maps.Kind != target.MapsFirmware || t.Exit.Kind != target.ExitCode {
		return nfp.Capabilities{}, unsupported.New("target "+t.Name+" on a card for the nfp driver", "the driver knows firmware that keeps the maps and exit words that are actions")
	}
	const unit = 64
	c := nfp.Capabilities{
		ABI: uint32(t.ABI), MaxWords: uint16(t.Core.CodeWords), Start: uint16(t.Core.CodeStart), Done: uint16(t.Core.Done),
		Stack: t.LocalMemory.Stack / unit * unit, Inline: nfp.Frame / unit * unit, Reload: true,
		Helpers: map[uint32]uint32{}, MultiEntry: true,
		AdjustTail:  t.AdjustTail != nil,
		QueueSelect: t.PacketVector.QueueSet != nil && t.PacketVector.Queue != nil,
		Random:      t.Helpers[bpf.HelperGetPrandomU32.String()].By == target.HelperInline,
	}
	for name, h := range t.Helpers {
		id, ok := bpf.HelperByName(name)
		if !ok {
			return c, fmt.Errorf("target %s: no helper is named %q", t.Name, name)
		}
		if h.By == target.HelperFirmware {
			c.Helpers[uint32(id)] = uint32(h.Address)
		}
	}
	if h := t.AdjustHead; h != nil {
		c.Head = nfp.HeadLimits{Min: uint32(h.OffMin), Max: uint32(h.OffMax), Sub: headRoom, Add: headRoom}
	}
	m := &t.Maps
	c.Maps = nfp.MapLimits{
		Count: uint32(m.MaxMaps), Entries: uint32(m.TotalEntries), Key: uint32(m.MaxKey), Value: uint32(m.MaxValue), Element: uint32(m.MaxElement),
	}
	for _, name := range m.Types {
		typ, ok := bpf.MapTypeByName(name)
		if !ok {
			return c, fmt.Errorf("target %s: no map type is named %q", t.Name, name)
		}
		if typ != bpf.MapTypePerfEventArray { // the host's
			c.Maps.Types |= 1 << typ
		}
	}
	return c, nil
}
