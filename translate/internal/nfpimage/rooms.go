package nfpimage

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/object"
)

// rooms are the regions that maps are placed in.
type rooms struct {
	t      *target.Target
	arenas []*maplayout.Arena
	near   []int               // numbers of the regions, the fastest memory first
	uses   map[*object.Map]use // nil: all maps are in the first region
}

func newRooms(t *target.Target) *rooms {
	r := &rooms{t: t}
	for k := range t.Maps.Regions {
		g := &t.Maps.Regions[k]
		r.arenas = append(r.arenas, maplayout.NewArena(g.Base, g.Size, g.Align))
		r.near = append(r.near, k)
	}
	read := func(k int) uint32 { return t.Memories[t.Maps.Regions[k].Memory].Read }
	slices.SortStableFunc(r.near, func(a, b int) int { return cmp.Compare(read(a), read(b)) })
	return r
}

// place gives all maps their place, in the order in which the image has them where
// they are in the first region. It returns one that there is no room for.
//
// By use, the maps with the most accesses for each of their bytes choose first: the
// fastest memory that has room for them, and that may hold them.
func (r *rooms) place(a *atlas) *object.Map {
	var all []*object.Map
	for _, m := range a.maps {
		if a.at[m].Size > 0 {
			all = append(all, m)
		}
	}
	if r.uses != nil {
		density := func(m *object.Map) float64 { return float64(r.uses[m].heat) / float64(a.at[m].Size) }
		order := slices.Clone(all)
		slices.SortStableFunc(order, func(x, y *object.Map) int { return cmp.Compare(density(y), density(x)) })
		for _, m := range order {
			r.choose(a, m)
		}
	}
	for _, m := range all {
		if a.at[m].Base != 0 {
			continue
		}
		base, ok := r.arenas[0].Place(a.at[m].Size)
		if !ok {
			return m
		}
		a.at[m].Base = base
		if r.uses == nil {
			a.why[m] = fmt.Sprintf("next free multiple of %d bytes in %s", r.t.Maps.Region().Align, r.t.Maps.Region().Memory)
		}
	}
	return nil
}

// choose puts a map into the fastest memory that may hold it, unless that is the
// first region's, and says why.
func (r *rooms) choose(a *atlas, m *object.Map) {
	u, p := r.uses[m], a.at[m]
	about := fmt.Sprintf("%s, %s", bytesText(p.Size), u)
	var not []string
	for _, k := range r.near {
		g := &r.t.Maps.Regions[k]
		switch {
		case k == 0:
			a.why[m] = join(g.Memory+": "+about, not)
			return
		case u.heat == 0:
			a.why[m] = r.t.Maps.Region().Memory + ": " + about
			return
		case u.fixed != "":
			a.why[m] = fmt.Sprintf("%s: %s; %s", r.t.Maps.Region().Memory, about, u.fixed)
			return
		case g.Copies && u.changed:
			not = append(not, g.Memory+" has a copy on each island, and the program changes the map")
			continue
		case g.Copies && !microcode.Of(m.Type).Indexed:
			not = append(not, g.Memory+" has a copy on each island, and changes of such maps by the host take more than one write")
			continue
		}
		base, ok := r.arenas[k].Place(p.Size)
		if !ok {
			not = append(not, fmt.Sprintf("no room among the %s of %s", bytesText(g.Size), g.Memory))
			continue
		}
		p.Base, p.Region = base, uint8(k)
		copies := ""
		if g.Copies {
			copies = ", a copy on each island"
		}
		a.why[m] = join(g.Memory+copies+": "+about, not)
		return
	}
}

func join(text string, more []string) string {
	for _, t := range more {
		text += "; " + t
	}
	return text
}

func bytesText(n uint64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
