package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	bpflink "github.com/cilium/ebpf/link"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// pass is the smallest program of a type.
func pass(name string, typ object.Type) *offload.Program {
	return &offload.Program{Program: &object.Program{
		Name: name, Type: typ, License: "Apache-2.0",
		Insns: []bpf.Insn{bpf.Mov.Imm(0, 2), bpf.Return()},
		Funcs: []object.Func{{Name: name, Global: true}},
		Lines: []object.Line{{Slot: 0, File: "pass.c", LineNo: 7, Column: 3, Text: "return 2; // a:b"}},
	}}
}

// simDevice makes a netdevsim device and opens its first port.
func simDevice(t *testing.T, id int) *Device {
	t.Helper()
	s, err := AddSimDevice(id, 1)
	require.NoError(t, err)
	d, err := Open(s.Ports[0], Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		d.Close()
		if err := DelSimDevice(id); !errors.Is(err, offload.ErrDeviceGone) {
			require.NoError(t, err)
		}
	})
	return d
}

func load(t *testing.T, d *Device, p *offload.Program, mode offload.Mode) offload.Loaded {
	t.Helper()
	l, err := d.Load(t.Context(), p, mode, nil)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func onlyAttachment(t *testing.T, d *Device) offload.Attachment {
	t.Helper()
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

// TestExpectedProgram is kernel behaviour K7: a replacement names the program
// that it expects.
func TestExpectedProgram(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	h := offload.Hook{Type: object.XDP}
	first, second := load(t, d, pass("first", object.XDP), offload.Hardware), load(t, d, pass("second", object.XDP), offload.Hardware)
	require.NoError(t, d.Attach(t.Context(), first, h, false))
	was := onlyAttachment(t, d)
	require.NoError(t, d.Replace(t.Context(), second, was))
	require.Equal(t, second.ID(), onlyAttachment(t, d).ID)

	// The old attachment is no longer what is there.
	err := d.Replace(t.Context(), first, was)
	require.ErrorIs(t, err, offload.ErrBusy)
	require.ErrorIs(t, err, unix.EEXIST)
	require.ErrorContains(t, err, "Active program does not match expected")
	require.ErrorContains(t, err, "somebody else has changed the program")
	err = d.Detach(t.Context(), was)
	require.ErrorContains(t, err, "Active program does not match expected")
	require.Equal(t, second.ID(), onlyAttachment(t, d).ID)

	// No program is a state that can be expected too.
	none := -1
	err = d.rt.setXDP(d.ifindex, first.(*loaded).fd, unix.XDP_FLAGS_HW_MODE, &none)
	require.ErrorIs(t, err, unix.EEXIST)
	require.NoError(t, d.Detach(t.Context(), onlyAttachment(t, d)))
	require.NoError(t, d.rt.setXDP(d.ifindex, first.(*loaded).fd, unix.XDP_FLAGS_HW_MODE, &none))
}

// TestLink is kernel behaviour K8: a bpf_link of another process holds the hook.
func TestLink(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	l := load(t, d, pass("linked", object.XDP), offload.Hardware)
	fd, err := unix.Dup(l.(*loaded).fd)
	require.NoError(t, err)
	p, err := ebpf.NewProgramFromFD(fd)
	require.NoError(t, err)
	defer p.Close()
	held, err := bpflink.AttachXDP(bpflink.XDPOptions{Program: p, Interface: d.ifindex, Flags: bpflink.XDPOffloadMode})
	require.NoError(t, err)

	a := onlyAttachment(t, d)
	require.True(t, a.Link)
	require.True(t, a.InHW)
	for name, err := range map[string]error{
		"attach":  d.Attach(t.Context(), l, a.Hook, true),
		"replace": d.Replace(t.Context(), l, a),
		"detach":  d.Detach(t.Context(), a),
	} {
		require.ErrorIs(t, err, offload.ErrBusy, name)
		require.ErrorContains(t, err, "Can't replace active BPF XDP link", name)
		require.ErrorContains(t, err, "bpf_link of another process", name)
	}
	require.NoError(t, held.Close())
	all, err := d.Attached(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
}

// TestRunOnDevice is kernel behaviour K12: the kernel cannot run an offloaded
// program on test data.
func TestRunOnDevice(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	l := load(t, d, pass("offloaded", object.XDP), offload.Hardware)
	require.Contains(t, l.Log(), "processed 2 insns")
	fd, err := unix.Dup(l.(*loaded).fd)
	require.NoError(t, err)
	p, err := ebpf.NewProgramFromFD(fd)
	require.NoError(t, err)
	defer p.Close()
	_, _, err = p.Test(make([]byte, 64))
	require.ErrorIs(t, err, ebpf.ErrNotSupported)
}

// TestRefusedWish is kernel behaviours K24, K25 and K26: a change of hw-tc-offload
// that is refused comes back as a success and sticks as a wish.
func TestRefusedWish(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	require.NoError(t, d.SetTCOffload(true))
	require.NoError(t, d.AddClsact())
	l := load(t, d, pass("classify", object.TC), offload.Hardware)
	h := offload.Hook{Type: object.TC}.Filled()
	require.NoError(t, d.Attach(t.Context(), l, h, false))

	// The kernel's bare answer is no error.
	require.NoError(t, d.withEthtool(func(e *ethtool) error { return e.requestFeature(d.ifindex, tcOffload, false) }))
	f, err := d.TCOffload()
	require.NoError(t, err)
	require.True(t, f.Active)
	require.False(t, f.Wanted, "the wish sticks")

	// Ours is, with the sticking wish and without it, and it takes the wish back.
	for range 2 {
		err = d.SetTCOffload(false)
		require.ErrorIs(t, err, offload.ErrBusy)
		require.ErrorContains(t, err, "the feature stays on")
		f, err = d.TCOffload()
		require.NoError(t, err)
		require.True(t, f.Active)
		require.True(t, f.Wanted)
	}

	// A wish that sticks does not keep a later change from working.
	require.NoError(t, d.withEthtool(func(e *ethtool) error { return e.requestFeature(d.ifindex, tcOffload, false) }))
	require.NoError(t, d.Detach(t.Context(), onlyAttachment(t, d)))
	require.NoError(t, d.SetTCOffload(false))
	f, err = d.TCOffload()
	require.NoError(t, err)
	require.False(t, f.Active)

	// K26: a name that the kernel does not know is an error at once.
	err = d.withEthtool(func(e *ethtool) error { return e.requestFeature(d.ifindex, "no-such-feature", true) })
	require.ErrorIs(t, err, unix.EOPNOTSUPP)
}

// TestTwoDevices is kernel behaviour K21: tc takes a program of another device,
// and our check does not.
func TestTwoDevices(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	one, two := simDevice(t, 1), simDevice(t, 2)
	l := load(t, one, pass("foreign", object.TC), offload.Hardware)
	require.NoError(t, two.SetTCOffload(true))
	require.NoError(t, two.AddClsact())
	h := offload.Hook{Type: object.TC}.Filled()

	err := two.Attach(t.Context(), l, h, false)
	require.ErrorIs(t, err, unix.EINVAL)
	require.ErrorContains(t, err, "program bound to different dev")
	all, err := two.Attached(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)

	require.NoError(t, two.rt.setFilter(two.ifindex, h, l.(*loaded).fd, "foreign", genSkipSW, 0x600), "the kernel takes it")
	a := onlyAttachment(t, two)
	require.True(t, a.InHW)
	require.Equal(t, one.name, a.Device, "the listing shows whose program it is")
}

// TestCode reads back what was loaded: instructions and C lines.
func TestCode(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	for _, mode := range []offload.Mode{offload.Hardware, offload.Driver} {
		p := pass("coded", object.XDP)
		l := load(t, d, p, mode)
		c, err := d.Code(t.Context(), l.ID())
		require.NoError(t, err)
		require.Equal(t, p.Insns, c.Insns, mode)
		require.Equal(t, p.Lines, c.Lines, mode)
		require.Empty(t, c.Machine)
	}
}

// TestMapsOnDevice is kernel behaviours K27, K28 and K30 through the library.
func TestMapsOnDevice(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	key := func(k byte) []byte { return []byte{k, 0, 0, 0} }
	value := make([]byte, 8)

	m, err := d.NewMap(t.Context(), &object.Map{Name: "h", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 2}, offload.Hardware)
	require.NoError(t, err)
	defer m.Close()
	require.Equal(t, d.Name(), m.Info().Device)
	require.NoError(t, m.Update(key(1), value, 0))
	require.NoError(t, m.Update(key(2), value, 0))
	require.ErrorIs(t, m.Update(key(3), value, 0), unix.E2BIG)
	require.ErrorIs(t, m.Update(key(1), value, 1), unix.EEXIST)
	require.ErrorIs(t, m.Update(key(9), value, 2), unix.ENOENT)
	_, err = m.Lookup(key(9))
	require.ErrorIs(t, err, os.ErrNotExist)
	entries, err := offload.Dump(m)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.ErrorContains(t, m.Delete([]byte{1}), "key of 1 bytes, want 4")

	one, err := d.NewMap(t.Context(), &object.Map{Name: "a", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, offload.Hardware)
	require.NoError(t, err)
	defer one.Close()
	entries, err = offload.Dump(one)
	require.NoError(t, err)
	require.Len(t, entries, 2, "netdevsim gives every array two entries")
	require.ErrorIs(t, one.Delete(key(0)), unix.EINVAL)

	for _, tt := range []struct {
		name string
		m    object.Map
		want string
	}{
		{"type", object.Map{Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 1, Flags: 1}, "the kernel offloads hash and array maps only"},
		{"flags", object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: 1 << 10}, "a map on a device takes no flags"},
		{"globals", object.Map{Name: ".data", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: 1 << 10}, "holds global variables"},
		{"entries", object.Map{Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 3}, "more than the device has room for"},
		{"inner", object.Map{Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, Inner: &object.Map{}}, "not supported: maps of maps"},
	} {
		_, err := d.NewMap(t.Context(), &tt.m, offload.Hardware)
		require.ErrorContains(t, err, tt.want, tt.name)
	}

	require.NoError(t, DelSimDevice(10))
	require.ErrorIs(t, m.Update(key(1), value, 0), offload.ErrDeviceGone, "the kernel's own answer is EPERM")
	_, err = m.Lookup(key(1))
	require.ErrorIs(t, err, offload.ErrDeviceGone)
	_, err = m.Next(nil)
	require.ErrorIs(t, err, offload.ErrDeviceGone)
	_, err = d.Attached(t.Context())
	require.ErrorIs(t, err, offload.ErrDeviceGone)
}

// TestStaleGuard ends a guard without a word in every state of its records.
func TestStaleGuard(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	require.NoError(t, d.SetTCOffload(true))
	require.NoError(t, d.AddClsact())
	temp := filepath.Join("/sys/fs/bpf", "p-new")
	l := load(t, d, pass("guarded", object.TC), offload.Hardware)
	require.NoError(t, sys.Pin(l.(*loaded).fd, temp))
	h := offload.Hook{Type: object.TC}.Filled()
	lines := func() *strings.Reader {
		var b strings.Builder
		for _, r := range []record{
			{Op: recordFeature, Ifindex: d.ifindex},
			{Op: recordClsact, Ifindex: d.ifindex},
			{Op: recordPin, Temp: temp, Path: "/sys/fs/bpf/p"},
			{Op: recordTarget, Ifindex: d.ifindex, Hook: &h, Program: l.ID()},
		} {
			b.Write(append(r.encode(), '\n'))
		}
		return strings.NewReader(b.String())
	}

	// The new state was reached: the guard finishes the pins.
	require.NoError(t, d.Attach(t.Context(), l, h, false))
	var out strings.Builder
	require.NoError(t, RunGuard(lines(), &out))
	require.Equal(t, strings.Repeat("ok\n", 4), out.String())
	require.FileExists(t, "/sys/fs/bpf/p")
	require.True(t, onlyAttachment(t, d).InHW)

	// It was not: everything is taken back.
	require.NoError(t, d.Detach(t.Context(), onlyAttachment(t, d)))
	require.NoError(t, sys.Pin(l.(*loaded).fd, temp))
	require.NoError(t, RunGuard(lines(), &out))
	require.NoFileExists(t, temp)
	f, err := d.TCOffload()
	require.NoError(t, err)
	require.False(t, f.Active)
	kind, err := d.rt.qdiscKind(d.ifindex)
	require.NoError(t, err)
	require.Empty(t, kind)

	// The device is gone: nothing is left to do.
	require.NoError(t, DelSimDevice(10))
	require.NoError(t, RunGuard(lines(), &out))
	require.ErrorContains(t, RunGuard(strings.NewReader("nonsense\n"), &out), "bad record")
}

// TestNoPrivilege asks for everything as nobody.
func TestNoPrivilege(t *testing.T) {
	if !vmtest.Inside(t) {
		return
	}
	d := simDevice(t, 10)
	require.NoError(t, unix.Setresuid(65534, 65534, 0))
	defer func() { require.NoError(t, unix.Setresuid(0, 0, 0)) }()
	_, err := d.Load(t.Context(), pass("p", object.XDP), offload.Hardware, nil)
	require.ErrorIs(t, err, offload.ErrPermission)
	_, err = d.NewMap(t.Context(), &object.Map{Name: "m", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, offload.Hardware)
	require.ErrorIs(t, err, offload.ErrPermission)
	require.ErrorIs(t, d.SetTCOffload(true), offload.ErrPermission)
	require.ErrorIs(t, d.AddClsact(), offload.ErrPermission)
	_, err = d.Maps(t.Context(), offload.OnDevice)
	require.ErrorIs(t, err, offload.ErrPermission)
	_, err = AddSimDevice(11, 1)
	require.ErrorIs(t, err, offload.ErrPermission)
	_, err = d.Attached(t.Context())
	require.NoError(t, err, "looking needs no privilege")
}
