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
