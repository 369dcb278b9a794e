package nfpimage

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// report fills in what became of the program.
func report(r *backend.Report, img *image.Image, t *target.Target, places []ssa.MapPlace, out *nfp.Output) {
	r.Words, r.Own, r.Stack = len(img.Words), len(out.Words), out.StackBytes
	for _, s := range img.Symbols {
		if s.Kind == image.SymRuntime {
			r.Routines = append(r.Routines, backend.Routine{Name: s.Name, Words: int(s.Size)})
		}
	}
	for k := range img.Maps {
		m := &img.Maps[k]
		why := "the firmware places it"
		if t.Direct() {
			why = fmt.Sprintf("next free multiple of %d bytes in %s", t.Maps.Region().Align, t.Maps.Region().Memory)
			if m.Swapped {
				why += "; values in the atomic engine's byte order, for the program counts in them"
			}
		}
		r.Maps = append(r.Maps, backend.Map{Name: m.Name, Type: m.Type, Layout: m.Layout, Base: m.Base, Size: places[k].Size, Why: why})
	}
	s := out.Stats
	r.Alloc = backend.Allocation{Moves: s.Moves, Loads: s.Loads, Stores: s.Stores, Remats: s.Remats, Slots: s.Slots}
}

// listing shows an image's words as text, one a line.
type listing struct{ img **image.Image }

func (l listing) String() string {
	var sb strings.Builder
	img := *l.img
	symbols := map[uint32]string{}
	for _, s := range img.Symbols {
		symbols[s.Word] = s.Name
	}
	for k, w := range img.Words {
		if name, ok := symbols[uint32(k)]; ok {
			fmt.Fprintf(&sb, "%s:\n", name)
		}
		text := ""
		if i, err := nfpisa.Decode(w, img.Machine.Mode); err != nil {
			text = "; " + err.Error()
		} else {
			text = i.String()
		}
		fmt.Fprintf(&sb, "%6d  %s\n", int(img.Machine.CodeStart)+k, text)
	}
	return sb.String()
}
