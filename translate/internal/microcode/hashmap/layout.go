package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Map is one hash map.
type Map struct {
	maplayout.Shape
	// Target has the calling convention and the registers that routines may
	// use.
	Target *target.Target
	// Base is the 40-bit memory address of the region, see
	// maplayout.CheckPlace.
	Base uint64
	// Swapped says that the words of values are stored with their bytes
	// reversed, the order of the atomic engine.
	Swapped bool
	// LRU makes an update of a full map throw out an entry that was not used
	// for some time, in place of an error.
	LRU bool
	// Inner says that the map is one that a map of maps holds: the low word of its
	// address is an argument, the high word of the flags. Base is that of one like
	// it.
	Inner bool
	// Taken is how many words of the value a lookup returns, at most what Near says.
	Taken int
}

// Layout returns where the parts of the map are.
func (m Map) Layout() maplayout.Hash { return maplayout.NewHash(m.Shape, m.LRU) }

// Near returns the transfer register of the first word of the value where a lookup
// returns some, and how many of them one command reads with the key. They are as
// they lie in memory, Swapped or not.
func (m Map) Near() (at, most int) {
	if m.long() || m.CPUs > 0 {
		return 0, 0
	}
	at = int(m.Layout().Value / 4)
	return at, max(0, min(micro.MaxWords-at, int(words(m.ValueSize))))
}

func words(bytes uint32) uint32 { return (bytes + 3) / 4 }

// check refuses a map that the routines cannot serve.
func (m Map) check() error { return maplayout.CheckHash(m.Shape, m.LRU, m.Base) }
