package lower

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// several makes a call with one of several maps, given by their index. A routine
// of the firmware that takes all of them is called once, with the map's number.
// Otherwise the number chooses among calls, one a map.
func (h *Helpers) several(b *ssa.Builder, row *Helper, maps []int) error {
	together, err := h.together(b, row, maps)
	if err != nil {
		return err
	}
	if together != nil {
		return row.Routine(&Call{Builder: b, T: h.Target, ID: row.ID, K: -1, Several: together})
	}
	number, _ := b.Reg(row.Map)
	choose(b, number, maps, func(k int) {
		if err == nil {
			b.WhereMap(row.Map, k)
			err = h.one(b, row.ID, k)
		}
	})
	return err
}

// choose makes a way for each map, which is taken where the number is the map's.
func choose(b *ssa.Builder, number ssa.ID, maps []int, make func(k int)) {
	first := func() []ssa.ID {
		make(maps[0])
		return nil
	}
	if len(maps) == 1 {
		first()
		return
	}
	b.Choose(ssa.Compare{Cond: ssa.EQ, XL: number, YL: b.Const(b.Env.Maps[maps[0]].ID)}, first, func() []ssa.ID {
		choose(b, number, maps[1:], make)
		return nil
	})
}

// together returns the maps if one call of a firmware routine takes them all. The
// error says which map cannot have the helper called at all.
func (h *Helpers) together(b *ssa.Builder, row *Helper, maps []int) ([]*object.Map, error) {
	var list []*object.Map
	for _, k := range maps {
		m := b.Prog.Source().Maps[k]
		if _, _, why := find(h.Target, row.ID, m.Type); why != "" {
			return nil, b.Unsupported(fmt.Sprintf("helper %v on map %s (%v)", row.ID, m.Name, m.Type), why)
		}
		list = append(list, m)
	}
	if h.Target.Helper(row.ID.String()).By != target.HelperFirmware || row.Together == nil || !row.Together(list) {
		return nil, nil
	}
	return list, nil
}

// sameKey reports whether the keys of maps have one size.
func sameKey(maps []*object.Map) bool {
	for _, m := range maps {
		if m.KeySize != maps[0].KeySize {
			return false
		}
	}
	return true
}

// anyMaps is for routines to which all maps are alike.
func anyMaps([]*object.Map) bool { return true }
