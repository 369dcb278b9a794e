package judge_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Interfaces of the tests: underlay is v0 of package testnet and customer v3.
const (
	underlay = 102
	customer = 132
)

// tunnelling is a program that notes the key and the options of what came out of a
// tunnel and sends it to the customer; other frames say what key they want, and it
// sends them there.
//
// Such a frame has at 42 a struct bpf_tunnel_key, at 86 flags, at 90 a number of bytes
// of options (0, 4, 12 or 64), and at 94 the options.
const tunnelling = `
	r6 = r1
	*(u64 *)(r10 -8) = 0
	*(u32 *)(r10 -136) = 0
	r2 = r10
	r2 += -48
	r3 = 44
	r4 = 16
	call skb_get_tunnel_key
	*(u64 *)(r10 -120) = r0
	if r0 == 0 goto inside
	if r0 != -71 goto send
	r1 = r6
	r2 = r10
	r2 += -48
	r3 = 44
	r4 = 17
	call skb_get_tunnel_key
inside:	r1 = r6
	r2 = r10
	r2 += -112
	r3 = 64
	call skb_get_tunnel_opt
	*(u64 *)(r10 -128) = r0
	r1 = map[got]
	r2 = r10
	r2 += -136
	r3 = r10
	r3 += -128
	r4 = 0
	call map_update_elem
	r1 = CUSTOMER
	r2 = 0
	call redirect
	exit
send:	r1 = r6
	r2 = 42
	r3 = r10
	r3 += -136
	r4 = 136
	call skb_load_bytes
	if r0 != 0 goto shot
	r1 = r6
	r2 = r10
	r2 += -136
	r3 = 44
	r4 = *(u32 *)(r10 -92)
	call skb_set_tunnel_key
	if r0 != 0 goto shot
	r1 = r6
	r2 = r10
	r2 += -84
	r7 = *(u32 *)(r10 -88)
	if r7 == 0 goto out
	r3 = 4
	if r7 == 4 goto four
	r3 = 12
	if r7 == 12 goto twelve
	r3 = 64
	call skb_set_tunnel_opt
	goto out
four:	call skb_set_tunnel_opt
	goto out
twelve:	call skb_set_tunnel_opt
out:	r1 = DEVICE
	r2 = 0
	call redirect
	exit
shot:	r0 = 2
	exit`

// tunnellingTo makes the program for a tunnel device.
func tunnellingTo(t *testing.T, device int) *object.Program {
	got := &object.Map{Name: "got", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 128, MaxEntries: 1}
	text := strings.NewReplacer("CUSTOMER", fmt.Sprint(customer), "DEVICE", fmt.Sprint(device)).Replace(tunnelling)
	l, err := bpf.Parse(text, got.Name)
	require.NoError(t, err)
	return &object.Program{
		Name: "tunnelling", Type: object.TC, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "tunnelling"}}, Maps: []*object.Map{got}, Section: "tc",
	}
}

// asks is a frame of the customer that asks for a key.
func asks(remote, local string, id uint32, tos, ttl uint8, flags uint32, label uint32, options uint32, inner func(p []byte)) []byte {
	p := make([]byte, 180)
	for k := range p {
		p[k] = byte(k * 3)
	}
	copy(p, []byte{2, 0, 0, 0, 3, 0x0a, 2, 0, 0, 0, 3, 0x0b, 8, 0})
	ipv4(p, 0)
	if inner != nil {
		inner(p)
	}
	key := p[42:]
	clear(key[:52])
	le := binary.LittleEndian
	le.PutUint32(key, id)
	put := func(at int, s string) {
		if s == "" {
			return
		}
		if a := netip.MustParseAddr(s); a.Is4() {
			le.PutUint32(key[at:], binary.BigEndian.Uint32(a.AsSlice()))
		} else {
			copy(key[at:], a.AsSlice())
		}
	}
	put(4, remote)
	put(28, local)
	key[20], key[21] = tos, ttl
	le.PutUint32(key[24:], label)
	le.PutUint32(key[44:], flags)
	le.PutUint32(key[48:], options)
	if options > 0 {
		// Options that Geneve devices take for such.
		for at := 0; at < int(options); at += 4 {
			copy(key[52+at:], []byte{1, 2, byte(at), 0})
		}
	}
	return p
}

// ipv4 makes a frame one of IPv4 with a type of service.
func ipv4(p []byte, tos uint8) {
	ip := p[14:]
	copy(ip, []byte{0x45, tos, 0, byte(len(p) - 14), 0x12, 0x34, 0x40, 0, 63, 17, 0, 0, 10, 3, 0, 7, 10, 77, 0, 5})
	binary.BigEndian.PutUint16(ip[10:], ^onesSum(ip[:20]))
	copy(ip[20:], []byte{0x10, 0, 0x20, 0, 0, byte(len(p) - 34), 0, 0})
}

