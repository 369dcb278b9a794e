package regalloc

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// rounds returns how many random functions to try: n, or SKIPSW_N times as many.
func rounds(n int) int {
	if k, err := strconv.Atoi(os.Getenv("SKIPSW_N")); err == nil {
		return n * k
	}
	return n
}

func TestRandomFunctionsAreAllocatedRight(t *testing.T) {
	machines := map[string]*Machine{
		"tiny":  machine(6, 12, 200),
		"small": machine(10, 16, 100),
		"nfp":   machine(23, 32, 64),
	}
	for _, name := range []string{"tiny", "small", "nfp"} {
		t.Run(name, func(t *testing.T) {
			m := machines[name]
			xfers := 12
			if name != "tiny" {
				xfers = 16
			}
			var a Allocator
			for seed := range rounds(120) {
				c := &chooser{x: uint64(seed)}
				f := randomFunc(c, 20+c.n(200), xfers)
				if seed%2 == 1 {
					f = randomGlued(c, 20+c.n(200), xfers)
				}
				r, err := a.Allocate(f, m)
				require.NoError(t, err, "seed %d", seed)
				if err := Check(f, m, r); err != nil {
					if os.Getenv("DUMP") != "" {
						fmt.Println(dump(f, r))
					}
					require.NoError(t, err, "seed %d", seed)
				}
			}
		})
	}
}

// TestBrokenFunctions gives the allocator functions that break its rules, or
// ask for what no machine has: each is one clear error.
func TestBrokenFunctions(t *testing.T) {
	cases := []struct {
		name  string
		m     *Machine
		build func(f *mockFunc)
		want  string
	}{
		{name: "no block", build: func(*mockFunc) {}, want: "no block"},
		{
			name:  "used, never defined",
			build: func(f *mockFunc) { f.block().i(src(f.v())) },
			want:  "v0 is used in block 0, but never defined",
		},
		{
			name: "used before it is defined",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(src(x)).i(def(x))
			},
			want: "v0 is used by instruction 0 before it is defined",
		},
		{
			name: "defined on one path only",
			build: func(f *mockFunc) {
				x := f.v()
				b, c := f.block().i().flags(Branch), f.block().i(def(x))
				d := f.block().i(src(x))
				b.to(c).to(d)
				c.to(d)
			},
			want: "v0 is used where its definition does not reach",
		},
		{
			name: "defined twice",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(def(x))
			},
			want: "v0 is defined twice",
		},
		{
			name:  "no such value",
			build: func(f *mockFunc) { f.block().i(src(7)) },
			want:  "instruction 0, operand 0: v7, but there are only 0",
		},
		{
			name: "wrong number of arguments",
			build: func(f *mockFunc) {
				p := f.v()
				b, c := f.block(), f.block(p)
				b.to(c)
			},
			want: "edge from block 0 to 1 passes 0 values to 1 parameters",
		},
		{
			name: "edge to the entry",
			build: func(f *mockFunc) {
				b := f.block()
				b.to(b)
			},
			want: "the entry has no predecessor",
		},
		{
			name: "unreachable block",
			build: func(f *mockFunc) {
				f.block()
				f.block()
			},
			want: "block 1 has no predecessor",
		},
		{
			name: "blocks out of order",
			build: func(f *mockFunc) {
				b, c, d := f.block(), f.block(), f.block()
				b.to(d)
				d.to(c)
			},
			want: "reverse postorder",
		},
		{
			name: "instruction after a branch",
			build: func(f *mockFunc) {
				f.block().i().flags(Branch).i()
			},
			want: "instruction 1 follows a branch",
		},
		{
			name: "glued to nothing",
			build: func(f *mockFunc) {
				f.block().i().flags(Glued)
			},
			want: "instruction 0 is glued, but the first of block 0",
		},
		{
			name: "tied to a result",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x), tied(y, 0))
			},
			want: "tied to operand 0, which is not read",
		},
		{
			name: "two values in one fixed register",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(def(x)).i(def(y)).i(at(x, A, 0), at(y, A, 0))
			},
			want: "two operands are to be read from register 0",
		},
		{
			name: "two values in one fixed Out register",
			build: func(f *mockFunc) {
				x, y := f.v(), f.v()
				f.block().i(load(x, y)...).i(at(x, Out, 0)).i(at(y, Out, 0)).flags(Glued).i(src(x)).i(src(y))
			},
			want: "instruction 2: two operands are to be read from register 0 of file out",
		},
		{
			name: "a block larger than the file",
			build: func(f *mockFunc) {
				f.block().i(load(f.vs(9)...)...)
			},
			want: "no 9 consecutive In registers",
		},
		{
			name: "an Out block larger than the file",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(store(x, x, x, x, x, x, x, x, x)...)
			},
			want: "9 are needed: not enough consecutive Out registers are free",
		},
		{
			name: "spill slots used up",
			m:    machine(2, 4, 3),
			build: func(f *mockFunc) {
				b := f.block()
				vs := f.vs(8)
				for _, v := range vs {
					b.i(def(v))
				}
				for _, v := range vs {
					b.i(src(v))
				}
			},
			want: "all 3 spill slots hold values",
		},
		{
			name: "five operands from different files",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(src(x), src(x), src(x), src(x), src(x))
			},
			want: "more than 4 paired operands",
		},
		{
			name: "three operands from two banks",
			build: func(f *mockFunc) {
				x := f.v()
				f.block().i(def(x)).i(gpr(x), gpr(x), gpr(x))
			},
			want: "cannot come from different files",
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
			_, err := a.Allocate(f, m)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := new(Allocator).Allocate(newMock(), &Machine{Slots: 300})
	require.ErrorContains(t, err, "300 spill slots")
}

func TestSameFunctionSameAllocation(t *testing.T) {
	f := randomFunc(&chooser{x: 3}, 300, 16)
	var a, b Allocator
	m := machine(10, 16, 100)
	_, err := b.Allocate(randomFunc(&chooser{x: 4}, 500, 16), m)
	require.NoError(t, err)
	x, err := a.Allocate(f, m)
	require.NoError(t, err)
	y, err := b.Allocate(f, m)
	require.NoError(t, err)
	require.Equal(t, dump(f, x), dump(f, y))
	require.Zero(t, testing.AllocsPerRun(3, func() { _, _ = b.Allocate(f, m) }))
}
