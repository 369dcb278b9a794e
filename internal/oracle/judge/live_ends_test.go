package judge_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// The host of port 1, beside the far ends of the cables.
const toHost = -1

// listenHost opens a socket that sees what the host gets by port 1.
func (w *wired) listenHost(t *testing.T) (fd int) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: w.ports[1].Attrs().Index, Protocol: networkOrder(liveProto)}))
	return fd
}

// arrived is a frame at a far end, or at the host.
type arrived struct {
	At    int
	Frame string // in hex
}

func sortArrived(all []arrived) []arrived {
	slices.SortFunc(all, func(a, b arrived) int {
		if a.At != b.At {
			return a.At - b.At
		}
		return bytes.Compare([]byte(a.Frame), []byte(b.Frame))
	})
	return all
}

// watch sends a frame in by port 1 and returns what comes out: n frames, and those
// that nobody expects.
func (w *wired) watch(t *testing.T, host int, frame []byte, n int) (got []arrived) {
	_, err := unix.Write(w.far[1], frame)
	require.NoError(t, err)
	fds := map[int]int{toHost: host}
	for k, fd := range w.far {
		fds[k] = fd
	}
	limit, moment := time.Now().Add(20*time.Second), time.Time{}
	for time.Now().Before(limit) {
		for k, fd := range fds {
			var b [2048]byte
			size, from, err := unix.Recvfrom(fd, b[:], 0)
			if err != nil || from.(*unix.SockaddrLinklayer).Pkttype == unix.PACKET_OUTGOING {
				continue
			}
			got = append(got, arrived{k, fmt.Sprintf("%x", b[:size])})
		}
		if len(got) >= n && moment.IsZero() {
			moment = time.Now().Add(60 * time.Millisecond)
		}
		if !moment.IsZero() && time.Now().After(moment) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return sortArrived(got)
}

// endsOnCard returns what comes out of a card for a frame that came in by port 1.
func endsOnCard(t *testing.T, p *object.Program, frame []byte) (out []arrived) {
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{CheckAllocation: true})
	require.NoError(t, err)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	res := m.Run(sim.Input{Packet: frame, IngressIfindex: firstPort + 1})
	require.Nil(t, res.Fault)
	add := func(to *sim.Redirect, packet []byte) {
		at := int(to.To) - firstPort
		if to.Kind == target.RedirectCPU {
			at = toHost
		}
		if at >= toHost && at < wires && to.Kind != "" {
			out = append(out, arrived{at, fmt.Sprintf("%x", packet)})
		}
	}
	places := func(r *sim.Result) {
		for k := range sim.FarEnds(r) {
			if to := sim.EndOf(&r.Redirect, k); to.Program == 0 {
				add(&to, r.Packet)
			}
		}
	}
	require.Equal(t, uint32(bpf.XDPRedirect), res.Verdict)
	places(&res)
	for i := range res.Ends {
		e := &res.Ends[i]
		require.Nil(t, e.Result.Fault)
		switch e.Fate() {
		case sim.EndSends:
			add(&e.To, e.Result.Packet)
		case sim.EndGoesOn:
			places(&e.Result)
		}
	}
	return sortArrived(out)
}

