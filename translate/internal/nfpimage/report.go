package nfpimage

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/nfp"
)

// report fills in what became of the programs.
func (l *linker) report(r *backend.Report, img *image.Image) {
	r.Words, r.Own, r.Stack = len(img.Words), 0, 0
	for _, p := range l.parts {
		r.Own += p.words()
		r.Stack = max(r.Stack, p.body.StackBytes)
		if l.chained() {
			r.Linked = append(r.Linked, backend.Routine{Name: p.Program.Source().Name, Words: p.words()})
		}
		s := p.body.Stats
		a := &r.Alloc
		a.Moves, a.Loads, a.Stores, a.Remats, a.Slots = a.Moves+s.Moves, a.Loads+s.Loads, a.Stores+s.Stores, a.Remats+s.Remats, max(a.Slots, s.Slots)
	}
	for _, s := range img.Symbols {
		if s.Kind == image.SymRuntime {
			r.Routines = append(r.Routines, backend.Routine{Name: s.Name, Words: int(s.Size)})
		}
	}
	t := l.t
	for k := range img.Maps {
		m := &img.Maps[k]
		why, memory := "the firmware places it", ""
		if t.Direct() {
			memory = t.Maps.Regions[l.atlas.at[l.atlas.maps[k]].Region].Memory
			why = l.atlas.why[l.atlas.maps[k]]
			if m.Swapped {
				why += "; values in the atomic engine's byte order, for the program counts in them"
			}
		}
		r.Maps = append(r.Maps, backend.Map{Name: m.Name, Type: m.Type, Layout: m.Layout, Memory: memory, Base: m.Base, Size: l.atlas.at[l.atlas.maps[k]].Size, Why: why})
	}
}

// useNames are the uses of words by their names in reports.
var useNames = [...]string{nfp.UseOwn: "own", nfp.UseMove: "move", nfp.UseSpill: "spill", nfp.UseFetch: "fetch", nfp.UseRemat: "remat", nfp.UseDelay: "delay"}

// uses says what the words of the programs are for.
func (l *linker) uses() (out []backend.Word) {
	add := func(o *nfp.Output) {
		live := o.Pressure()
		for k := range o.Words {
			w := backend.Word{Use: useNames[o.Words[k].Use], Live: live[k]}
			if h := o.Words[k].Half; h != 0 {
				reg, high := h.Reg()
				w.Makes = &backend.Half{Reg: reg, High: high}
			}
			out = append(out, w)
		}
	}
	for _, p := range l.parts {
		if p.entry != nil {
			add(p.entry)
		}
		add(p.body)
	}
	return out
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
