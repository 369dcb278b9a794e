package ebpf_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// skbContext writes the fields that the kernel's test runs take and give.
func skbContext(s ebpf.SkbFields) []byte {
	b := make([]byte, 192)
	put := binary.LittleEndian.PutUint32
	put(b[8:], s.Mark)
	put(b[32:], s.Priority)
	for i, c := range s.CB {
		put(b[48+4*i:], c)
	}
	binary.LittleEndian.PutUint64(b[152:], s.Tstamp)
	return b
}

// TestContextLikeKernel compares the context of tc programs afterwards: a
// program that changes each field that it may, and a sample.
func TestContextLikeKernel(t *testing.T) {
	o, err := object.Load(samples+"/tc_classify.o", object.Options{})
	require.NoError(t, err)
	change := newProgram(object.TC, seq(
		bpf.Load(bpf.SizeW, 2, 1, 8), bpf.Add.Imm(2, 5), bpf.Store(bpf.SizeW, 1, 8, 2), // mark
		bpf.Load(bpf.SizeW, 3, 1, 32), bpf.Mul.Imm(3, 3), bpf.Store(bpf.SizeW, 1, 32, 3), // priority
		bpf.Load(bpf.SizeB, 2, 1, 49), bpf.Store(bpf.SizeB, 1, 51, 2), bpf.Load(bpf.SizeH, 2, 1, 52), bpf.Store(bpf.SizeH, 1, 58, 2), // cb
		bpf.Load(bpf.SizeW, 2, 1, 60), bpf.Store(bpf.SizeW, 1, 64, 2),
		bpf.Load(bpf.SizeDW, 2, 1, 152), bpf.Add.Imm(2, 1000), bpf.Store(bpf.SizeDW, 1, 152, 2), // tstamp
		bpf.Load(bpf.SizeB, 0, 1, 33), bpf.Return(),
	))
	for _, p := range []*object.Program{change, o.Programs[0]} {
		vm, err := ebpf.New(p, ebpf.Options{})
		require.NoError(t, err)
		var k *oracle.KernelProgram
		if asksKernel(t) {
			k, err = oracle.LoadKernel(p, oracle.KernelOptions{})
			require.NoError(t, err)
			t.Cleanup(k.Close)
		}
		in := ebpf.SkbFields{Mark: 0x1234, Priority: 0x5678, CB: [5]uint32{0x01020304, 0x11121314, 3, 0x41424344, 5}, Tstamp: 1 << 41}
		for i, packet := range loadCaptures(t)["tc_classify.pcap"] {
			if !asks(object.TC, packet.Data) {
				continue
			}
			got, err := vm.Run(ebpf.Input{Packet: packet.Data, Skb: in})
			require.NoError(t, err)
			if k == nil {
				continue
			}
			want, err := k.Run(oracle.KernelInput{Packet: packet.Data, Context: skbContext(in)})
			require.NoError(t, err)
			require.Equal(t, want.Verdict, uint32(got.R0), "packet %d", i+1)
			require.Equal(t, skbContext(got.Skb)[:100], blank(want.Context)[:100], "packet %d", i+1)
			require.Equal(t, got.Skb.Tstamp, binary.LittleEndian.Uint64(want.Context[152:]))
		}
	}
}

// blank clears what the kernel fills in beside the fields of skbContext.
func blank(ctx []byte) []byte {
	out := make([]byte, len(ctx))
	for _, r := range [][2]int{{8, 12}, {32, 36}, {48, 68}, {152, 160}} {
		copy(out[r[0]:r[1]], ctx[r[0]:r[1]])
	}
	return out
}
