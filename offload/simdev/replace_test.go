package simdev_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// using is a program that looks up a key of a map.
func using(name string, m *object.Map) *offload.Program {
	insns := []bpf.Insn{
		bpf.Mov.Imm(bpf.R0, 0), bpf.Store(bpf.SizeDW, bpf.FP, -8, bpf.R0),
		bpf.Mov.Reg(bpf.R2, bpf.FP), bpf.Add.Imm(bpf.R2, -8),
	}
	insns = append(insns, bpf.LoadMap(bpf.R1, 0)...)
	insns = append(insns, bpf.CallHelper(bpf.HelperMapLookupElem), bpf.Mov.Imm(bpf.R0, 2), bpf.Return())
	return &offload.Program{Program: &object.Program{Name: name, Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Insns: insns, Funcs: []object.Func{{Name: name}}}}
}

// TestReplaceKeepsLarge: packets wait while a program is replaced, so the contents
// of a large map must move at once and not entry by entry, which takes seconds.
func TestReplaceKeepsLarge(t *testing.T) {
	const used = 1 << 17
	for _, typ := range []bpf.MapType{bpf.MapTypeArray, bpf.MapTypeHash} {
		t.Run(typ.String(), func(t *testing.T) {
			d, err := simdev.New(simdev.Spec{}).Open("card0")
			require.NoError(t, err)
			m := &object.Map{Name: "m", Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 1 << 20}
			res, err := offload.Attach(t.Context(), d, offload.Request{Program: using("a", m)})
			require.NoError(t, err)
			h, err := d.OpenMap(t.Context(), res.Attachment.Maps[0].ID)
			require.NoError(t, err)
			value := func(k uint32) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(k)*7+1) }
			for k := range uint32(used) {
				require.NoError(t, h.Update(binary.LittleEndian.AppendUint32(nil, k), value(k), 0))
			}
			p, err := using("b", m).Compiled(d.Target())
			require.NoError(t, err)
			l, err := d.Load(t.Context(), p, offload.Hardware, []offload.Map{h})
			require.NoError(t, err)
			begin := time.Now()
			require.NoError(t, d.Replace(t.Context(), l, res.Attachment))
			t.Logf("%d entries of %d: %s", used, m.MaxEntries, time.Since(begin))
			for k := uint32(0); k < used; k += 1 << 10 {
				v, err := h.Lookup(binary.LittleEndian.AppendUint32(nil, k))
				require.NoError(t, err)
				require.Equal(t, value(k), v)
			}
		})
	}
}

// counting is a program that counts in the map that entry 1 of a map of maps holds,
// and returns the count.
func counting(name string) *offload.Program {
	in := &object.Map{Name: "in", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	m := &object.Map{Name: "outer", Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 4, Inner: in, Inners: map[uint32]*object.Map{1: in}}
	p := using(name, m)
	n := len(p.Insns)
	p.Insns = append(p.Insns[:n-2:n-2], bpf.JEq.Imm(bpf.R0, 0, 9), bpf.Mov.Reg(bpf.R1, bpf.R0), bpf.Mov.Reg(bpf.R2, bpf.FP), bpf.Add.Imm(bpf.R2, -8),
		bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(bpf.R0, 0, 4),
		bpf.Load(bpf.SizeDW, bpf.R1, bpf.R0, 0), bpf.Add.Imm(bpf.R1, 1), bpf.Store(bpf.SizeDW, bpf.R0, 0, bpf.R1), bpf.Mov.Reg(bpf.R0, bpf.R1), bpf.Return())
	p.Insns[0] = bpf.Mov.Imm(bpf.R0, 1)
	return p
}

// TestReplaceKeepsNested: a program that counts in a map that a map holds goes on
// counting there when it is replaced.
func TestReplaceKeepsNested(t *testing.T) {
	d, err := simdev.New(simdev.Spec{}).Open("card0")
	require.NoError(t, err)
	runner, err := offload.AsPacketRunner(d)
	require.NoError(t, err)
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: counting("a")})
	require.NoError(t, err)
	h, err := d.OpenMap(t.Context(), res.Attachment.Maps[0].ID)
	require.NoError(t, err)
	held, err := h.Lookup([]byte{1, 0, 0, 0})
	require.NoError(t, err)
	require.NotZero(t, binary.LittleEndian.Uint32(held), "the number of a map")
	for k := range uint32(4) {
		o, err := runner.RunPacket(t.Context(), offload.Packet{Data: make([]byte, 64)})
		require.NoError(t, err)
		require.Equal(t, k+1, o.Verdict)
		_, err = offload.Replace(t.Context(), d, offload.Request{Program: counting("b")})
		require.NoError(t, err)
	}
}

// TestSaveNested: a card that is made of a saved one has the maps that its map of maps
// holds, with what they hold, also one that was made while the program ran, and one that
// two entries hold.
func TestSaveNested(t *testing.T) {
	d, err := simdev.New(simdev.Spec{}).Open("card0")
	require.NoError(t, err)
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: counting("a")})
	require.NoError(t, err)
	count := func(d *simdev.Device) uint32 {
		runner, err := offload.AsPacketRunner(d)
		require.NoError(t, err)
		o, err := runner.RunPacket(t.Context(), offload.Packet{Data: make([]byte, 64)})
		require.NoError(t, err)
		return o.Verdict
	}
	require.EqualValues(t, 1, count(d))
	h, err := d.OpenMap(t.Context(), res.Attachment.Maps[0].ID)
	require.NoError(t, err)
	outer := simdev.Home(h)
	made, err := outer.NewInner("made")
	require.NoError(t, err)
	key, number := []byte{0, 0, 0, 0}, binary.LittleEndian.AppendUint32(nil, made.Number())
	require.NoError(t, made.Update(key, []byte{40, 0, 0, 0, 0, 0, 0, 0}, 0))
	for _, k := range []byte{1, 3} {
		require.NoError(t, outer.Update([]byte{k, 0, 0, 0}, number, 0))
	}
	require.NoError(t, made.Update([]byte{1, 0, 0, 0}, []byte{7, 0, 0, 0, 0, 0, 0, 0}, 0))
	before := count(d)
	s, err := d.State()
	require.NoError(t, err)

	again, err := simdev.New(simdev.Spec{}).Open("card1")
	require.NoError(t, err)
	require.NoError(t, again.Restore(t.Context(), s))
	back, err := again.State()
	require.NoError(t, err)
	require.Equal(t, s.Inners, back.Inners)
	require.Len(t, back.Inners[0], 2)
	require.Equal(t, "made", back.Inners[0][1].Name)
	require.Equal(t, before+1, count(again))
	require.Equal(t, before+1, count(d), "the card that was saved counts for itself")

	s.Inners = append(s.Inners, nil)
	other, err := simdev.New(simdev.Spec{}).Open("card2")
	require.NoError(t, err)
	require.ErrorContains(t, other.Restore(t.Context(), s), "inner maps of")
}
