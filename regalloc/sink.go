package regalloc

// sinking finds definitions that are not needed because the value is created
// anew wherever it is passed on: a constant that is only passed to parameters.
type sinking struct {
	only []bool // by value: read by no operand, and its definition can go
	read []bool // by value: read from a place after all
}

func (s *sinking) collect(c *code) {
	s.only, s.read = grow(s.only, c.nv), grow(s.read, c.nv)
	for v := range c.nv {
		s.only[v] = c.info[v].Remat == 1 && c.removable(VReg(v))
	}
	for k := range c.ops {
		if o := &c.ops[k]; o.Flags&Def == 0 {
			s.only[o.V] = false
		}
	}
}

// remove drops the definitions that nothing needs.
func (s *sinking) remove(c *code) {
	for v, only := range s.only {
		if only && !s.read[v] {
			c.removed[c.defInst[v]] = true
		}
	}
}
