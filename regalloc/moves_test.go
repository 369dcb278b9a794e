package regalloc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// figures are what a case expects the allocator to insert.
type figures struct {
	moves, loads, stores, remats, removed int
}

// TestInsertedMoves gives the allocator small functions and counts what it
// inserts: each case is one way to save a move, or a move that must be.
func TestInsertedMoves(t *testing.T) {
	cases := []struct {
		name  string
		m     *Machine
		build func(f *mockFunc)
		want  figures
		check func(t *testing.T, f *mockFunc, r *Result)
	}{
		{
			name: "two operands in two banks",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(def(y)).i(src(x), src(y))
			},
		},
		{
			name: "three values that meet pairwise: one is written to both banks",
			build: func(f *mockFunc) {
				x, y, z := f.v(), f.v(), f.v()
				f.block().i(def(x)).i(def(y)).i(def(z)).i(src(x), src(y)).i(src(y), src(z)).i(src(z), src(x))
			},
			check: func(t *testing.T, _ *mockFunc, r *Result) { require.Equal(t, 1, r.Stats().Both) },
		},
		{
			name: "one value as both operands",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(src(x), src(x))
			},
			check: func(t *testing.T, _ *mockFunc, r *Result) { require.Equal(t, Both, r.Locs(0)[0].File) },
		},
		{
			name: "the same in another block",
			build: func(f *mockFunc) {
				x := f.v()
				b := f.block().i(def(x))
				c := f.block().i(src(x), src(x))
				b.to(c)
			},
		},
		{
			name: "a word from memory is an operand beside a register",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(load(x)...).i(def(y)).i(src(x), src(y))
			},
		},
		{
			name: "two words from memory cannot meet without a move",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(load(x, y)...).i(src(x), src(y))
			},
			want: figures{moves: 1},
		},
		{
			name: "values made for a store are written where it takes them",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(def(y)).i(store(y, x)...)
			},
			check: func(t *testing.T, _ *mockFunc, r *Result) {
				require.Equal(t, []Loc{{Out, 0}, {Out, 1}}, r.Locs(2))
				require.Equal(t, Loc{Out, 1}, r.Locs(0)[0])
			},
		},
		{
			name: "a block stays clear of a fixed register that a glued instruction reads",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(load(x, y)...).i(store(x)...).i(at(y, Out, 0)).flags(Glued).i(src(x)).i(src(y))
			},
			want:  figures{moves: 2},
			check: func(t *testing.T, _ *mockFunc, r *Result) { require.Equal(t, Loc{Out, 1}, r.Locs(1)[0]) },
		},
		{
			name: "a block stays clear of a fixed register of the same instruction",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(load(x, y)...).i(cat(store(x), []Operand{at(y, Out, 0)})...).i(src(x)).i(src(y))
			},
			want:  figures{moves: 2},
			check: func(t *testing.T, _ *mockFunc, r *Result) { require.Equal(t, Loc{Out, 1}, r.Locs(1)[0]) },
		},
		{
			name: "a value made for a block is moved there if a glued instruction wants its register",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(def(y)).i(store(x)...).i(at(y, Out, 0)).flags(Glued)
			},
			want: figures{moves: 2},
		},
		{
			name: "an early result stays out of an Out register that is read",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				made := def(y)
				made.Flags |= Early
				f.block().i(def(x)).i(cat(store(x), []Operand{made})...).i(store(y)...)
			},
			want: figures{moves: 1},
		},
		{
			name: "a value stored twice is moved once",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(store(x)...).i(store(x)...).i(store(x)...)
			},
			want: figures{moves: 1},
		},
		{
			name: "a value is overwritten in one bank and lives on in the other",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(tied(y, 1), gpr(x)).i(src(x), src(y))
			},
		},
		{
			name: "a loop counter stays in its register",
			build: func(f *mockFunc) {
				i0, i1, n, i2 := f.v(), f.v(), f.v(), f.v()
				b := f.block().i(def(n)).i(def(i0))
				loop := f.block(i1).i(def(i2), src(i1)).i(src(i2), src(n)).i().flags(Branch)
				out := f.block().i(src(i2))
				b.to(loop, i0)
				loop.to(loop, i2).to(out)
			},
		},
		{
			name: "two values that change places need a third register",
			build: func(f *mockFunc) {
				x, y, p, q := f.v(), f.v(), f.v(), f.v()
				b := f.block().i(def(x)).i(def(y))
				loop := f.block(p, q).i(src(p), src(q)).i().flags(Branch)
				out := f.block()
				b.to(loop, x, y)
				loop.to(loop, q, p).to(out)
			},
			want: figures{moves: 3},
		},
		{
			name: "what lives across a call starts in a register that the call keeps",
			build: func(f *mockFunc) {
				x, r := f.v(), f.v()
				f.block().i(def(x)).i(defAt(r, Both, 0)).clobber(RegSet{A: 3, B: 3}).i(src(r), src(x)).i(src(r), src(r))
			},
		},
		{
			name: "an argument is made in its register",
			build: func(f *mockFunc) {
				x, r := f.v(), f.v()
				f.block().i(def(x)).i(defAt(r, Both, 0), at(x, B, 1)).clobber(RegSet{A: 3, B: 3}).i(src(r))
			},
		},
		{
			name: "values that meet after a branch start where they meet",
			build: func(f *mockFunc) {
				x, y, p, c, r := f.v(), f.v(), f.v(), f.v(), f.v()
				b := f.block().i(def(c)).i(src(c)).flags(Branch)
				yes := f.block().i(def(x))
				no := f.block().i(def(y))
				join := f.block(p).i(defAt(r, Both, 0)).clobber(RegSet{A: 3, B: 3}).i(src(p))
				b.to(yes).to(no)
				yes.to(join, x)
				no.to(join, y)
			},
		},
		{
			name: "a constant made only for an edge is made on the edge",
			build: func(f *mockFunc) {
				x, y, p, c := f.v(), f.v(), f.v(), f.v()
				f.vregs[x].Remat, f.vregs[y].Remat = 1, 1
				b := f.block().i(def(c)).i(def(x)).i(def(y)).i(src(c)).flags(Branch)
				join := f.block(p).i(src(p))
				b.to(join, x).to(join, y)
			},
			want: figures{remats: 1, removed: 1},
		},
		{
			name: "a constant that many edges pass on is made once",
			build: func(f *mockFunc) {
				p, c := f.v(), f.v()
				b := f.block().i(def(c))
				out := f.block(p)
				f.blocks = f.blocks[:1]
				for range 5 {
					k := f.v()
					f.vregs[k] = VRegInfo{Remat: 1, Key: 9}
					b.i(Operand{V: k, Flags: Def, Files: GPRSet}).i(src(c)).flags(Branch)
					next := f.block()
					out.id = 6
					b.to(next).to(out, k)
					b = next
				}
				k := f.v()
				f.vregs[k] = VRegInfo{Remat: 1, Key: 9}
				b.i(Operand{V: k, Flags: Def, Files: GPRSet})
				b.to(out, k)
				f.blocks = append(f.blocks, out)
				out.i(src(p), src(c))
			},
			want: figures{remats: 1, removed: 6},
		},
		{
			name: "a word that many edges pass on is moved once",
			build: func(f *mockFunc) {
				p, c, x := f.v(), f.v(), f.v()
				b := f.block().i(def(c)).i(load(x)...)
				out := f.block(p)
				f.blocks = f.blocks[:1]
				for range 5 {
					b.i(src(c)).flags(Branch)
					next := f.block()
					out.id = 6
					b.to(next).to(out, x)
					b = next
				}
				b.to(out, x)
				f.blocks = append(f.blocks, out)
				out.i(src(p), src(c))
			},
			want: figures{moves: 1},
		},
		{
			name: "a move on a critical edge is made before the branch",
			build: func(f *mockFunc) {
				x, p, y, c := f.v(), f.v(), f.v(), f.v()
				b := f.block().i(def(c)).i(load(x)...).i(src(c)).flags(Branch)
				other := f.block().i(def(y), src(x))
				join := f.block(p).i(src(p), src(x))
				b.to(join, x).to(other)
				other.to(join, y)
			},
			want: figures{moves: 1},
			check: func(t *testing.T, f *mockFunc, r *Result) {
				require.Len(t, r.AtEnd(0), 1, dump(f, r))
				require.Empty(t, r.OnEdge(0, 0))
			},
		},
		{
			name: "a copy is the value itself",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(def(y), in(x, AnySource)).flags(Copy).i(src(y), src(x))
			},
			want: figures{removed: 1},
		},
		{
			name: "spilled values are operands where they are",
			m:    machine(2, 4, 32),
			build: func(f *mockFunc) {
				vs := f.vs(8)
				b := f.block()
				for _, v := range vs {
					b.i(def(v))
				}
				for _, v := range vs {
					b.i(src(v))
				}
			},
			check: func(t *testing.T, _ *mockFunc, r *Result) {
				require.Equal(t, 4, r.Stats().Slots)
				require.Equal(t, 4, r.Stats().SlotUses)
			},
		},
		{
			name: "spilled values that cannot be named are loaded",
			m:    machine(2, 4, 32),
			build: func(f *mockFunc) {
				vs := f.vs(6)
				b := f.block()
				for _, v := range vs {
					b.i(def(v))
				}
				for _, v := range vs {
					b.i(gpr(v))
				}
			},
			want: figures{loads: 2},
		},
		{
			name: "a value that can be made anew is neither stored nor loaded",
			m:    machine(1, 4, 32),
			build: func(f *mockFunc) {
				vs := f.vs(3)
				b := f.block()
				for _, v := range vs {
					f.vregs[v].Remat = 1
					b.i(Operand{V: v, Flags: Def, Files: GPRSet | BothSet})
				}
				for _, v := range vs {
					b.i(gpr(v))
				}
			},
			want: figures{remats: 1},
		},
		{
			name: "a read that is under way keeps its registers",
			build: func(f *mockFunc) {
				x, y, v, w := f.v(), f.v(), f.v(), f.v()
				f.vregs[x].Pinned = true
				f.block().i(load(x)...).i(load(y)...).
					i(in(x, InSet), Operand{V: v, Flags: Def | Tied, Tie: 0}).i(def(w), src(v)).i(src(w), src(y))
			},
			check: func(t *testing.T, _ *mockFunc, r *Result) { require.Equal(t, r.Locs(0)[0], r.Locs(3)[1]) },
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := c.m
			if m == nil {
				m = machine(8, 8, 8)
			}
			f := built(c.build)
			var a Allocator
			r, err := a.Allocate(f, m)
			require.NoError(t, err)
			require.NoError(t, Check(f, m, r), dump(f, r))
			s := r.Stats()
			require.Equal(t, c.want, figures{s.Moves, s.Loads, s.Stores, s.Remats, s.Removed}, dump(f, r))
			if c.check != nil {
				c.check(t, f, r)
			}
		})
	}
}
