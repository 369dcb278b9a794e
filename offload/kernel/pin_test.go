package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func TestPinName(t *testing.T) {
	for name, want := range map[string]string{"counters": "counters", ".rodata": "_rodata", "a-b_2": "a-b_2"} {
		file, err := pinName(name)
		require.NoError(t, err)
		require.Equal(t, want, file)
	}
	for _, name := range []string{"", "other/stat", "../x", "a\nb", "a\x1b[2Jb", `a"b`, "a b", "ä"} {
		_, err := pinName(name)
		require.Error(t, err, name)
	}
}

// withMaps returns a program that holds maps of these names.
func withMaps(name string, maps ...string) *offload.Program {
	p := pass(name, object.XDP)
	var insns []bpf.Insn
	for i, m := range maps {
		p.Maps = append(p.Maps, &object.Map{Name: m, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
		insns = append(insns, bpf.LoadMap(bpf.R1, i)...)
	}
	p.Insns, p.Lines = append(insns, p.Insns...), nil
	return p
}

// idOf returns what is pinned at a path.
func idOf(t *testing.T, path string) (sys.Kind, uint32) {
	t.Helper()
	fd, err := sys.OpenPin(path)
	require.NoError(t, err)
	defer unix.Close(fd)
	kind, id, err := sys.ObjectOf(fd)
	require.NoError(t, err)
	return kind, id
}

// TestPins tests that nothing is removed or replaced by a pin before it is known
// to be the transaction's own.
func TestPins(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	ctx := t.Context()
	const fs = "/sys/fs/bpf"
	attach := func(p *offload.Program, dir string, force bool) error {
		_, err := offload.Attach(ctx, d, offload.Request{Program: p, Pin: dir, Force: force})
		return err
	}
	detach := func() {
		_, err := offload.Detach(ctx, d, offload.DetachRequest{})
		require.NoError(t, err)
	}

	plain := t.TempDir()
	mine := filepath.Join(plain, "p-new")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	require.ErrorContains(t, attach(pass("p", object.XDP), plain, false), "not in a BPF file system")
	require.FileExists(t, mine)

	require.NoError(t, os.Mkdir(fs+"/other", 0o700))
	other, err := d.NewMap(ctx, &object.Map{Name: "stat", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}, offload.Driver)
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, sys.Pin(other.(*kernelMap).fd, fs+"/other/stat"))
	require.ErrorContains(t, attach(withMaps("p", "other/stat"), fs, false), "not that of a plain file")
	require.ErrorContains(t, attach(withMaps("p", ".a", "_a"), fs, false), "would both be pinned as")
	free := func() {
		all, err := d.Attached(ctx)
		require.NoError(t, err)
		require.Empty(t, all)
	}
	free()

	err = attach(withMaps("p", "stat"), fs+"/other", false)
	require.ErrorIs(t, err, offload.ErrBusy)
	require.Equal(t, offload.AdvisePinFresh, offload.AdviceOf(err))
	require.ErrorContains(t, err, "is one of the host")
	require.ErrorIs(t, attach(withMaps("p", "stat"), fs+"/other", true), offload.ErrBusy, "not by force either")
	free()
	require.NoFileExists(t, fs+"/other/p")
	kind, id := idOf(t, fs+"/other/stat")
	require.Equal(t, sys.Maps, kind)
	require.Equal(t, other.Info().ID, id, "somebody else's pin stays")

	_, err = offload.Attach(ctx, d, offload.Request{Program: withMaps("p", "stat"), Pin: fs + "/other", Fresh: true})
	require.NoError(t, err)
	_, id = idOf(t, fs+"/other/stat-old")
	require.Equal(t, other.Info().ID, id, "the old pin has another name")
	kind, id = idOf(t, fs+"/other/stat")
	require.Equal(t, sys.Maps, kind)
	require.NotEqual(t, other.Info().ID, id)
	all, err := d.Attached(ctx)
	require.NoError(t, err)
	kind, id = idOf(t, fs+"/other/p")
	require.Equal(t, sys.Progs, kind)
	require.Equal(t, all[0].ID, id)

	_, err = offload.Replace(ctx, d, offload.Request{Program: withMaps("p", "stat"), Pin: fs + "/other"})
	require.NoError(t, err, "the pins of what is replaced make room")
	_, now := idOf(t, fs+"/other/p")
	require.NotEqual(t, id, now)
	detach()
	left, err := filepath.Glob(fs + "/other/*-new")
	require.NoError(t, err)
	require.Empty(t, left)
}
