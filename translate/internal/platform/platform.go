// Package platform holds what programs may rely on besides the instructions:
// which helpers there are, who may call them with what and what that does;
// which map types there are and what works on them; what the context of each
// type of program holds; how much stack and how many nested calls a run has. All
// of it is rows of data, one row a helper, one row a map type, in the numbers
// and names of translate/bpf, so that it can be compared with a kernel row by
// row, and so that another platform is another value.
//
// Linux is the platform that the verifier proves programs for. The package
// never knows registers, states, proofs or machine code.
package platform

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Platform is what a program is proven for.
type Platform struct {
	Programs []Program
	Helpers  []Helper
	// Kfuncs are the functions of the kernel, but for those of iterators.
	Kfuncs map[bpf.KfuncID]*Helper
	Maps   []Map
	// GPLCompatible lists the licences under which programs may call helpers
	// that ask for the GPL.
	GPLCompatible []string

	helper map[bpf.HelperID]*[nProgs]*Helper
	maps   map[bpf.MapType]*Map
}

// Program is a type of program.
type Program struct {
	Type    bpf.ProgType
	Name    string // in messages
	Set     Progs  // itself, as a set
	Context *bpf.Context
	// Legacy says that LD_ABS and LD_IND may be used.
	Legacy bool
}

// Progs is a set of program types.
type Progs uint8

const (
	xdp Progs = 1 << iota
	tc
	both   = xdp | tc
	nProgs = 2
)

// Program returns the row of a program type, nil when the platform does not
// have it.
func (p *Platform) Program(t bpf.ProgType) *Program {
	for k := range p.Programs {
		if p.Programs[k].Type == t {
			return &p.Programs[k]
		}
	}
	return nil
}

// Helper returns the row of a helper as programs of a type call it. A row that
// is for other types only is returned with ok false; nil says that there is no
// such helper.
func (p *Platform) Helper(id bpf.HelperID, for_ *Program) (h *Helper, ok bool) {
	rows := p.helper[id]
	if rows == nil {
		return nil, false
	}
	for k, h := range rows {
		if h != nil && for_ != nil && for_.Set>>k&1 != 0 {
			return h, true
		}
	}
	for _, other := range rows {
		if other != nil {
			h = other
		}
	}
	return h, false
}

// Map returns the row of a map type, nil when programs have no use for it.
func (p *Platform) Map(t bpf.MapType) *Map { return p.maps[t] }

// MayCallGPL reports whether programs under a licence may call helpers that ask
// for the GPL.
func (p *Platform) MayCallGPL(license string) bool {
	return slices.Contains(p.GPLCompatible, license)
}

// index makes the tables by number. A row that stands twice is a fault in the
// table.
func (p Platform) index() *Platform {
	p.helper, p.maps = map[bpf.HelperID]*[nProgs]*Helper{}, map[bpf.MapType]*Map{}
	for k := range p.Helpers {
		h := &p.Helpers[k]
		rows := p.helper[h.ID]
		if rows == nil {
			rows = new([nProgs]*Helper)
			p.helper[h.ID] = rows
		}
		for n := range rows {
			if h.For>>n&1 == 0 {
				continue
			}
			if rows[n] != nil {
				panic("BUG: two rows of helper " + h.ID.String())
			}
			rows[n] = h
		}
	}
	for k := range p.Maps {
		m := &p.Maps[k]
		if p.maps[m.Type] != nil {
			panic("BUG: two rows of map type " + m.Type.String())
		}
		p.maps[m.Type] = m
	}
	return &p
}
