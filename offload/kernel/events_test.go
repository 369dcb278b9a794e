package kernel

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// vethPair moves the test to a network namespace of its own on the host's
// kernel, which has perf events, and makes two connected interfaces there.
func vethPair(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test makes interfaces in a network namespace: run it as root")
	}
	runtime.LockOSThread() // the thread ends with the test
	require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
	for _, args := range [][]string{
		{"link", "add", "v0", "type", "veth", "peer", "name", "v1"},
		{"link", "set", "v0", "up"},
		{"link", "set", "v1", "up"},
	} {
		out, err := exec.Command("ip", args...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// send sends a frame out of an interface.
func send(t *testing.T, name string, frame []byte) {
	t.Helper()
	i, err := net.InterfaceByName(name)
	require.NoError(t, err)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: i.Index}))
}

// synFrame is an Ethernet frame with a TCP SYN.
func synFrame() []byte {
	f := make([]byte, 64)
	copy(f, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\x00\x00\x32")
	f[22], f[23] = 64, unix.IPPROTO_TCP
	copy(f[26:], "\x0a\x00\x00\x01\x0a\x00\x00\x02")
	binary.BigEndian.PutUint16(f[34:], 1234)
	binary.BigEndian.PutUint16(f[36:], 80)
	f[46], f[47] = 5<<4, 2
	return f
}

// TestEvents runs a program that samples packets in a kernel's network stack
// and reads what it sends.
func TestEvents(t *testing.T) {
	if err := oracle.KernelAvailable(); errors.Is(err, oracle.ErrKernelStuck) {
		t.Skipf("user-mode Linux has no perf events, so only the running kernel could answer: %v", err)
	}
	vethPair(t)
	d, err := Open("v0", Options{})
	require.NoError(t, err)
	defer d.Close()
	p, err := offload.ReadProgram("../../testdata/bpf/event_sample.o", "", "", object.Options{})
	require.NoError(t, err)
	require.Zero(t, p.Maps[0].MaxEntries, "as many entries as CPUs")
	for _, entries := range []uint32{0, 1024} {
		p.Maps[0].MaxEntries = entries
		readOneEvent(t, d, p)
	}
}

// TestRing reads what a program on the host puts into a ring buffer.
func TestRing(t *testing.T) {
	if err := oracle.KernelAvailable(); errors.Is(err, oracle.ErrKernelStuck) {
		t.Skipf("only the running kernel has packets for the program: %v", err)
	}
	vethPair(t)
	d, err := Open("v0", Options{})
	require.NoError(t, err)
	defer d.Close()
	p, err := offload.ReadProgram("../../testdata/bpf/flow_export.o", "", "", object.Options{})
	require.NoError(t, err)
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: p, Hook: offload.Hook{Mode: offload.Generic}})
	require.NoError(t, err)
	var id uint32
	for _, m := range res.Attachment.Maps {
		if m.Type == bpf.MapTypeRingbuf {
			id = m.ID
		}
	}
	ev, err := d.Events(t.Context(), id)
	require.NoError(t, err)
	send(t, "v1", synFrame())
	e, err := ev.Read()
	require.NoError(t, err)
	require.Contains(t, string(e.Data), "\x0a\x00\x00\x01\x0a\x00\x00\x02", "the flow's addresses")
	ended := make(chan error)
	go func() {
		_, err := ev.Read()
		ended <- err
	}()
	require.NoError(t, ev.Close())
	require.ErrorIs(t, <-ended, io.EOF)
	_, err = offload.Detach(t.Context(), d, offload.DetachRequest{})
	require.NoError(t, err)
}

// readOneEvent attaches a program that samples packets, reads what it sends for
// one, and detaches it.
func readOneEvent(t *testing.T, d *Device, p *offload.Program) {
	t.Helper()
	res, err := offload.Attach(t.Context(), d, offload.Request{Program: p, Hook: offload.Hook{Mode: offload.Generic}})
	require.NoError(t, err)
	require.Len(t, res.Attachment.Maps, 1)
	require.Equal(t, bpf.MapTypePerfEventArray, res.Attachment.Maps[0].Type)

	ev, err := d.Events(t.Context(), res.Attachment.Maps[0].ID)
	require.NoError(t, err)
	send(t, "v1", synFrame())
	e, err := ev.Read()
	require.NoError(t, err)
	require.Zero(t, e.Lost)
	require.GreaterOrEqual(t, len(e.Data), 16+64)
	require.Equal(t, []byte{10, 0, 0, 1, 10, 0, 0, 2}, e.Data[:8])
	require.Equal(t, synFrame()[:64], e.Data[16:16+64])
	require.NoError(t, ev.Close())

	counters, err := d.Stats(t.Context())
	require.NoError(t, err)
	seen := map[string]uint64{}
	for _, c := range counters {
		seen[c.Group+" "+c.Name] = c.Value
	}
	require.Positive(t, seen["link rx_packets"])
	require.Contains(t, seen, "driver peer_ifindex")
	gone, err := offload.Detach(t.Context(), d, offload.DetachRequest{})
	require.NoError(t, err)
	require.Len(t, gone, 1)
}

// TestNoDriver is a kernel without netdevsim, such as the host's.
func TestNoDriver(t *testing.T) {
	if _, err := os.Stat(simBus); err == nil {
		t.Skip("this kernel has netdevsim; the guests' tests use it")
	}
	_, err := AddSimDevice(1, 1)
	require.ErrorIs(t, err, offload.ErrNotSupported)
	require.ErrorContains(t, err, "add netdevsim 1: ")
	require.ErrorContains(t, err, "no netdevsim driver, or it is not loaded: try `modprobe netdevsim`")
	all, err := SimDevices()
	require.NoError(t, err)
	require.Empty(t, all)
}

// TestFeaturesOfRoot asks the running kernel, whatever its version, about an
// interface that cannot offload: root's privilege is not in question.
func TestFeaturesOfRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test loads programs: run it as root")
	}
	d, err := Open("lo", Options{})
	require.NoError(t, err)
	defer d.Close()
	c, err := d.Capabilities(t.Context())
	require.NoError(t, err)
	for _, p := range c.Programs {
		require.False(t, p.OK, p.Name)
		if p.ID == uint32(bpf.ProgTypeXDP) {
			require.Contains(t, p.Reason, "lo is a loopback interface and cannot run programs in hardware")
		}
	}
}
