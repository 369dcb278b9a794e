package regalloc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each case is a function, a change to its right allocation, and what Check
// must say about it.
func TestCheckFindsPlantedFaults(t *testing.T) {
	m := machine(8, 16, 8)
	cases := []struct {
		name  string
		build func(f *mockFunc)
		spoil func(f *mockFunc, r *Result)
		want  string
	}{
		{
			"read from the wrong register", straight,
			func(_ *mockFunc, r *Result) { r.Locs(2)[1].Num += 3 },
			"does not hold it",
		},
		{
			"pair from one bank", straight,
			func(_ *mockFunc, r *Result) { r.Locs(2)[2] = r.Locs(2)[1] },
			"both read from file",
		},
		{
			"live value overwritten", straight,
			func(_ *mockFunc, r *Result) { r.Locs(1)[0] = r.Locs(0)[0] },
			"does not hold it",
		},
		{
			"register not to be handed out", straight,
			func(_ *mockFunc, r *Result) { r.Locs(0)[0] = Loc{A, 9} },
			"may not be written",
		},
		{
			"file that the operand does not take", straight,
			func(_ *mockFunc, r *Result) { r.Locs(3)[0] = Loc{Slot, 0} },
			"does not take",
		},
		{
			"both banks where only one can be written",
			func(f *mockFunc) {
				x := f.v()
				f.block().i(Operand{V: x, Flags: Def, Files: GPRSet}).i(gpr(x))
			},
			func(_ *mockFunc, r *Result) { r.Locs(0)[0].File = Both },
			"does not take",
		},
		{
			"slot out of the operand's reach",
			func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(near(x))
			},
			func(_ *mockFunc, r *Result) { r.Locs(0)[0], r.Locs(1)[0] = Loc{Slot, 8}, Loc{Slot, 8} },
			"may not be written",
		},
		{
			"slot that only other operands can name",
			func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(Operand{V: x, Files: AnySource, Slots: 4})
			},
			func(_ *mockFunc, r *Result) { r.Locs(0)[0], r.Locs(1)[0] = Loc{Slot, 5}, Loc{Slot, 5} },
			"only slots below 4",
		},
		{
			"result not in the tied place",
			func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(tied(y, 1), gpr(x)).i(gpr(y))
			},
			func(_ *mockFunc, r *Result) { r.Locs(1)[0].Num++ },
			"tied to an operand",
		},
		{
			"early result over an operand",
			func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(early(y), gpr(x)).i(gpr(y))
			},
			func(_ *mockFunc, r *Result) { r.Locs(1)[0] = r.Locs(1)[1] },
			"written early",
		},
		{
			"block of transfer registers with a gap",
			func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(load(x, y)...).i(src(x)).i(src(y))
			},
			func(_ *mockFunc, r *Result) { r.Locs(0)[1].Num++ },
			"does not follow",
		},
		{
			"two results in one place",
			func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x), def(y)).i(src(x)).i(src(y))
			},
			func(_ *mockFunc, r *Result) { r.Locs(0)[1] = r.Locs(0)[0] },
			"both written to",
		},
		{
			"value in a register that a call loses", call,
			func(_ *mockFunc, r *Result) {
				r.Locs(0)[0] = Loc{A, 1}
				r.Before(1)[0].Src = Loc{A, 1}
				r.Locs(2)[0] = Loc{A, 1}
			},
			"does not hold it",
		},
		{
			"argument not in its register", call,
			func(_ *mockFunc, r *Result) { r.Locs(1)[1] = Loc{A, 3} },
			"want a0",
		},
		{
			"move left out", call,
			func(_ *mockFunc, r *Result) { r.before[1] = span{} },
			"does not hold it",
		},
		{
			"move from a register that holds something else", call,
			func(_ *mockFunc, r *Result) { r.Before(1)[0].Src = Loc{B, 5} },
			"move of v0 from b5",
		},
		{
			"move into a register that moves cannot write", call,
			func(_ *mockFunc, r *Result) { r.Before(1)[0].Dst = Loc{In, 0} },
			"move of v0 to in0",
		},
		{
			"move out of a register that moves cannot read", call,
			func(_ *mockFunc, r *Result) { r.Before(1)[0].Src = Loc{Out, 0} },
			"from out0",
		},
		{
			"value created anew that cannot be", call,
			func(_ *mockFunc, r *Result) { r.Before(1)[0].Src = Loc{File: Remat} },
			"cannot be created anew",
		},
		{
			"move before a glued instruction",
			func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(src(x)).i(src(x)).flags(Glued)
			},
			func(_ *mockFunc, r *Result) {
				r.moves = append(r.moves, Move{V: 0, Dst: Loc{A, 7}, Src: r.Locs(0)[0]})
				r.before[2] = span{int32(len(r.moves)) - 1, int32(len(r.moves))}
			},
			"before a glued instruction",
		},
		{
			"instruction removed that is no copy", straight,
			func(_ *mockFunc, r *Result) { r.removed[2] = true },
			"neither a copy",
		},
		{
			"pinned value gone from its register",
			func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.vregs[x].Pinned = true
				f.block().i(load(x)...).i(in(x, GPRSet)).i(load(y)...).i(in(x, GPRSet))
			},
			func(_ *mockFunc, r *Result) {
				r.Locs(2)[0] = r.Locs(0)[0]
				r.Locs(3)[0] = r.Locs(1)[0]
			},
			"pinned v0",
		},
		{
			"parameter not passed", swap,
			func(_ *mockFunc, r *Result) { r.onEdge[1] = span{} },
			"does not hold it",
		},
		{
			"exchange in the wrong order", swap,
			func(_ *mockFunc, r *Result) {
				ms := r.OnEdge(1, 0)
				ms[0], ms[len(ms)-1] = ms[len(ms)-1], ms[0]
			},
			"v",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := built(c.build)
			var a Allocator
			r, err := a.Allocate(f, m)
			require.NoError(t, err)
			require.NoError(t, Check(f, m, r), dump(f, r))
			c.spoil(f, r)
			require.ErrorContains(t, Check(f, m, r), c.want, dump(f, r))
		})
	}
}

