package judge_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// staying are programs that change what stays with a frame, by numbers in it.
func staying() map[string]*object.Program {
	load := func(dst uint8, field int16) bpf.Insn { return bpf.Load(bpf.SizeW, dst, 6, field) }
	store := func(field int16, src uint8) bpf.Insn { return bpf.Store(bpf.SizeW, 6, field, src) }
	const mark, priority, queue = bpf.SkBuffMark, bpf.SkBuffPriority, bpf.SkBuffQueueMapping
	return map[string]*object.Program{
		"nothing": onFrame(bpf.Mov.Imm(0, 2)),
		"read":    onFrame(load(1, mark), load(2, priority), bpf.Store(bpf.SizeW, 7, 56, 1), bpf.Store(bpf.SizeW, 7, 60, 2), bpf.Mov.Imm(0, 2)),
		"swap":    onFrame(load(1, mark), load(2, priority), store(priority, 1), store(mark, 2), bpf.Mov.Imm(0, 2)),
		"on one way": onFrame(
			bpf.Load(bpf.SizeDW, 1, 7, 40), bpf.Mov.Imm(0, 0), bpf.JNe.Imm(1, 1, 3), load(2, mark), bpf.Add.Imm(2, 7), store(mark, 2),
		),
		"shot": onFrame(bpf.Load(bpf.SizeDW, 1, 7, 48), store(mark, 1), store(priority, 1), bpf.Mov.Imm(0, 2)),
		"queue": onFrame(
			bpf.Load(bpf.SizeDW, 1, 7, 40), store(queue, 1), bpf.Load(bpf.SizeDW, 1, 7, 48), store(queue, 1),
			load(2, queue), store(mark, 2), load(2, queue), bpf.Xor.Imm(2, 1), store(queue, 2), load(2, queue), store(priority, 2), bpf.Mov.Imm(0, 2),
		),
		"shorter": onFrame(
			bpf.Mov.Imm(1, 9), store(queue, 1), bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 60), bpf.Mov.Imm(3, 0), bpf.CallHelper(bpf.HelperSkbChangeTail),
			load(2, queue), store(mark, 2), load(2, bpf.SkBuffLen), store(priority, 2), bpf.Mov.Imm(0, 2),
		),
	}
}

// stayingFrames have numbers at 40 and 48.
func stayingFrames() (list [][]byte) {
	some := []uint64{0, 1, 3, 0xfffe, 0xffff, 0x10000, 0x12345678, 1<<32 | 5, 1<<64 - 1}
	for _, a := range some {
		for _, b := range some {
			list = append(list, numbers(0x0800, a, b))
		}
	}
	return list
}

// TestStaysWithFrame holds mark, priority and queue mapping that programs leave against
// what the kernel and the interpreter say of them.
func TestStaysWithFrame(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	for name, p := range staying() {
		t.Run(name, func(t *testing.T) { checkAll(t, redirectCards(t), p, stayingFrames()...) })
	}
}

// TestComesWithFrame gives frames a mark and a priority, as the kernel's test runs take
// them in their context.
func TestComesWithFrame(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	for name, p := range staying() {
		t.Run(name, func(t *testing.T) {
			k, err := oracle.LoadKernel(p, oracle.KernelOptions{})
			require.NoError(t, err)
			defer k.Close()
			v, err := verify.Verify(p, verify.Options{})
			require.NoError(t, err)
			img, err := translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw"), CheckAllocation: true})
			require.NoError(t, err)
			m, err := sim.New(img, sim.DefaultSpec())
			require.NoError(t, err)
			for i, frame := range stayingFrames() {
				in := sim.Skb{Mark: 0x11223344 * uint32(i+1), Priority: 0x55667789 * uint32(i+1)}
				ctx := make([]byte, bpf.SizeofSkBuff)
				binary.NativeEndian.PutUint32(ctx[bpf.SkBuffMark:], in.Mark)
				binary.NativeEndian.PutUint32(ctx[bpf.SkBuffPriority:], in.Priority)
				want, err := k.Run(oracle.KernelInput{Packet: frame, Context: ctx})
				require.NoError(t, err)
				got := m.Run(sim.Input{Packet: frame, IngressIfindex: 1, Skb: in})
				require.Nil(t, got.Fault)
				require.Equal(t, want.Verdict, got.Verdict, "frame %d", i)
				require.Equal(t, want.Packet, got.Packet, "frame %d", i)
				require.True(t, got.HasSkb)
				require.Equal(t, binary.NativeEndian.Uint32(want.Context[bpf.SkBuffMark:]), got.Skb.Mark, "frame %d", i)
				require.Equal(t, binary.NativeEndian.Uint32(want.Context[bpf.SkBuffPriority:]), got.Skb.Priority, "frame %d", i)
			}
		})
	}
}
