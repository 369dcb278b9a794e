package kernel

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestGraft puts programs into a slot of a pinned program array, and finds maps by
// names that the kernel cuts short.
func TestGraft(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	ctx := t.Context()
	array := &object.Map{Name: "stages_of_the_parser", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	other := &object.Map{Name: "stages_of_the_printer", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}
	p := pass("main", object.XDP)
	p.Maps = []*object.Map{array, other}
	insns := append(bpf.LoadMap(bpf.R2, 0), bpf.Mov.Imm(bpf.R3, 0), bpf.CallHelper(bpf.HelperTailCall))
	insns = append(insns, bpf.LoadMap(bpf.R2, 1)...)
	p.Insns, p.Lines = append(insns, p.Insns...), nil
	const dir = bpffs + "/graft"
	res, err := offload.Attach(ctx, d, offload.Request{Program: p, Hook: offload.Hook{Mode: offload.Driver}, Pin: dir})
	require.NoError(t, err)
	id := res.Attachment.Maps[0].ID

	all, err := d.Maps(ctx, offload.Everywhere)
	require.NoError(t, err)
	names := map[uint32]string{}
	for _, m := range all {
		names[m.ID] = m.FullName
	}
	require.Equal(t, array.Name, names[id])
	require.Equal(t, other.Name, names[res.Attachment.Maps[1].ID])

	m, err := d.OpenPinnedMap(filepath.Join(dir, array.Name))
	require.NoError(t, err)
	defer m.Close()
	fill := func(p *offload.Program) error {
		_, err := offload.FillSlot(ctx, d, offload.SlotRequest{Map: id, Index: 0, Read: func(object.Type) (*offload.Program, error) { return p, nil }})
		return err
	}
	require.NoError(t, fill(pass("grafted", object.XDP)))
	held, err := m.Lookup([]byte{0, 0, 0, 0})
	require.NoError(t, err, "the array holds a program")
	loaded, err := d.OpenProgram(uint32(held[0]) | uint32(held[1])<<8)
	require.NoError(t, err)
	defer loaded.Close()
	info, err := sys.ReadProgID(loaded.ID())
	require.NoError(t, err)
	require.Equal(t, "grafted", info.Name)

	err = fill(pass("classifier", object.TC))
	require.ErrorContains(t, err, "the programs of an array are of one type")
	again, err := m.Lookup([]byte{0, 0, 0, 0})
	require.NoError(t, err)
	require.Equal(t, held, again)
	own := pass("nested", object.XDP)
	own.Maps = []*object.Map{{Name: "own", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Programs: map[uint32]string{0: "x"}}}
	require.ErrorIs(t, fill(own), offload.ErrNotSupported)
	_, err = offload.Detach(ctx, d, offload.DetachRequest{})
	require.NoError(t, err)
}
