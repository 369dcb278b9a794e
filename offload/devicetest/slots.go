package devicetest

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// tailSlots is the size of the test's program array.
const tailSlots = 4

// calling returns an XDP program that goes on with the first slot of a program
// array, and lets a packet pass if that is empty. slots are programs of its object.
func calling(name string, slots map[uint32]string, tails ...*offload.Program) *offload.Program {
	array := &object.Map{Name: "tails_of_the_test", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: tailSlots, Programs: slots}
	insns := bpf.LoadMap(bpf.R2, 0)
	insns = append(insns, bpf.Mov.Imm(bpf.R3, 0), bpf.CallHelper(bpf.HelperTailCall), bpf.Mov.Imm(bpf.R0, int32(bpf.XDPPass)), bpf.Return())
	p := made(name, object.XDP, []*object.Map{array}, insns...)
	p.Siblings = []*object.Program{p.Program}
	p.Tails = map[string]*object.Program{}
	for _, q := range tails {
		p.Siblings = append(p.Siblings, q.Program)
		for _, held := range slots {
			if held == q.Name && p.Tails[held] == nil {
				p.Tails[held] = q.Program
				p.Called = append(p.Called, q.Program)
			}
		}
	}
	return p
}

// marking returns a program for a slot: it writes a byte to two places of the
// frame and sends that back.
func marking(name string, mark int32) *offload.Program {
	return made(name, object.XDP, nil,
		bpf.Load(bpf.SizeW, bpf.R2, bpf.R1, 0), bpf.Load(bpf.SizeW, bpf.R3, bpf.R1, 4),
		bpf.Mov.Reg(bpf.R4, bpf.R2), bpf.Add.Imm(bpf.R4, 14),
		bpf.JGt.Reg(bpf.R4, bpf.R3, 3),
		bpf.Mov.Imm(bpf.R5, mark), bpf.Store(bpf.SizeB, bpf.R2, 0, bpf.R5), bpf.Store(bpf.SizeB, bpf.R2, 12, bpf.R5),
		bpf.Mov.Imm(bpf.R0, int32(bpf.XDPTX)), bpf.Return())
}

// slots fills program arrays: by the object, by the host, with programs of the
// image and with others, while packets run, and over a replacement.
func slots(t *testing.T, d offload.Device) {
	run, err := offload.AsPacketRunner(d)
	if err != nil {
		return
	}
	if _, err := offload.AsSourcer(d); err != nil {
		require.ErrorIs(t, err, offload.ErrNotSupported)
		return
	}
	ctx := t.Context()
	frame := bytes.Repeat([]byte{0xee}, 64)
	const passed = 0xee
	send := func() byte {
		out, err := run.RunPacket(ctx, offload.Packet{Data: frame})
		require.NoError(t, err)
		require.Equal(t, out.Data[0], out.Data[12], "a packet saw two programs")
		return out.Data[0]
	}
	one, two := marking("one", 1), marking("two", 2)
	res, err := offload.Attach(ctx, d, offload.Request{Program: calling("main", map[uint32]string{0: "one", 2: "two"}, one, two)})
	if err != nil {
		require.ErrorIs(t, err, offload.ErrNotSupported, "what does not have tail calls says so")
		free(t, d)
		return
	}
	require.EqualValues(t, 1, send(), "the object has filled the slot")
	store, err := offload.AsMapStore(d)
	require.NoError(t, err)
	id := res.Attachment.Maps[0].ID
	m, err := store.OpenMap(ctx, id)
	require.NoError(t, err)
	defer m.Close()
	typer, err := offload.AsMapTyper(d)
	require.NoError(t, err)
	names := func() map[uint32]string {
		all, err := offload.Dump(m)
		require.NoError(t, err)
		out := map[uint32]string{}
		for _, e := range all {
			out[binary.LittleEndian.Uint32(e.Key)] = offload.Format(typer.MapTypes(ctx, id).Value, e.Value)
		}
		return out
	}
	value := func(name string) []byte {
		v, err := offload.ParseValue(typer.MapTypes(ctx, id).Value, name, 4)
		require.NoError(t, err)
		return v
	}
	require.Equal(t, map[uint32]string{0: "one", 2: "two"}, names())

	require.NoError(t, m.Update(key(0), value("two"), 0))
	require.EqualValues(t, 2, send(), "the host has filled the slot")
	require.NoError(t, m.Delete(key(0)))
	require.EqualValues(t, passed, send(), "the slot is empty")
	require.Error(t, m.Update(key(0), key(9), 0), "the image has no ninth program")

	fill := func(p *offload.Program, index uint32) error {
		_, err := offload.FillSlot(ctx, d, offload.SlotRequest{Map: id, Index: index, Read: func(object.Type) (*offload.Program, error) { return p, nil }})
		return err
	}
	require.NoError(t, fill(marking("three", 3), 0))
	require.EqualValues(t, 3, send(), "a program that was not in the image")
	require.Equal(t, map[uint32]string{0: "three", 2: "two"}, names(), "the other slot stays; the map is the same")
	require.ErrorContains(t, fill(marking("two", 5), 0), "slot 2 of map tails_of_the_test leads to a program of the name two")
	require.ErrorContains(t, fill(marking("main", 5), 0), "has the name of the one that is attached")
	require.ErrorContains(t, fill(program("tc", object.TC, 0), 0), "is of type tc and cannot be called from main")
	require.Error(t, fill(marking("four", 4), tailSlots), "there is no such slot")
	require.EqualValues(t, 3, send(), "what is refused changes nothing")

	filledUnderTraffic(t, send, fill)

	// A replacement whose object leaves the slots alone keeps them by name.
	next := calling("next", nil, two, marking("one", 7), marking("last", 8))
	require.NoError(t, m.Delete(key(0)))
	res, err = offload.Replace(ctx, d, offload.Request{Program: next})
	require.NoError(t, err)
	require.Equal(t, id, res.Attachment.Maps[0].ID)
	require.Equal(t, map[uint32]string{2: "two"}, names())
	require.NoError(t, fill(marking("other", 9), 0))
	_, err = offload.Replace(ctx, d, offload.Request{Program: calling("next", nil, two)})
	require.ErrorContains(t, err, "slot 0 of map tails_of_the_test leads to program other")
	require.Equal(t, offload.AdviseSlot, offload.AdviceOf(err))
	require.EqualValues(t, 9, send())
	_, err = offload.Replace(ctx, d, offload.Request{Program: calling("next", nil, two), Fresh: true})
	require.NoError(t, err)
	require.EqualValues(t, passed, send())
	_, err = offload.Detach(ctx, d, offload.DetachRequest{})
	require.NoError(t, err)
}

// filledUnderTraffic changes what a slot leads to while packets run: each sees one
// of the two programs.
func filledUnderTraffic(t *testing.T, send func() byte, fill func(p *offload.Program, index uint32) error) {
	const rounds = 10
	var stop atomic.Bool
	var wg sync.WaitGroup
	seen := map[byte]int{}
	wg.Go(func() {
		for !stop.Load() {
			seen[send()]++
		}
	})
	for i := range rounds {
		require.NoError(t, fill(marking("three", int32(10+i%2)), 0))
	}
	stop.Store(true)
	wg.Wait()
	require.EqualValues(t, 10+(rounds-1)%2, send())
	for mark := range seen {
		require.Contains(t, []byte{3, 10, 11}, mark)
	}
}
