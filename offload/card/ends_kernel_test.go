package card_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/sim/ports"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// redirecting is an XDP program that redirects by key 0 of a map, with the program of the
// map's entries if there is one: it notes in the frame by which interface it came, and
// ends with a verdict.
func redirecting(t *testing.T, typ bpf.MapType, flags int, end string, targets ...uint32) *object.Program {
	word := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	parse := func(text string) []bpf.Insn {
		l, err := bpf.Parse(text, "targets")
		require.NoError(t, err)
		return l.Insns
	}
	m := &object.Map{Name: "targets", Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 8, Ends: map[string]string{}}
	for k, to := range targets {
		m.Initial = append(m.Initial, object.Entry{Key: word(uint32(k)), Value: append(word(to), 0, 0, 0, 0)})
		if end != "" {
			m.Ends[string(word(uint32(k)))] = "end"
		}
	}
	p := &object.Program{
		Name: "redirecting", Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Funcs: []object.Func{{Name: "redirecting"}},
		Insns: parse(fmt.Sprintf("r1 = map[targets]\nr2 = 0\nr3 = %d\ncall redirect_map\nexit", flags)),
	}
	if end != "" {
		p.Called = append(p.Called, &object.Program{Name: "end", Type: object.XDP, Attach: m.Holds(), License: "GPL", Funcs: []object.Func{{Name: "end"}}, Insns: parse(end), Maps: p.Maps})
	}
	return p
}

// noting is a far end's program: it writes the interfaces of the frame's way into it.
func noting(egress string, verdict bpf.XDPAction) string {
	return fmt.Sprintf(`
		r6 = r1
		r7 = *(u32 *)(r6 +12)
		%s
		r1 = *(u32 *)(r6 +0)
		r2 = *(u32 *)(r6 +4)
		r3 = r1
		r3 += 40
		if r3 > r2 goto out
		*(u32 *)(r1 +24) = r7
		*(u32 *)(r1 +28) = r8
		out: r0 = %d
		exit`, egress, verdict)
}

// attachRedirecting attaches a redirecting program to a card, where entries are written
// by the names of programs once it runs.
func attachRedirecting(t *testing.T, dev offload.Device, p *object.Program) {
	m := *p.Maps[0]
	m.Initial, m.Ends = nil, nil
	with := *p
	with.Maps = []*object.Map{&m}
	with.Called = nil
	for _, end := range p.Called {
		e := *end
		e.Maps = with.Maps
		with.Called = append(with.Called, &e)
	}
	res, err := offload.Attach(t.Context(), dev, offload.Request{Program: &offload.Program{Program: &with}})
	require.NoError(t, err)
	maps, types := dev.(offload.MapStore), dev.(offload.MapTyper)
	opened, err := maps.OpenMap(t.Context(), res.Attachment.Maps[0].ID)
	require.NoError(t, err)
	for _, e := range p.Maps[0].Initial {
		first, end := "ifindex", "none"
		if m.Type == bpf.MapTypeCPUMap {
			first = "qsize"
		}
		if p.Maps[0].Ends[string(e.Key)] != "" {
			end = "end"
		}
		text := fmt.Sprintf("{.%s = %d, .bpf_prog = %s}", first, binary.LittleEndian.Uint32(e.Value), end)
		v, err := offload.ParseValue(types.MapTypes(t.Context(), opened.Info().ID).Value, text, opened.ValueBytes())
		require.NoError(t, err, text)
		require.NoError(t, opened.Update(e.Key, v, 0), text)
	}
	require.NoError(t, opened.Close())
}