func straight(f *mockFunc) {
	x, y, z := f.v(), f.v(), f.v()
	f.block().i(def(x)).i(def(y)).i(def(z), src(x), src(y)).i(gpr(z))
}

func call(f *mockFunc) {
	x, y := f.v(), f.v()
	f.block().i(def(x)).i(defAt(y, B, 0), at(x, A, 0)).clobber(RegSet{A: 3, B: 3}).i(gpr(x)).i(gpr(y))
}

func swap(f *mockFunc) {
	x, y, p, q := f.v(), f.v(), f.v(), f.v()
	b := f.block().i(def(x)).i(def(y))
	loop := f.block(p, q).i(gpr(p), gpr(q)).flags(Branch)
	out := f.block().i(gpr(p), gpr(q))
	b.to(loop, x, y)
	loop.to(loop, q, p).to(out)
}

// TestCheckAgreesWithExecution spoils right allocations at random: what a run
// along some path shows to be wrong, Check must find.
func TestCheckAgreesWithExecution(t *testing.T) {
	m := machine(7, 16, 100)
	var a Allocator
	spoilt, wrong, found := 0, 0, 0
	for seed := range rounds(60) {
		c := &chooser{x: uint64(seed) + 1<<40}
		f := randomFunc(c, 20+c.n(100), 16)
		r, err := a.Allocate(f, m)
		require.NoError(t, err, "seed %d", seed)
		require.NoError(t, Check(f, m, r), "seed %d", seed)
		for range 5 {
			require.NoError(t, execute(f, r, c, 2000), "seed %d", seed)
		}
		for range 10 {
			undo := spoil(c, r)
			spoilt++
			bad := Check(f, m, r)
			if bad != nil {
				found++
			}
			for range 5 {
				if err := execute(f, r, c, 2000); err != nil {
					wrong++
					require.Error(t, bad, "seed %d: execution found: %v", seed, err)
					break
				}
			}
			undo()
		}
	}
	require.Positive(t, wrong)
	t.Logf("%d results spoilt, %d shown wrong by execution, %d found by Check", spoilt, wrong, found)
}

// spoil changes one place or move at random and returns how to undo it.
func spoil(c *chooser, r *Result) func() {
	other := func(l Loc) Loc {
		if l.File == Slot || c.n(2) == 0 {
			return Loc{l.File, uint8((int(l.Num) + 1 + c.n(5)) % 7)}
		}
		return Loc{A + File(c.n(2)), l.Num}
	}
	if len(r.moves) > 0 && c.n(2) == 0 {
		k := c.n(len(r.moves))
		old := r.moves[k]
		if c.n(2) == 0 {
			r.moves[k].Dst = other(old.Dst)
		} else if old.Src.File != Remat {
			r.moves[k].Src = other(old.Src)
		}
		return func() { r.moves[k] = old }
	}
	k := c.n(len(r.locs))
	old := r.locs[k]
	if old.File != None {
		r.locs[k] = other(old)
	}
	return func() { r.locs[k] = old }
}