// TestLiveEnds sends real frames through the kernel's forwarding, with programs in the
// entries of device and CPU maps: what comes out where is what the card sends there.
func TestLiveEnds(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	const p0, p1, p2 = firstPort, firstPort + 1, firstPort + 2
	word := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	type entry struct {
		key, value uint32
		program    string
	}
	targets := func(typ bpf.MapType, entries ...entry) *object.Map {
		m := &object.Map{Name: "targets", Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 8, Ends: map[string]string{}}
		for _, e := range entries {
			m.Initial = append(m.Initial, object.Entry{Key: word(e.key), Value: append(word(e.value), 0, 0, 0, 0)})
			if e.program != "" {
				m.Ends[string(word(e.key))] = e.program
			}
		}
		return m
	}
	parse := func(text string, maps ...string) []bpf.Insn {
		l, err := bpf.Parse(text, maps...)
		require.NoError(t, err)
		return l.Insns
	}
	byMap := func(key, flags int) string {
		return fmt.Sprintf("r1 = map[targets]\nr2 = %d\nr3 = %d\ncall redirect_map\nexit", key, flags)
	}
	// A program that writes a mark, the interfaces and what else it is told into the
	// frame, and ends with a verdict.
	marks := func(mark int, context string, verdict int) string {
		return fmt.Sprintf(`
			r6 = r1
			r7 = *(u32 *)(r6 +12)
			%s
			r1 = *(u32 *)(r6 +0)
			r2 = *(u32 *)(r6 +4)
			r3 = r1
			r3 += 40
			if r3 > r2 goto out
			*(u32 *)(r1 +0) = 2
			*(u32 *)(r1 +4) = 0x20100
			*(u32 *)(r1 +8) = 0x2000000
			*(u16 *)(r1 +12) = 46472
			*(u8 *)(r1 +20) = %d
			*(u32 *)(r1 +24) = r7
			*(u32 *)(r1 +28) = r8
			out: r0 = %d
			exit`, context, mark, verdict)
	}
	egress, none := "r8 = *(u32 *)(r6 +20)", "r8 = 0"
	head := func(by int) string {
		return fmt.Sprintf("%s\nr1 = r6\nr2 = %d\ncall xdp_adjust_head", none, by)
	}
	w := newWires(t)
	host := w.listenHost(t)
	devmap, hash, cpumap := bpf.MapTypeDevMap, bpf.MapTypeDevMapHash, bpf.MapTypeCPUMap
	for n, c := range []struct {
		name string
		m    *object.Map
		main string
		ends map[string]string
		want int // frames
	}{
		{"one port", targets(devmap, entry{3, p2, "a"}), byMap(3, 0), map[string]string{"a": marks(1, egress, 2)}, 1},
		{"back by the same port", targets(devmap, entry{3, p1, "a"}), byMap(3, 0), map[string]string{"a": marks(2, egress, 2)}, 1},
		{"by a hash", targets(hash, entry{1 << 30, p0, "a"}), byMap(1<<30, 0), map[string]string{"a": marks(3, egress, 2)}, 1},
		{"dropped", targets(devmap, entry{3, p2, "a"}), byMap(3, 0), map[string]string{"a": marks(4, egress, 1)}, 0},
		{"aborted", targets(devmap, entry{3, p2, "a"}), byMap(3, 0), map[string]string{"a": marks(4, egress, 0)}, 0},
		{"sent back, which is none there", targets(devmap, entry{3, p2, "a"}), byMap(3, 0), map[string]string{"a": marks(5, egress, 3)}, 0},
		{"redirected, which is none there", targets(devmap, entry{3, p2, "a"}, entry{4, p0, ""}), byMap(3, 0), map[string]string{"a": byMap(4, 0)}, 0},
		{"an unknown verdict", targets(devmap, entry{3, p2, "a"}), byMap(3, 0), map[string]string{"a": marks(5, egress, 9)}, 0},
		{"another entry without", targets(devmap, entry{3, p2, "a"}, entry{4, p2, ""}), byMap(4, 0), map[string]string{"a": marks(6, egress, 1)}, 1},
		{"to all", targets(devmap, entry{0, p0, "a"}, entry{1, p1, ""}, entry{2, p2, "b"}), byMap(0, 8), map[string]string{"a": marks(7, egress, 2), "b": marks(8, egress, 2)}, 3},
		{"to the others", targets(devmap, entry{0, p0, "a"}, entry{1, p1, "a"}, entry{2, p2, "b"}), byMap(0, 0x18), map[string]string{"a": marks(9, egress, 2), "b": marks(10, egress, 2)}, 2},
		{"to the others of a hash, one dropped", targets(hash, entry{7, p0, "a"}, entry{8, p1, "a"}, entry{9, p2, "b"}), byMap(0, 0x18), map[string]string{"a": marks(11, egress, 1), "b": marks(12, egress, 2)}, 1},
		{"one of them twice", targets(devmap, entry{0, p0, "a"}, entry{1, p0, "b"}), byMap(0, 8), map[string]string{"a": marks(13, egress, 2), "b": marks(14, egress, 2)}, 2},
		{"made longer", targets(devmap, entry{3, p2, "a"}), byMap(3, 0), map[string]string{"a": marks(15, head(-8), 2)}, 1},
		{"made shorter", targets(devmap, entry{0, p0, "a"}, entry{2, p2, "b"}), byMap(0, 8), map[string]string{"a": marks(16, head(4), 2), "b": marks(17, egress, 2)}, 2},
		{
			"the redirect after one with a program", targets(devmap, entry{3, p2, "a"}), fmt.Sprintf("r1 = map[targets]\nr2 = 3\nr3 = 0\ncall redirect_map\nr1 = %d\nr2 = 0\ncall redirect\nexit", p0),
			map[string]string{"a": marks(18, egress, 1)},
			1,
		},
		{"a processor", targets(cpumap, entry{0, 192, "a"}), byMap(0, 0), map[string]string{"a": marks(19, none, 2)}, 1},
		{"a processor, dropped", targets(cpumap, entry{0, 192, "a"}), byMap(0, 0), map[string]string{"a": marks(20, none, 1)}, 0},
		{"a processor, sent back, which is none there", targets(cpumap, entry{0, 192, "a"}), byMap(0, 0), map[string]string{"a": marks(20, none, 3)}, 0},
		{"a processor, to a port", targets(cpumap, entry{0, 192, "a"}), byMap(0, 0), map[string]string{"a": fmt.Sprintf("r1 = %d\nr2 = 0\ncall redirect\nexit", p2)}, 1},
		{"a processor, to no port", targets(cpumap, entry{0, 192, "a"}), byMap(0, 0), map[string]string{"a": "r1 = 999\nr2 = 0\ncall redirect\nexit"}, 0},
	} {
		// A subtest would run on another thread, outside the namespace.
		func() {
			p := &object.Program{Name: "live", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "live"}}, Insns: parse(c.main, "targets"), Maps: []*object.Map{c.m}}
			for _, name := range []string{"a", "b"} {
				if text, ok := c.ends[name]; ok {
					p.Called = append(p.Called, &object.Program{
						Name: name, Type: object.XDP, Attach: c.m.Holds(), License: "GPL", Funcs: []object.Func{{Name: name}}, Insns: parse(text, "targets"), Maps: p.Maps,
					})
				}
			}
			frame := make([]byte, 64)
			copy(frame, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, liveProto >> 8, liveProto & 0xff, byte(n)})
			card := endsOnCard(t, p, frame)
			require.Len(t, card, c.want, c.name)
			k, err := oracle.LoadKernel(p, oracle.KernelOptions{})
			require.NoError(t, err, c.name)
			defer k.Close()
			defer w.attach(t, object.XDP, k.FD())()
			require.Equal(t, card, w.watch(t, host, frame, c.want), c.name)
		}()
	}
}