// TestFarEndsAsNative sends frames through programs that redirect: to ports with a
// program at the far end, one and all others, and to a queue of the host, with a program
// there and without. What comes out at the cables and at the host is what comes out where
// the kernel's native XDP runs the same program on veths.
func TestFarEndsAsNative(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	const frames = 20
	// Ports 1 to 3 are interfaces 2 to 4, as in the kernel.
	const first, count = 2, 3
	// seats is a namespace with veths of these numbers: nK is the interface, fK the end of
	// its cable.
	seats := func(t *testing.T) *space {
		s := newSpace(t)
		s.do(func() error {
			for k := range count {
				near, far := fmt.Sprint("n", k), fmt.Sprint("f", k)
				line := fmt.Sprintf("link add %s index %d type veth peer name %s index %d", near, first+k, far, first+count+k)
				if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
					return fmt.Errorf("%s: %w: %s", line, err, out)
				}
				if err := up(near, ""); err != nil {
					return err
				}
				if err := up(far, ""); err != nil {
					return err
				}
			}
			return nil
		})
		return s
	}
	// exchange sends frames in at the cable of the first interface, and returns what comes
	// out at cables and host, sorted: the kernel's queues keep no order between places.
	exchange := func(t *testing.T, far []ports.Port, host ports.Port, want int, done func() bool) (got []string) {
		var sights []*sight
		for _, p := range append(slices.Clone(far), host) {
			sights = append(sights, watch(t, p))
		}
		for k := range frames {
			f := bytes.Repeat([]byte{byte(k)}, 64)
			copy(f, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5})
			require.NoError(t, far[0].Send(f))
		}
		sum := func() (n int) {
			for _, s := range sights {
				n += s.count()
			}
			return n
		}
		for end := time.Now().Add(time.Minute); (sum() < want || !done()) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(quiet)
		for k, s := range sights {
			for _, f := range s.all() {
				got = append(got, fmt.Sprintf("place %d: %x", k, f))
			}
		}
		slices.Sort(got)
		return got
	}
	egress, none := "r8 = *(u32 *)(r6 +20)", "r8 = 0"
	const broadcastOthers = 0x18
	for _, c := range []struct {
		name string
		p    *object.Program
		want int // of a frame
	}{
		{"a port", redirecting(t, bpf.MapTypeDevMap, 0, noting(egress, bpf.XDPPass), first+1), 1},
		{"a port, without a program", redirecting(t, bpf.MapTypeDevMap, 0, "", first+2), 1},
		{"a port, dropped there", redirecting(t, bpf.MapTypeDevMap, 0, noting(egress, bpf.XDPDrop), first+1), 0},
		{"all other ports", redirecting(t, bpf.MapTypeDevMap, broadcastOthers, noting(egress, bpf.XDPPass), first, first+1, first+2), 2},
		{"a queue of the host", redirecting(t, bpf.MapTypeCPUMap, 0, noting(none, bpf.XDPPass), 192), 1},
		{"a queue of the host, without a program", redirecting(t, bpf.MapTypeCPUMap, 0, "", 192), 1},
		{"a queue of the host, dropped there", redirecting(t, bpf.MapTypeCPUMap, 0, noting(none, bpf.XDPDrop), 192), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := seats(t)
			s.veth("h0", "h1")
			gen, err := ports.Open("gen:packets=0", ports.Options{UID: -1, GID: -1, Log: t.Logf})
			require.NoError(t, err)
			all := []card.Port{{Wire: gen, Name: "gen", Bridge: -1}}
			var far []ports.Port
			for k := range count {
				p := card.Port{Wire: s.port(fmt.Sprint("netdev:n", k)), Name: fmt.Sprint("netdev:n", k), Bridge: -1}
				if k == 0 {
					p.Host, p.HostName = s.port("netdev:h0"), "netdev:h0"
				}
				all = append(all, p)
				far = append(far, s.port(fmt.Sprint("netdev:f", k)))
			}
			dev := start(t, all...).Device()
			attachRedirecting(t, dev, c.p)
			onCard := exchange(t, far, s.port("netdev:h1"), frames*c.want, func() bool {
				return stats(t, dev.(offload.Counting))["card packets"] == frames
			})
			require.Len(t, onCard, frames*c.want)

			s = seats(t)
			var k *oracle.KernelProgram
			s.do(func() (err error) { // entries name interfaces of the namespace
				k, err = oracle.LoadKernel(c.p, oracle.KernelOptions{})
				return err
			})
			defer k.Close()
			passes, err := oracle.LoadKernel(&object.Program{
				Name: "pass", Type: object.XDP, License: "GPL", Insns: []bpf.Insn{bpf.Mov.Imm(bpf.R0, int32(bpf.XDPPass)), bpf.Return()}, Funcs: []object.Func{{Name: "pass"}},
			}, oracle.KernelOptions{})
			require.NoError(t, err)
			defer passes.Close()
			far = nil
			s.do(func() error {
				for n := range count { // a veth takes redirected frames only for an end that has a program, too
					for name, fd := range map[string]int{fmt.Sprint("n", n): passes.FD(), fmt.Sprint("f", n): passes.FD()} {
						if name == "n0" {
							fd = k.FD()
						}
						l, err := netlink.LinkByName(name)
						if err == nil {
							err = netlink.LinkSetXdpFdWithFlags(l, fd, unix.XDP_FLAGS_DRV_MODE)
						}
						if err != nil {
							return err
						}
					}
				}
				return nil
			})
			for n := range count {
				far = append(far, s.port(fmt.Sprint("netdev:f", n)))
			}
			require.Equal(t, exchange(t, far, s.port("netdev:n0"), frames*c.want, func() bool { return true }), onCard)
		})
	}
}
