package nfpimage

import (
	"fmt"
	"math"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// chainOf decides how programs go on with each other, nil for a program that has
// no program array.
func chainOf(u *backend.Unit, t *target.Target) (*ssa.Chain, error) {
	arrays, nested, moves, meta, hop := false, false, false, false, false
	var fields, carried []ssa.Field
	on := machine(t)
	for _, p := range u.Parts {
		arrays = arrays || slices.ContainsFunc(p.Program.Source().Maps, func(m *object.Map) bool { return m.Type == bpf.MapTypeProgArray })
		nested = nested || ssa.CallsInside(p.Program)
		moves = moves || ssa.MovesNetwork(p.Program)
		meta = meta || t.PacketVector.Metadata != nil && ssa.MakesMetadata(p.Program)
		fields = append(fields, ssa.FieldsRead(p.Program)...)
		for _, f := range ssa.FieldsUsed(p.Program) {
			if on.IsCarried(f) {
				carried = append(carried, f)
			}
		}
		if ssa.SendsToNeighbours(p.Program) {
			hop = true // any of them may end, and the route is looked up by these then
			fields = append(fields, ssa.Field(bpf.SkBuffMark), ssa.Field(bpf.SkBuffProtocol))
		}
	}
	if !arrays || !t.Direct() {
		return nil, nil
	}
	slices.Sort(fields)
	fields = slices.DeleteFunc(slices.Compact(fields), func(f ssa.Field) bool { return f == ssa.NetworkField && !moves || on.IsCarried(f) })
	free := t.PacketVector.Free(u.Source().Type == object.TC)
	own := 1
	if nested {
		own = 3
	}
	if hop {
		own += ssa.HopWords
	}
	refuse := func(what, why string) (*ssa.Chain, error) {
		return nil, &ssa.Unsupported{What: what, Why: why, Slot: -1}
	}
	name := u.Source().Name
	switch e := &t.Exit; {
	case len(free) < own+len(fields):
		return refuse(fmt.Sprintf("tail calls of program %s that pass on %d words of the context", name, len(fields)),
			fmt.Sprintf("the packet vector of target %s has %d words free, of which tail calls take %d", t.Name, len(free), own))
	case nested && e.Kind != target.ExitValue:
		return refuse(fmt.Sprintf("tail calls in functions of program %s", name), "exit.kind of target "+t.Name+" is "+e.Kind+", which is not what the caller wants to know")
	case e.Register == t.Calls.Return || e.Register == t.Entry.Stack || t.Calls.Return == t.Entry.Stack:
		return refuse("tail calls of program "+name, "exit.register, calls.return and entry.stack are not three registers of target "+t.Name)
	}
	for field, r := range map[string]target.Reg{"calls.return": t.Calls.Return, "entry.stack": t.Entry.Stack} {
		if !t.Grants(r) {
			return refuse("tail calls of program "+name, fmt.Sprintf("%s is %v, which target %s does not grant", field, r, t.Name))
		}
	}
	if _, _, ok := nfp.TailRegs(t); !ok {
		return refuse("tail calls of program "+name, fmt.Sprintf("target %s does not grant a register of each bank beside entry.stack", t.Name))
	}
	c := &ssa.Chain{Count: uint32(free[0]), Nested: nested, Metadata: meta, Carried: carried}
	if nested {
		c.Link, c.High = uint32(free[1]), uint32(free[2])
	}
	if hop {
		for _, w := range free[own-ssa.HopWords : own] {
			c.Hop = append(c.Hop, uint32(w))
		}
		c.HopTo = uint32(t.PacketVector.Redirect.To.Word)
	}
	for k, f := range fields {
		c.Passed = append(c.Passed, ssa.Passed{Field: f, Word: uint32(free[own+k])})
	}
	return c, nil
}

// noteTails says in the image which programs call through which maps.
func (l *linker) noteTails() {
	if !l.chained() {
		return
	}
	index := map[*object.Map]uint32{}
	for k, m := range l.atlas.maps {
		index[m] = uint32(k)
	}
	for k, p := range l.parts {
		src := p.Program.Source()
		main := len(src.Insns)
		if len(src.Funcs) > 1 {
			main = src.Funcs[1].Start
		}
		for pc, in := range src.Insns {
			if !p.Program.Reached(pc) || !in.IsCallOf(bpf.HelperTailCall) {
				continue
			}
			tail := image.Tail{Program: uint32(k), Last: math.MaxUint32}
			if r := p.Program.Reg(pc, 3); r.UMax <= math.MaxUint32 {
				tail.First, tail.Last = uint32(r.UMin), uint32(r.UMax)
			}
			if pc >= main {
				tail.Keeps = uint32(p.body.Keeps)
			}
			for _, m := range mapsAt(p.Program, pc) {
				tail.Map = index[m]
				if !slices.Contains(l.img.Tails, tail) {
					l.img.Tails = append(l.img.Tails, tail)
				}
			}
		}
	}
}

// mapsAt returns the maps that a tail call may be through.
func mapsAt(p *verify.Program, pc int) (out []*object.Map) {
	for k, m := range p.Source().Maps {
		if r := p.Reg(pc, 2); r.Kind == verify.PtrMap && r.MayBe(k) {
			out = append(out, m)
		}
	}
	return out
}

// stack gives the image the local memory that its code takes from the stack base
// on: that of the longest way through programs that wait for others.
func (l *linker) stack() error {
	room := uint32(l.t.LocalMemory.Stack)
	need := l.img.StackNeeded(l.img.Slots())
	if need > room {
		return &ssa.Unsupported{
			What: "tail calls in functions that lead to " + l.img.Deepest(l.img.Slots()), Slot: -1,
			Why: fmt.Sprintf("each program that waits for another keeps its registers in local memory: up to %d bytes at %d tail calls, and target %s has %d",
				need, ssa.MaxTailCalls, l.t.Name, room),
		}
	}
	l.img.Machine.StackSize = need
	if c := l.chain(); c != nil && c.Nested {
		l.img.Machine.StackSize = room // the host may fill other slots
	}
	return nil
}
