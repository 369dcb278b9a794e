package regalloc

// hints are registers that values would like to be in, because they are passed
// to a parameter or read by an operand that is there. They are advice.
type hints struct {
	kin       classes  // parameters and what is passed to them, and what is tied
	classLoc  []Loc    // by class: where its last member was put
	fixed     []Loc    // by value: a fixed operand that reads it
	cross     []RegSet // by class: registers lost while a member lives
	clobbered RegSet   // registers that some instruction loses
	claimed   RegSet   // registers where values of some parameter's class are put
	passed    []bool   // by class: a parameter is in it
}

func (h *hints) collect(c *code, l *liveness) {
	h.kin.reset(c.nv)
	h.classLoc, h.fixed = grow(h.classLoc, c.nv), grow(h.fixed, c.nv)
	h.clobbered, h.claimed = RegSet{}, RegSet{}
	for e, t := range c.to {
		args := c.edgeArgs(e)
		for j, p := range c.blockParams(int(t)) {
			h.kin.join(args[j], p)
		}
	}
	for i := range c.flags {
		if c.removed[i] {
			continue
		}
		if s := c.clobber[i]; s != nil {
			for f := range s {
				h.clobbered[f] |= s[f]
			}
		}
		ops := c.instOps(int32(i))
		for k := range ops {
			o := &ops[k]
			if o.Flags&(Def|Fixed) == Fixed && h.fixed[o.V] == (Loc{}) {
				h.fixed[o.V] = o.Loc
			}
			if o.Flags&Tied != 0 {
				h.kin.join(ops[o.Tie].V, o.V)
			}
		}
	}
	h.passed = grow(h.passed, c.nv)
	for _, p := range c.params {
		h.passed[h.kin.class(p)] = true
	}
	h.cross = grow(h.cross, c.nv)
	for v := range c.nv {
		k := h.kin.class(VReg(v))
		for f := range l.cross[v] {
			h.cross[k][f] |= l.cross[v][f]
		}
	}
}

// shun returns the registers that v, or a value that may want to share its
// register, cannot keep.
func (h *hints) shun(v VReg) *RegSet { return &h.cross[h.kin.class(v)] }

// placed notes that v was put in l.
func (h *hints) placed(v VReg, l Loc) {
	if l.File == A || l.File == B || l.File == Both {
		k := h.kin.class(v)
		h.classLoc[k] = l
		if h.passed[k] {
			h.claimed.add(l)
		}
	}
}

// of returns the places that v would like, best first; None where there is none.
func (h *hints) of(v VReg) [2]Loc { return [2]Loc{h.fixed[v], h.classLoc[h.kin.class(v)]} }
