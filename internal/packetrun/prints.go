package packetrun

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Print is what a packet, counted from 1, printed.
type Print struct {
	Packet int    `json:"packet"`
	Text   string `json:"text"`
}

// HasPrints reports whether a program prints.
func HasPrints(img *image.Image) bool {
	return slices.ContainsFunc(img.Maps, func(m image.Map) bool { return m.Name == maplayout.PrintsMap })
}

// PrintText gives a record of the map of prints its form. Formats lie in the maps
// of the machine, or in the record.
func PrintText(maps []*sim.Map, data []byte) (string, error) {
	word := func(at maplayout.Offset) uint32 { return binary.LittleEndian.Uint32(data[at:]) }
	if len(data) < int(maplayout.PrintFirst) {
		return "", fmt.Errorf("a print of %d bytes", len(data))
	}
	address, length, n := word(maplayout.PrintAddress), uint64(word(maplayout.PrintLength)), uint64(word(maplayout.PrintValues))
	rest := data[maplayout.PrintFirst:]
	if n > uint64(len(rest)/8) {
		return "", fmt.Errorf("a print of %d bytes with %d values", len(data), n)
	}
	var values []uint64
	for ; n > 0; n-- {
		values = append(values, binary.LittleEndian.Uint64(rest))
		rest = rest[8:]
	}
	text := rest
	if address != 0 {
		text = memory(maps, address, length)
	}
	if uint64(len(text)) < length {
		return "", fmt.Errorf("a print whose format at %#x has %d bytes", address, length)
	}
	if address == 0 {
		rest = rest[min((length+3)&^3, uint64(len(rest))):]
	}
	f, err := bpf.ParsePrint(text[:length], len(values))
	if err != nil {
		return "", fmt.Errorf("a print with the format %q: %w", bytes.TrimRight(text[:length], "\x00"), err)
	}
	shown := map[int][]byte{}
	for k := range f.Values() {
		if _, ok := f.Memory(k); !ok {
			continue
		}
		n := values[k]
		if n > uint64(len(rest)) {
			return "", fmt.Errorf("a print of %d bytes whose value %d has %d", len(data), k+1, n)
		}
		shown[k], rest = rest[:n], rest[min((n+3)&^3, uint64(len(rest))):]
	}
	return f.Print(values, shown), nil
}

// memory returns bytes of a map by the low word of their address.
func memory(maps []*sim.Map, address uint32, n uint64) []byte {
	for _, m := range maps {
		r := m.Region()
		if at := uint64(address - uint32(r.Base)); at < r.Size && n <= r.Size-at {
			return r.Data[at : at+n]
		}
	}
	return nil
}