// ipv6 makes a frame one of IPv6 with a traffic class.
func ipv6(tos uint8) func(p []byte) {
	return func(p []byte) {
		copy(p[12:], []byte{0x86, 0xdd, 0x60 | tos>>4, tos << 4, 0, 0, 0, byte(len(p) - 54), 59, 63})
	}
}

func onesSum(b []byte) uint16 {
	s := uint32(0)
	for ; len(b) > 1; b = b[2:] {
		s += uint32(binary.BigEndian.Uint16(b))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// plainOuter checks the outer headers' checksums and takes out what is not the same
// on two hosts: identification, UDP source port, and the checksums over them.
func plainOuter(t *testing.T, frame []byte) []byte {
	p := slices.Clone(frame)
	ip, proto, pseudo := p[14:], byte(0), []byte(nil)
	var behind []byte
	if p[12] == 8 {
		require.Equal(t, uint16(0xffff), onesSum(ip[:20]), "%x", frame)
		clear(ip[4:6])
		clear(ip[10:12])
		proto, behind = ip[9], ip[20:]
		pseudo = slices.Clone(ip[12:20])
	} else {
		proto, behind = ip[6], ip[40:]
		pseudo = slices.Clone(ip[8:40])
	}
	if proto != 17 {
		return p
	}
	if behind[6]|behind[7] != 0 {
		pseudo = append(pseudo, 0, 17, behind[4], behind[5])
		sum := append(pseudo, behind...)
		if len(sum)%2 != 0 {
			sum = append(sum, 0)
		}
		require.Equal(t, uint16(0xffff), onesSum(sum), "%x", frame)
		behind[6], behind[7] = 0xff, 0xff
	}
	clear(behind[:2])
	return p
}

// tunnelKinds are the devices of the tests, with the port that is one on the card.
var tunnelKinds = []struct {
	device int
	port   string
	// decap is whether what comes out is compared: an IPIP device has no link header.
	decap bool
}{{402, "vxlan:4789", true}, {502, "geneve:6081", true}, {602, "ipip", false}}

// tunnelSpace makes the devices beside the network of package testnet.
func tunnelSpace(t *testing.T) (*oracle.Namespace, *network.Tables) {
	return namespaced(t, `
for n in all default v0 v1 v3 p0 p1 p3; do echo 8 > /proc/sys/net/ipv4/conf/$n/arp_ignore; done
for n in v0 p0 v3 p3; do ethtool -K $n tx off rx off gro off > /dev/null; done
ip link add name vx0 index 402 type vxlan external dstport 4789
ip link add name gnv0 index 502 type geneve external || :
ip link add name ipip1 index 602 type ipip external || :
for n in vx0 gnv0 ipip1; do ip link set dev $n addrgenmode none && ip link set dev $n up || :; done
`)
}

// has reports whether a namespace has an interface.
func has(t *testing.T, ns *oracle.Namespace, index int) bool {
	found := false
	require.NoError(t, ns.Do(func() error {
		_, err := net.InterfaceByIndex(index)
		found = err == nil
		return nil
	}))
	return found
}

// filter attaches a program to what comes in by an interface.
func filter(t *testing.T, ns *oracle.Namespace, index, fd int) {
	require.NoError(t, ns.Do(func() error {
		q := &netlink.Clsact{QdiscAttrs: netlink.QdiscAttrs{LinkIndex: index, Handle: netlink.MakeHandle(0xffff, 0), Parent: netlink.HANDLE_CLSACT}}
		if err := netlink.QdiscReplace(q); err != nil {
			return err
		}
		return netlink.FilterReplace(&netlink.BpfFilter{
			FilterAttrs: netlink.FilterAttrs{LinkIndex: index, Parent: netlink.HANDLE_MIN_INGRESS, Handle: 1, Protocol: unix.ETH_P_ALL, Priority: 1},
			Fd:          fd, Name: "live", DirectAction: true,
		})
	}))
}

// arrivals returns the frames that have come by the cable; those of others are thrown
// away.
func (w *wire) arrivals(ours func(p []byte) bool) (list [][]byte) {
	buf := make([]byte, 4096)
	for {
		n, from, err := unix.Recvfrom(w.fd, buf, 0)
		if err != nil {
			return list
		}
		at, ok := from.(*unix.SockaddrLinklayer)
		if ok && at.Pkttype != unix.PACKET_OUTGOING && n >= 34 && ours(buf[:n]) {
			list = append(list, slices.Clone(buf[:n]))
		}
	}
}

// cardTunnel is a card with a port in tunnel mode.
type cardTunnel struct {
	m    *sim.Machine
	port *tunnel.Port
}

func newCardTunnel(t *testing.T, mode string, tables *network.Tables) *cardTunnel {
	v, err := verify.Verify(tunnellingTo(t, underlay), verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	spec := sim.DefaultSpec()
	spec.Network = tables
	m, err := sim.New(img, spec)
	require.NoError(t, err)
	port, err := tunnel.ParsePort(mode)
	require.NoError(t, err)
	port.Local, port.MAC = tables.Ends(underlay)
	return &cardTunnel{m, port}
}

// out sends a frame of the customer and returns what leaves by the port, nil for
// nothing.
func (c *cardTunnel) out(t *testing.T, p []byte) ([]byte, *tunnel.Loss) {
	r := c.m.Run(sim.Input{Packet: p, IngressIfindex: customer})
	require.Nil(t, r.Fault)
	if r.Verdict != uint32(bpf.TCActRedirect) {
		return nil, nil
	}
	require.Equal(t, uint32(underlay), r.Redirect.To)
	require.True(t, r.Tunnelled)
	return c.port.Send(r.Packet, &r.Tunnel, func(key *tunnel.Key) (tunnel.Way, *tunnel.Loss) {
		return network.Way(c.m.Maps(), underlay, key.Destination, 0)
	})
}

// in takes a frame that comes by the port and returns what the customer gets, and what
// the program noted of its key.
func (c *cardTunnel) in(t *testing.T, p []byte) (frame, noted []byte) {
	inner, key, fate := c.port.Receive(p)
	if fate != tunnel.Inside {
		return nil, nil
	}
	r := c.m.Run(sim.Input{Packet: inner, IngressIfindex: underlay, Tunnel: &key})
	require.Nil(t, r.Fault)
	if r.Verdict != uint32(bpf.TCActRedirect) {
		return nil, nil
	}
	m, _ := c.m.Map("got")
	noted, _ = m.Lookup(make([]byte, 4))
	return r.Packet, noted
}

// tunnelFrames are frames that ask for keys of every kind.
func tunnelFrames() (list [][]byte) {
	add := func(p []byte) { list = append(list, p) }
	for _, to := range []string{"10.0.0.7", "192.0.2.1", "10.9.1.7", "10.0.0.99", "0.0.0.0", "10.66.0.1", "10.67.0.1", "10.68.0.1"} {
		add(asks(to, "", 0x123456, 0, 9, 0, 0, 0, nil))
	}
	for _, to := range []string{"2001:db8::7", "2001:dead::1", "2001:db8:9:1::7", "2001:db8::99", "::", "2001:db8:67::1"} {
		add(asks(to, "", 0x123456, 0, 9, 1, 0, 0, nil))
	}
	for flags := range uint32(33) {
		to := "10.0.0.7"
		if flags&1 != 0 {
			to = "2001:db8::7"
		}
		add(asks(to, "", 0xffffff, 0x48, 0, flags, 0, 0, nil))
		add(asks(to, "", 1, 0x4b, 200, flags, flags&1*0x81234, []uint32{4, 12, 64}[flags%3], nil))
	}
	for _, tos := range []uint8{0, 1, 2, 3, 0xb8, 0xbb, 0xff} {
		for ecn := range uint8(4) {
			add(asks("10.0.0.7", "10.0.0.9", 5, tos, 1, 0, 0, 0, func(p []byte) { ipv4(p, 0x20|ecn) }))
			add(asks("2001:db8::7", "2001:db8:0::1", 5, tos, 1, 1, 0xfffff, 0, ipv6(0x20|ecn)))
			add(asks("10.0.0.7", "172.16.0.9", 5, tos, 0, 0, 0, 0, ipv6(0x20|ecn)))
		}
	}
	add(asks("10.0.0.7", "", 1<<24|7, 0, 1, 0, 0, 0, func(p []byte) { p[12], p[13] = 0x88, 0xb5 }))
	add(asks("10.0.0.7", "", 7, 0, 1, 0, 5, 0, nil)) // a label of IPv4: refused
	return list
}

// TestTunnelLive sends frames through tunnel devices of the kernel and through ports
// of the card in their modes, with one program: what leaves is the same but for fields
// that are a host's own, and so is what comes out of what left.
func TestTunnelLive(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	ns, tables := tunnelSpace(t)
	wires := wiresIn(t, ns, "p0", "p3")
	for _, kind := range tunnelKinds {
		t.Run(kind.port, func(t *testing.T) {
			if !has(t, ns, kind.device) {
				t.Logf("this kernel has no device for %s", kind.port)
				return
			}
			k, err := oracle.LoadKernel(tunnellingTo(t, kind.device), oracle.KernelOptions{})
			require.NoError(t, err)
			defer k.Close()
			filter(t, ns, customer, k.FD())
			filter(t, ns, kind.device, k.FD())
			card := newCardTunnel(t, kind.port, tables)
			var left [][]byte
			lost := map[string]int{}
			for n, p := range tunnelFrames() {
				require.NoError(t, wires["p3"].send(p))
				time.Sleep(2 * time.Millisecond)
				got := wires["p0"].arrivals(outerOf(kind.port))
				want, why := card.out(t, p)
				if want == nil {
					require.Empty(t, got, "frame %d, which the card drops (%v): %x", n, why, p)
					if why != nil {
						lost[why.Name]++
					}
					continue
				}
				require.Len(t, got, 1, "frame %d", n)
				require.Equal(t, fmt.Sprintf("%x", plainOuter(t, got[0])), fmt.Sprintf("%x", plainOuter(t, want)), "frame %d", n)
				left = append(left, got[0])
			}
			require.Greater(t, len(left), 20)
			t.Log(len(left), "frames left; lost on the card:", lost)
			if !kind.decap {
				return
			}
			// What the host sent to itself has come out already.
			_ = wires["p3"].arrivals(func([]byte) bool { return false })
			inside := 0
			for n, p := range returned(left) {
				require.NoError(t, k.Maps[0].Update(make([]byte, 4), make([]byte, 128)))
				require.NoError(t, wires["p0"].send(p))
				time.Sleep(2 * time.Millisecond)
				got := wires["p3"].arrivals(func(q []byte) bool { return q[0] == 2 && q[5] == 0x0a })
				frame, noted := card.in(t, p)
				if frame == nil {
					require.Empty(t, got, "frame %d: %x", n, p)
					continue
				}
				require.Len(t, got, 1, "frame %d: %x", n, p)
				require.Equal(t, got[0], frame, "frame %d", n)
				want, ok, err := k.Maps[0].Lookup(make([]byte, 4))
				require.NoError(t, err)
				require.True(t, ok)
				require.Equal(t, fmt.Sprintf("%x", want), fmt.Sprintf("%x", noted), "frame %d: %x", n, p)
				inside++
			}
			require.Greater(t, inside, 20)
			t.Log(inside, "frames came out")
		})
	}
}

// outerOf tells frames of a tunnel.
func outerOf(port string) func(p []byte) bool {
	proto := byte(17)
	if port == "ipip" {
		proto = 4
	}
	return func(p []byte) bool {
		return p[12] == 8 && p[13] == 0 && p[23] == proto || p[12] == 0x86 && p[20] == proto
	}
}

// returned are the frames of tunnels on their way back, as they are and with something
// wrong or rare.
func returned(left [][]byte) (list [][]byte) {
	for n, p := range left {
		back := slices.Clone(p)
		copy(back, p[6:12])
		copy(back[6:], p[:6])
		ip, size, from := back[14:], 4, 12
		if p[12] != 8 {
			size, from = 16, 8
		}
		copy(ip[from:], p[14+from+size:][:size])
		copy(ip[from+size:], p[14+from:][:size])
		list = append(list, back)
		for _, change := range []func(q []byte){
			func(q []byte) { q[len(q)-1] ^= 1 },        // the checksum is wrong, if there is one
			func(q []byte) { q[0] = 4 },                // to somebody else
			func(q []byte) { outerTOS(q, q[15]|3) },    // congestion
			func(q []byte) { outerTOS(q, q[15]&^3|1) }, // ECT(1)
			func(q []byte) { behindIP(q)[8] ^= 0x80 },  // flags of the base header
			func(q []byte) { behindIP(q)[9] ^= 0xc0 },  // more of them
			func(q []byte) { behindIP(q)[15] ^= 1 },    // reserved
			func(q []byte) { behindIP(q)[3] ^= 1 },     // another port
			func(q []byte) { clear(behindIP(q)[6:8]) }, // no checksum
			func(q []byte) { behindIP(q)[8] |= 0x3f },  // options beyond the end
		} {
			if n%4 != 0 {
				continue
			}
			q := slices.Clone(back)
			change(q)
			list = append(list, q)
		}
	}
	return list
}

// behindIP returns what lies behind a frame's IP header.
func behindIP(p []byte) []byte {
	if p[12] == 8 {
		return p[34:]
	}
	return p[54:]
}

// outerTOS changes the outer type of service with the checksums; UDP ones do not have it.
func outerTOS(p []byte, tos uint8) {
	if p[12] != 8 {
		p[14], p[15] = p[14]&0xf0|tos>>4, p[15]&0xf|tos<<4
		return
	}
	p[15] = tos
	clear(p[24:26])
	binary.BigEndian.PutUint16(p[24:], ^onesSum(p[14:34]))
}
