package check

import (
	"errors"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// targetRules says what the compiler would refuse for a target: every helper
// that it does not have, on the map that it is called on, and what compiling
// comes to first.
func (c *checker) targetRules() {
	t := c.o.Target
	by := "target " + t.Name
	refuse := func(slot int, err error) {
		var u *translate.Unsupported
		if errors.As(err, &u) {
			c.add(by, slot, u.What+": "+u.Why, "")
		}
	}
	c.each(func(slot int, in bpf.Insn) {
		if in.IsHelperCall() {
			if in.Helper() != bpf.HelperAbsentField { // the verifier says what that stands for
				refuse(slot, translate.Supports(t, in.Helper(), c.calledOn(slot)))
			}
		}
	})
	if c.v == nil || c.has(by) {
		return
	}
	_, err := translate.Compile(c.v, translate.Options{Target: t, Report: c.o.Report})
	var u *translate.Unsupported
	if errors.As(err, &u) {
		refuse(u.Slot, u)
	} else if err != nil {
		c.add(by, -1, err.Error(), "")
	}
}

// calledOn returns the type of the one map that a call works on, if it is known.
func (c *checker) calledOn(slot int) bpf.MapType {
	r := translate.MapRegister(c.p.Insns[slot].Helper())
	if c.v == nil || r == 0 {
		return bpf.MapTypeUnspec
	}
	if f := c.v.Reg(slot, r); f.Kind == verify.PtrMap && f.Map >= 0 && !f.Inner {
		return c.p.Maps[f.Map].Type
	}
	return bpf.MapTypeUnspec
}

// has reports whether anything was found by somebody.
func (c *checker) has(by string) bool {
	for k := range c.found {
		if c.found[k].By == by {
			return true
		}
	}
	return false
}
