package ssa

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// FieldsWritten returns the fields of the context that a tc program stores to itself, in
// ascending order.
func FieldsWritten(p *verify.Program) (out []Field) {
	src := p.Source()
	if src.Type != object.TC {
		return nil
	}
	for pc, in := range src.Insns {
		if c := in.Class(); c != bpf.ClassST && c != bpf.ClassSTX || !p.Reached(pc) {
			continue
		}
		if r := p.Reg(pc, int(in.Dst)); r.Kind == verify.PtrCtx {
			at := (r.Off + int32(in.Off)) &^ 3
			out = append(out, Field(at))
			if in.Bytes() == 8 {
				out = append(out, Field(at+4))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// FieldsUsed returns the fields that a program reads, itself or by its helpers, or
// writes.
func FieldsUsed(p *verify.Program) []Field {
	out := slices.Concat(FieldsRead(p), FieldsWritten(p))
	if SendsToNeighbours(p) {
		out = append(out, bpf.SkBuffMark) // routes may be chosen by it
	}
	return out
}

// carried calls f for the fields that stay with the packet on this machine, of those
// that are among some.
func (b *Builder) carried(some []Field, f func(*Carried)) {
	if b.Prog.Source().Type != object.TC {
		return
	}
	all := b.Env.Machine.Carried
	for k := range all {
		if slices.Contains(some, all[k].Field) {
			f(&all[k])
		}
	}
}

// IsCarried reports whether a field stays with the packet on a machine.
func (m *Machine) IsCarried(f Field) bool {
	return slices.ContainsFunc(m.Carried, func(c Carried) bool { return c.Field == f })
}

// takeCarried reads fields as the packet has them.
func (b *Builder) takeCarried(some []Field) {
	b.carried(some, func(c *Carried) { b.write(c.Field.variable(), b.Part(&c.Part)) })
}

// leaveCarried gives the packet the fields that the program stores to.
func (b *Builder) leaveCarried() {
	b.carried(FieldsWritten(b.Prog), func(c *Carried) {
		p, x := &c.Part, b.read(c.Field.variable())
		if p.Bits < 32 {
			bytes := (uint32(1)<<(p.Bits/8) - 1) << (p.Low / 8)
			x = b.Op(Insert, InsertImm(int(bytes), int(p.Low)), b.vecWord(p.Word), x)
		}
		b.setVec(p.Word, x)
	})
}
