package nic

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
)

// Replacement is what it took to give all cores another program. Numbers are of
// cycles.
type Replacement struct {
	From uint64 `json:"from"` // when the first core began to drain
	To   uint64 `json:"to"`   // when the last one was at work again
	// Words is how many were loaded into each core.
	Words int      `json:"words"`
	Cores []Reload `json:"cores"`
	// NoBuffer is how many frames found no receive buffer meanwhile.
	NoBuffer uint64 `json:"no_buffer"`
}

// Reload is what it took of one core.
type Reload struct {
	// Drain is how long it took no frame more and worked on those that it had.
	Drain uint64 `json:"drain"`
	// Still is how long it then stood still.
	Still uint64 `json:"still"`
}

// swap is a replacement that is under way, one core after the other.
type swap struct {
	version *sim.Version
	core    int    // whose turn it is
	began   uint64 // cycle in which that began to drain
	drained uint64 // cycle in which it had no frame any more, once it loads
	loads   bool
	dropped uint64 // frames without a buffer before
	Replacement
}

// Replace begins to give all cores another image, one core after the other, while the
// others go on: a core takes no frame any more, ends those that it has, stands still
// while the words are written (Spec.LoadWord), and is at work again. A frame runs one
// version from entry to exit; maps are those of both. The image must fit, see
// sim.System.Version. It is an error while another replacement is under way.
//
// Traffic has to come for it to go on: a context that waits for the next frame still
// takes that.
func (t *Traffic) Replace(img *image.Image) error {
	r := t.run
	if r.swap != nil {
		return errors.New("nic: a replacement is under way")
	}
	v, err := r.card.version(img)
	if err != nil {
		return fmt.Errorf("nic: %w", err)
	}
	r.swap = &swap{version: v, began: r.now, dropped: r.noBuffer, Replacement: Replacement{From: r.now, Words: v.Words()}}
	return nil
}

// Replacing reports whether a replacement is under way.
func (t *Traffic) Replacing() bool { return t.run.swap != nil }

// version returns an image as cores run it; each is decoded once.
func (c *Card) version(img *image.Image) (*sim.Version, error) {
	if v := c.versions[img]; v != nil {
		return v, nil
	}
	v, err := c.sys.Version(img)
	if err != nil {
		return nil, err
	}
	if c.versions == nil {
		c.versions = map[*image.Image]*sim.Version{}
	}
	c.versions[img] = v
	return v, nil
}

// drains reports whether a context gets no frame because its core drains. The last one
// of a core has the core loaded, and the first that asks behind that lets the next core
// drain.
func (r *run) drains(at sim.Moment) bool {
	s := r.swap
	if s == nil || at.Core != s.core {
		return false
	}
	if s.loads {
		s.loads = false
		s.Cores = append(s.Cores, Reload{Drain: s.drained - s.began, Still: at.Cycle - s.drained})
		s.core, s.began = s.core+1, at.Cycle
		if s.core == r.card.spec.Cores {
			s.To, s.NoBuffer = at.Cycle, r.noBuffer-s.dropped
			r.replaced, r.swap = append(r.replaced, s.Replacement), nil
		}
		return false
	}
	if r.idle[at.Core]++; r.idle[at.Core] == core.Contexts {
		r.idle[at.Core] = 0
		s.loads, s.drained = true, at.Cycle
		r.card.sys.Reload(at.Core, s.version, uint64(s.version.Words())*r.card.spec.LoadWord)
	}
	return true
}
