package card

import (
	"strings"

	"github.com/skipsw/skipsw/sim/firmware"
)

// beyond is added to the kernel's numbers of interfaces that are no port of the card, so
// that they are none of a port's.
const beyond = 1 << 16

// Interface returns by what number programs on a card with these ports know an interface
// of the host. That of a port is what plays the port's host, or, where nothing of the
// kernel does, what its wire is connected to: tap:NAME or netdev:NAME. Others have the
// kernel's numbers, or beyond more where a port has that.
func Interface(all []Port, name string, index uint32) uint32 {
	for n, p := range all {
		own, ok := kernelName(p.HostName)
		if !ok {
			own, ok = kernelName(p.Name)
		}
		if ok && own == name {
			return firmware.IfindexOf(n)
		}
	}
	if firmware.PortOf(index) < len(all) {
		return index + beyond
	}
	return index
}

// kernelName returns the interface of the kernel that words of a port name.
func kernelName(words string) (string, bool) {
	words, _, _ = strings.Cut(words, ",")
	for _, kind := range []string{"tap:", "netdev:"} {
		if name, ok := strings.CutPrefix(words, kind); ok {
			return name, true
		}
	}
	return "", false
}
