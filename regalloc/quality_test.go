package regalloc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// packetFunc makes a function shaped like a packet program: few values live
// long, headers are read in blocks and taken apart, some calls, some loops.
func packetFunc(seed uint64, size int) *mockFunc {
	g := &gen{c: &chooser{x: seed}, f: newMock(), size: size, xfers: 16, packet: true}
	g.b = g.f.block()
	for range 5 {
		g.constant()
	}
	g.long = append(g.long, g.avail...)
	for g.size > 0 {
		g.seq(0, size)
	}
	g.b.i(at(g.pick(), A, 0)).flags(Branch)
	return g.f.done()
}

// moveKinds counts inserted moves by what they are for.
func moveKinds(f *mockFunc, r *Result, a *Allocator) map[string]int {
	n := map[string]int{}
	for i := range f.order {
		if len(r.Before(i)) > 0 {
			fixed := map[Loc]bool{}
			for _, o := range f.order[i].ops {
				if o.Flags&Fixed != 0 {
					fixed[o.Loc] = true
				}
			}
			for _, m := range r.Before(i) {
				switch {
				case m.Dst.File == Out:
					n["out"]++
				case fixed[m.Dst]:
					n["fixed"]++
				case m.Dst.File == Slot:
					n["store"]++
				case m.Src.File == Slot:
					n["load"]++
				case m.Src.File == Remat:
					n["remat"]++
				case f.order[i].info.Clobbers != nil:
					n["save"]++
				case m.Src.File == In:
					n["from in"]++
				default:
					why := "bank"
					for k, o := range f.order[i].ops {
						if o.Flags&Def == 0 && r.Locs(i)[k] == m.Dst {
							for _, p := range f.order[i].ops {
								if p.Flags&Tied != 0 && int(p.Tie) == k {
									why = "tied"
								}
							}
							def := where(f, m.V)
							switch {
							case def < 0:
								why += " param"
							case def >= f.blocks[blockOf(f, i)].lo:
								why += " local"
							default:
								why += " other block"
								for k, o := range f.order[def].ops {
									if o.V == m.V {
										why += " " + r.Locs(def)[k].File.String()
										if a.bank.both[m.V] {
											why += "!"
										}
									}
								}
							}
						}
					}
					n[why]++
				}
			}
		}
	}
	for b := range f.blocks {
		n["edge"] += len(r.AtStart(b)) + len(r.AtEnd(b))
		for s := range f.blocks[b].succs {
			n["edge"] += len(r.OnEdge(b, s))
			n["critical"] += len(r.OnEdge(b, s))
		}
	}
	return n
}

func TestQuality(t *testing.T) {
	m := machine(23, 32, 64)
	var a Allocator
	total, instrs, cost, weighted := map[string]int{}, 0, 0, 0
	for seed := range uint64(50) {
		f := packetFunc(seed, 300)
		r, err := a.Allocate(f, m)
		require.NoError(t, err)
		require.NoError(t, Check(f, m, r))
		for k, n := range moveKinds(f, r, &a) {
			total[k] += n
		}
		instrs += len(f.order)
		cost += r.Stats().Cost
		for b := range f.blocks {
			weighted += f.blocks[b].weight * len(f.blocks[b].instrs)
		}
	}
	t.Logf("%d instructions, inserted per 100: %.2f weighted %v", instrs, 100*float64(cost)/float64(weighted), total)
}

// where returns the instruction that defines v, -1 for a parameter.
func where(f *mockFunc, v VReg) int {
	for i, in := range f.order {
		for _, o := range in.ops {
			if o.Flags&Def != 0 && o.V == v {
				return i
			}
		}
	}
	return -1
}

func blockOf(f *mockFunc, i int) int {
	for b := range f.blocks {
		if i < f.blocks[b].hi {
			return b
		}
	}
	return -1
}
