package lower

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperForEachMapElem, Map: 1, OnMap: forEach})

// forEach makes bpf_for_each_map_elem: the function in R2 gets the map, a key, its
// value and R3, for each element until it returns 1. Flags are -EINVAL, else R0 is the
// number of calls.
func forEach(c *Call) error {
	mapLo, mapHi := c.Reg(1)
	lo, hi := c.Reg(3)
	flags, flagsHi := c.Reg(4)
	high := c.Const(c.Env.Machine.MapHigh)
	var err error
	run := func() []ssa.ID {
		var n ssa.ID
		if microcode.Of(c.Map.Type).Indexed {
			n, err = c.CallBack(c.Const(c.Map.MaxEntries), func(index ssa.ID) [][2]ssa.ID {
				return [][2]ssa.ID{{mapLo, mapHi}, {index, c.Const(0)}, {c.entry(index), high}, {lo, hi}}
			})
		} else {
			shape := maplayout.Shape{KeySize: c.Map.KeySize, ValueSize: c.Map.ValueSize, MaxEntries: c.Map.MaxEntries, CPUs: c.place().Copies.CPUs}
			t := maplayout.NewHash(shape, microcode.Of(c.Map.Type).Recent)
			base := c.base()
			site := ssa.CallSite{Helper: c.ID, Map: int32(c.K), Inner: c.Inner, Pairs: []uint8{uint8(c.T.Calls.Flags), uint8(c.T.Calls.Flags) + 2}}
			end := c.AddConst(base, uint32(t.Bucket(t.Buckets)))
			n, err = c.Each([]ssa.ID{c.Const(0), c.AddConst(base, uint32(t.Bucket(0)))}, func(at []ssa.ID) (ssa.ID, []ssa.ID) {
				call := c.AddCall(site, []ssa.ID{at[0], at[1], end, c.Const(0)})
				entry, bucket := c.Result(call, 0), c.Result(call, 1)
				c.F.V(entry).KnownMask = maplayout.Align - 1
				return entry, []ssa.ID{entry, bucket}
			}, func(entry ssa.ID) [][2]ssa.ID {
				return [][2]ssa.ID{{mapLo, mapHi}, {c.AddConst(entry, uint32(t.Key)), high}, {c.ofCPU(c.AddConst(entry, uint32(t.Value)), cpu), high}, {lo, hi}}
			})
		}
		if err != nil {
			n = c.Const(0)
		}
		return []ssa.ID{n}
	}
	none := ssa.Compare{Cond: ssa.EQ, XL: flags, XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
	n := either(c, none, run, func() []ssa.ID { return []ssa.ID{c.Errno(bpf.EINVAL)} })
	if err == nil {
		c.SetResult(n[0])
	}
	return err
}
