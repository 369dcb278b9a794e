package gen

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// addEnds makes programs for the far ends of redirects, which share the maps of a
// program, and gives most of the entries that can hold one of them one.
func (p *program) addEnds(out *object.Program) error {
	if p.r.IntN(4) == 0 || p.o.NearOnly {
		return nil
	}
	o := *p.o
	o.Size = max(o.Size/3, 8)
	o.Only &^= TailCalls
	for _, at := range []bpf.AttachType{bpf.AttachXDPDevMap, bpf.AttachXDPCPUMap} {
		if !slices.ContainsFunc(p.maps, func(m *object.Map) bool { return m.Holds() == at }) {
			continue
		}
		var names []string
		for k := range 1 + p.r.IntN(2) {
			q := &program{r: p.r, o: &o, maps: p.maps, attach: at}
			end, err := q.text(fmt.Sprintf("end_%d_%d", at, k))
			if err != nil {
				return err
			}
			end.Object = out.Object
			p.maps = q.maps
			out.Called, names = append(out.Called, end), append(names, end.Name)
		}
		for _, m := range p.maps {
			if m.Holds() == at {
				p.fillEnds(m, names)
			}
		}
	}
	for _, q := range append([]*object.Program{out}, out.Called...) {
		q.Maps = p.maps
	}
	return nil
}

// fillEnds gives entries of a map programs.
func (p *program) fillEnds(m *object.Map, names []string) {
	m.Ends = map[string]string{}
	for _, e := range m.Initial {
		if p.r.IntN(4) > 0 {
			m.Ends[string(e.Key)] = names[p.r.IntN(len(names))]
		}
	}
}
