package verify_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// megabyte is the slots of a program of a megabyte.
const megabyte = 1 << 20 / 8

// code builds programs too large to be written down.
type code struct{ insns []bpf.Insn }

func (c *code) add(in ...bpf.Insn) { c.insns = append(c.insns, in...) }

func (c *code) program(name string) *object.Program {
	return &object.Program{Name: name, Type: object.XDP, License: "GPL", Insns: c.insns, Maps: testMaps()}
}

// fillStack fills n slots of the stack with numbers of which nothing is known,
// each with an id of its own.
func (c *code) fillStack(n int) {
	for k := range n {
		c.add(
			bpf.CallHelper(bpf.HelperGetPrandomU32),
			bpf.Store(bpf.SizeDW, bpf.FP, int16(-8*(k+1)), bpf.R0),
		)
	}
}

// heavy are programs of up to a megabyte that ask for much more than they weigh.
var heavy = map[string]func() *code{
	"jumps of which both ways are walked": func() *code {
		c := &code{}
		c.fillStack(64)
		for len(c.insns) < megabyte-2 {
			c.add(bpf.JNe.Imm(bpf.R0, int32(len(c.insns)), 1), bpf.Return())
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		return c
	},
	"may_goto of itself": func() *code {
		return &code{[]bpf.Insn{bpf.MayGoto(-1), bpf.Mov.Imm(bpf.R0, 0), bpf.Return()}}
	},
	"diamonds over a full stack": func() *code {
		c := &code{}
		c.fillStack(64)
		c.add(bpf.Mov.Imm(bpf.R3, 0))
		for k := range 60 {
			c.add(
				bpf.Load(bpf.SizeDW, bpf.R2, bpf.FP, int16(-8*(k+1))),
				bpf.JGt.Imm(bpf.R2, 7, 1),
				bpf.Add.Imm(bpf.R3, 1<<(k%30)),
			)
		}
		c.add(bpf.And.Imm(bpf.R3, 63), bpf.Mov.Reg(bpf.R4, bpf.FP), bpf.Sub.Imm(bpf.R3, 64), bpf.Add.Reg(bpf.R4, bpf.R3))
		c.add(bpf.StoreImm(bpf.SizeB, bpf.R4, 0, 0))
		for k := range 64 {
			c.add(bpf.Load(bpf.SizeDW, bpf.R2, bpf.FP, int16(-8*(k+1))))
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		return c
	},
	"gotos backwards": func() *code {
		c := &code{}
		n := megabyte - 4
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Gotol(int32(n+1)), bpf.Return())
		for range n {
			c.add(bpf.Goto(-2))
		}
		c.add(bpf.Goto(-2))
		return c
	},
	"a function that many call": func() *code {
		c := &code{}
		n := megabyte/2 - 8
		c.add(bpf.CallHelper(bpf.HelperGetPrandomU32), bpf.Mov.Reg(bpf.R6, bpf.R0))
		for k := range n {
			c.add(bpf.Mov.Reg(bpf.R1, bpf.R6), bpf.CallFunc(int32(2*(n-k)-1+1)))
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		c.add(bpf.JGt.Imm(bpf.R1, 7, 2), bpf.Mov.Imm(bpf.R0, 0), bpf.Return(), bpf.Mov.Imm(bpf.R0, 1), bpf.Return())
		return c
	},
	"many functions": func() *code {
		c := &code{}
		n := megabyte / 3
		for k := range n {
			c.add(bpf.CallFunc(int32(n - k - 1 + 2 + 2*k)))
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		for range n {
			c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		}
		return c
	},
	"straight over a full stack": func() *code {
		c := &code{}
		c.fillStack(64)
		for len(c.insns) < megabyte-68 {
			k := len(c.insns)
			c.add(
				bpf.Load(bpf.SizeDW, bpf.R0, bpf.FP, int16(-8*(1+k%64))),
				bpf.Add.Reg(bpf.R0, bpf.R0),
				bpf.JGt.Imm(bpf.R0, int32(k), 0),
				bpf.JGt.Imm(bpf.R0, int32(k), 0),
				bpf.Store(bpf.SizeDW, bpf.FP, int16(-8*(1+(k*7+3)%64)), bpf.R0),
			)
		}
		for k := range 64 {
			c.add(bpf.Load(bpf.SizeDW, bpf.R2, bpf.FP, int16(-8*(k+1))))
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		return c
	},
	"a loop of full stacks in eight frames": func() *code {
		c := &code{}
		depth := 7
		for range depth {
			c.fillStack(64)
			c.add(bpf.CallFunc(2), bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		}
		c.fillStack(64)
		c.add(
			bpf.Mov.Imm(bpf.R6, 0),
			bpf.CallHelper(bpf.HelperGetPrandomU32),
			bpf.JGt.Imm(bpf.R0, 7, 1),
			bpf.Mov.Imm(bpf.R0, 1),
			bpf.Add.Imm(bpf.R6, 1),
			bpf.JLt.Imm(bpf.R6, 200_000, -5),
			bpf.Mov.Imm(bpf.R0, 0), bpf.Return(),
		)
		return c
	},
	"all registers live in a full stack": func() *code {
		c := &code{}
		c.fillStack(64)
		for r := range uint8(bpf.FP) {
			c.add(bpf.Load(bpf.SizeDW, r, bpf.FP, -8))
		}
		for len(c.insns) < megabyte-84 {
			k := len(c.insns)
			c.add(bpf.JGt.Imm(uint8(k%10), int32(k), 0), bpf.JGt.Imm(uint8(k%10), int32(k), 0))
			for n := range 62 {
				c.add(bpf.Add.Imm(uint8(n%10), int32(n)))
			}
		}
		for r := range uint8(bpf.FP) {
			c.add(bpf.Xor.Reg(bpf.R0, r))
		}
		for k := range 64 {
			c.add(bpf.Load(bpf.SizeDW, bpf.R2, bpf.FP, int16(-8*(k+1))))
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
		return c
	},
	"a loop before something unsafe": func() *code {
		c := &code{}
		c.fillStack(64)
		c.add(
			bpf.Mov.Imm(bpf.R6, 0),
			bpf.Mov.Reg(bpf.R7, bpf.R6),
			bpf.Add.Reg(bpf.R7, bpf.R7),
			bpf.Xor.Reg(bpf.R7, bpf.R6),
			bpf.Add.Imm(bpf.R6, 1),
			bpf.JLt.Imm(bpf.R6, 190_000, -5),
			bpf.Load(bpf.SizeW, bpf.R0, bpf.R6, 0), bpf.Return(),
		)
		return c
	},
	"fills and spills of constants": func() *code {
		c := &code{}
		c.fillStack(64)
		for len(c.insns) < megabyte-70 {
			k := len(c.insns)
			c.add(
				bpf.Load(bpf.SizeDW, bpf.R3, bpf.FP, int16(-8*(1+k%64))),
				bpf.JEq.Imm(bpf.R3, int32(k), 1),
				bpf.Mov.Imm(bpf.R3, int32(k)),
				bpf.Store(bpf.SizeDW, bpf.FP, int16(-8*(1+(k*5+1)%64)), bpf.R3),
			)
		}
		c.add(bpf.Mov.Imm(bpf.R0, 0))
		for k := range 64 {
			c.add(bpf.Load(bpf.SizeDW, bpf.R2, bpf.FP, int16(-8*(k+1))))
		}
		c.add(bpf.Return())
		return c
	},
}

// cpuTime is the processors' time of the process so far, which does not grow with
// what else the machine does.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestHeavy verifies each heavy program in less than 10 seconds of processors' time,
// and all of them in less than a gibibyte.
func TestHeavy(t *testing.T) {
	for name, build := range heavy {
		t.Run(name, func(t *testing.T) {
			p := build().program("heavy")
			start := cpuTime(t)
			prog, err := verify.Verify(p, verify.Options{})
			took := cpuTime(t) - start
			if err == nil {
				walked, kept := prog.Walked()
				t.Logf("%d slots, %d walked, %d states kept, %v", len(p.Insns), walked, kept, took)
			} else {
				t.Logf("%d slots, %v: %v", len(p.Insns), took, err)
				var e *verify.Error
				require.ErrorAs(t, err, &e)
				require.Contains(t, []verify.Class{verify.TooComplex, verify.Unsafe}, e.Class)
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			t.Logf("%d MiB from the system so far", m.Sys>>20)
			require.Less(t, took, 10*time.Second)
			require.Less(t, m.Sys, uint64(1<<30))
		})
	}
}

// TestDeadline ends a walk with its context.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := verify.VerifyContext(ctx, heavy["diamonds over a full stack"]().program("slow"), verify.Options{Budget: 1 << 30})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), time.Minute)
	var e *verify.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, verify.Stopped, e.Class)
}

// TestMemory refuses a walk that keeps more than it may.
func TestMemory(t *testing.T) {
	p := heavy["straight over a full stack"]().program("large")
	_, err := verify.Verify(p, verify.Options{Memory: 4 << 20})
	require.ErrorContains(t, err, "states kept take more than 4 MiB")
}

// TestPendingBesideKernel leaves jumps undecided, one more than may be and just as
// many as may be.
func TestPendingBesideKernel(t *testing.T) {
	needsKernel(t)
	for n, want := range map[int]string{platform.MaxPending: "", platform.MaxPending + 1: "sequence of more than 8192 jumps"} {
		c := &code{}
		c.add(bpf.CallHelper(bpf.HelperGetPrandomU32))
		for k := range n {
			c.add(bpf.JEq.Imm(bpf.R0, int32(k), int16(n-k-1)))
		}
		c.add(bpf.Return())
		p := c.program("pending")
		_, err := verify.Verify(p, verify.Options{})
		theirs, asked := askKernel(t, p)
		require.Equal(t, asked && theirs != "", want != "", "the kernel: %s", theirs)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}

// TestNotSupported finds the one identity in refusals of this class.
func TestNotSupported(t *testing.T) {
	for src, want := range map[string]bool{
		`r1 = map[hash]; r2 = 0; r3 = 0; call timer_init; r0 = 0; exit`: true,
		`exit`: false,
	} {
		_, err := verify.Verify(assemble("p", object.XDP, src), verify.Options{})
		require.Equal(t, want, errors.Is(err, errors.ErrUnsupported), "%v", err)
	}
}
