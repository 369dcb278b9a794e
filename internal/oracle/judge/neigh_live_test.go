package judge_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// wire is a raw socket at an interface of a namespace.
type wire struct{ fd, index int }

// wiresIn opens sockets at interfaces of a namespace.
func wiresIn(t *testing.T, ns *oracle.Namespace, names ...string) map[string]*wire {
	out := map[string]*wire{}
	require.NoError(t, ns.Do(func() error {
		const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
		for _, name := range names {
			i, err := net.InterfaceByName(name)
			if err != nil {
				return err
			}
			fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, all)
			if err != nil {
				return err
			}
			t.Cleanup(func() { unix.Close(fd) })
			if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}); err != nil {
				return err
			}
			out[name] = &wire{fd, i.Index}
		}
		return nil
	}))
	return out
}

// send puts a frame onto the interface's cable.
func (w *wire) send(frame []byte) error {
	return unix.Sendto(w.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: w.index})
}

// arrival returns the frame that came by the cable with these bytes behind its
// Ethernet header, nil for none; others are thrown away.
func (w *wire) arrival(payload []byte) []byte {
	buf := make([]byte, 4096)
	for {
		n, from, err := unix.Recvfrom(w.fd, buf, 0)
		if err != nil {
			return nil
		}
		at, ok := from.(*unix.SockaddrLinklayer)
		if ok && at.Pkttype != unix.PACKET_OUTGOING && n >= 14 && slices.Equal(buf[14:n], payload) {
			return slices.Clone(buf[:n])
		}
	}
}

// TestRedirectNeighLive sends frames through a sample that the kernel runs at an
// interface, and holds what comes out at the far ends of its cables against the
// card: where a frame leaves, and with which link addresses.
func TestRedirectNeighLive(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	path, err := filepath.Abs(filepath.Join(root, "testdata", "bpf", "edge_neigh.o"))
	require.NoError(t, err)
	ns, tables := namespaced(t, fmt.Sprintf(`
for n in all default v0 v1 v3 p0 p1 p3; do echo 8 > /proc/sys/net/ipv4/conf/$n/arp_ignore; done
tc qdisc add dev v0 clsact
tc filter add dev v0 ingress bpf da obj %s sec tc
`, path))
	obj, err := object.Load(path, object.Options{})
	require.NoError(t, err)
	judges := networkJudges(t, tables)
	var loaded []oracle.Loaded
	for _, j := range judges[1:] {
		l, err := j.Load(obj.Programs[0])
		require.NoError(t, err)
		loaded = append(loaded, l)
	}
	wires := wiresIn(t, ns, "p0", "p1")
	far := map[string]string{oracle.RedirectText(oracle.ToInterface, 102): "p0", oracle.RedirectText(oracle.ToInterface, 112): "p1"}
	sent := 0
	for k, p := range liveFrames() {
		require.NoError(t, wires["p0"].send(p))
		time.Sleep(2 * time.Millisecond)
		arrived := map[string][]byte{"p0": wires["p0"].arrival(p[14:]), "p1": wires["p1"].arrival(p[14:])}
		for _, l := range loaded {
			r, err := l.Run(p)
			require.NoError(t, err)
			if r.Verdict != uint32(bpf.TCActRedirect) {
				continue // it goes up to the host
			}
			for name, frame := range arrived {
				if far[r.Redirect] == name {
					require.Equal(t, frame, r.Packet, "frame %d, %x", k, p)
					sent++
				} else {
					require.Nil(t, frame, "frame %d comes out at %s, the card sends it to %s: %x", k, name, r.Redirect, p)
				}
			}
		}
	}
	require.Greater(t, sent, 10)
}

// liveFrames are frames to all destinations of the network.
func liveFrames() (list [][]byte) {
	frame := func(group byte, typ uint16, packet []byte) {
		p := append([]byte{group, 0, 0, 0, 0, 0x0a, 2, 0, 0, 0, 0, 0x99}, byte(typ>>8), byte(typ))
		p = append(p, packet...)
		for len(p) < 64 {
			p = append(p, byte(len(p)))
		}
		list = append(list, p)
	}
	for _, q := range fibPackets(true, 0) {
		q = q[20:84]
		to := q[32:48]
		if q[0] == 2 && to[3] == 255 || q[0] == 10 && to[0] == 0xff {
			continue // a card sends nothing to groups and broadcast addresses
		}
		if q[0] == 2 {
			packet := []byte{0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 99}
			packet = append(packet, to[:4]...)
			sum := uint32(0)
			for k := 0; k < 20; k += 2 {
				sum += uint32(binary.BigEndian.Uint16(packet[k:]))
			}
			sum = sum&0xffff + sum>>16
			sum = sum&0xffff + sum>>16
			binary.BigEndian.PutUint16(packet[10:], ^uint16(sum))
			frame(2, 0x0800, packet)
			continue
		}
		packet := append([]byte{0x60, 0, 0, 0, 0, 10, 17, 64}, q[16:32]...)
		frame(2, 0x86dd, append(packet, to...))
	}
	named := []byte{0x45, 0, 0, 50, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 99, 192, 0, 2, 1}
	frame(2, 0x0800, named)
	frame(1, 0x0800, named) // to a group: nobody
	return list
}
