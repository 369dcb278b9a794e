package tunnel

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// inner is a frame of IPv4 with a type of service.
func inner(tos byte) []byte {
	p := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}
	ip := []byte{0x45, tos, 0, 50, 0, 1, 0x40, 0, 33, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}
	be.PutUint16(ip[10:], ^sum(0, ip))
	p = append(append(p, ip...), 0x30, 0x39, 0x30, 0x3a, 0, 30, 0, 0)
	return append(p, bytes.Repeat([]byte{7}, 22)...)
}

func port(t testing.TB, s string) *Port {
	p, err := ParsePort(s)
	require.NoError(t, err)
	require.Equal(t, s, p.String())
	return p
}

// way is one that leads everywhere.
func way(k *Key) (Way, *Loss) {
	w := Way{From: [6]byte{2, 0, 0, 0, 9, 1}, To: [6]byte{2, 0, 0, 0, 9, 2}, MTU: 1500, Source: netip.MustParseAddr("192.0.2.1")}
	if k.IPv6() {
		w.Source = netip.MustParseAddr("2001:db8::1")
	}
	return w, nil
}

func key(to string, flags uint16) *Key {
	k := &Key{Set: true, ID: 0x123456, Destination: netip.MustParseAddr(to), TOS: 0x40, TTL: 17, Flags: flags}
	k.Source = netip.IPv4Unspecified()
	if k.IPv6() {
		k.Source, k.Label = netip.IPv6Unspecified(), 0xabcde
	}
	return k
}

const (
	to4 = "198.51.100.7"
	to6 = "2001:db8:7::7"
)

var options = []byte{1, 2, 3, 1, 9, 9, 9, 9}

// TestSend holds what leaves against what tshark reads in it, and takes it off again.
func TestSend(t *testing.T) {
	_, err := exec.LookPath("tshark")
	require.NoError(t, err, "tshark is in package tshark; make deps installs it")
	withOptions := func(k *Key) *Key {
		k.Options, k.Flags = options, k.Flags|maplayout.TunnelHasOptions
		return k
	}
	for _, c := range []struct {
		name, port string
		key        *Key
		want       string // the fields below, as tshark reads them
	}{
		{"vxlan", "vxlan:4789", key(to4, flagCsum), "192.0.2.1,10.0.0.1|198.51.100.7,10.0.0.2||0x00,0x02|17,33|1,1|4789,12346|1,3|1193046||"},
		{"vxlan, no fragments, other port", "vxlan:8472", key(to4, flagDontFragment), "192.0.2.1,10.0.0.1|198.51.100.7,10.0.0.2||0x02,0x02|17,33|1,1|8472,12346|3,3|1193046||"},
		{"vxlan over IPv6", "vxlan:4789", key(to6, flagCsum), "10.0.0.1|10.0.0.2|2001:db8:7::7|0x02|33|1|4789,12346|1,3|1193046||"},
		{"geneve", "geneve:6081", key(to4, flagCsum), "192.0.2.1,10.0.0.1|198.51.100.7,10.0.0.2||0x00,0x02|17,33|1,1|6081,12346|1,3||0x123456|"},
		{"geneve with options", "geneve:6081", withOptions(key(to4, flagCsum)), "192.0.2.1,10.0.0.1|198.51.100.7,10.0.0.2||0x00,0x02|17,33|1,1|6081,12346|1,3||0x123456|0x0102"},
		{"geneve over IPv6", "geneve:6081", withOptions(key(to6, flagCsum)), "10.0.0.1|10.0.0.2|2001:db8:7::7|0x02|33|1|6081,12346|1,3||0x123456|0x0102"},
		{"ipip", "ipip", key(to4, 0), "192.0.2.1,10.0.0.1|198.51.100.7,10.0.0.2||0x00,0x02|17,33|1,1|12346|3|||"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := port(t, c.port)
			frame := inner(1)
			out, lost := p.Send(frame, c.key, way)
			require.Nil(t, lost)
			require.Equal(t, c.want, read(t, c.port, out), "%x", out)
			got, back, fate := p.Receive(out)
			require.Equal(t, Inside, fate)
			if c.port == "ipip" {
				copy(frame, make([]byte, 12)) // there is no link header inside
			} else {
				require.Equal(t, c.key.ID, back.ID)
			}
			require.Equal(t, hex.EncodeToString(frame), hex.EncodeToString(got))
			require.Equal(t, c.key.TOS|1, back.TOS)
			require.Equal(t, c.key.TTL, back.TTL)
			require.Equal(t, c.key.Label, back.Label)
			require.Equal(t, c.key.Destination, back.Destination)
			require.True(t, bytes.Equal(c.key.Options, back.Options))
			require.Equal(t, c.key.Flags&flagCsum, back.Flags&flagCsum)
		})
	}
}

// read returns what tshark reads in a frame, and fails for what it calls malformed or
// wrong.
func read(t *testing.T, port string, frame []byte) string {
	file := filepath.Join(t.TempDir(), "out.pcap")
	var b bytes.Buffer
	w, err := pcap.NewWriter(&b)
	require.NoError(t, err)
	require.NoError(t, w.Write(pcap.Packet{Data: frame}))
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	args := []string{"-r", file, "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-T", "fields", "-E", "separator=|"}
	if mode, udp, ok := strings.Cut(port, ":"); ok {
		args = append(args, "-d", "udp.port=="+udp+","+mode)
	}
	for _, f := range []string{"ip.src", "ip.dst", "ipv6.dst", "ip.flags", "ip.ttl", "ip.checksum.status", "udp.dstport", "udp.checksum.status", "vxlan.vni", "geneve.vni", "geneve.option.class", "_ws.malformed"} {
		args = append(args, "-e", f)
	}
	out, err := exec.Command("tshark", args...).Output()
	require.NoError(t, err)
	return strings.TrimSuffix(strings.TrimSpace(string(out)), "|")
}

func TestLosses(t *testing.T) {
	none := func(*Key) (Way, *Loss) {
		w, _ := way(key(to4, 0))
		w.Source = netip.Addr{}
		return w, nil
	}
	short := func(k *Key) (Way, *Loss) {
		w, _ := way(k)
		w.MTU = 99
		return w, nil
	}
	arp := inner(0)
	arp[13] = 6
	for _, c := range []struct {
		name, port string
		frame      []byte
		key        *Key
		find       Finder
		want       *Loss
	}{
		{"no key", "vxlan:4789", inner(0), nil, way, ErrNoKey},
		{"a key that came in", "vxlan:4789", inner(0), &Key{Destination: netip.MustParseAddr(to4)}, way, ErrNoKey},
		{"nowhere", "vxlan:4789", inner(0), key("0.0.0.0", 0), way, ErrKey},
		{"IPIP over IPv6", "ipip", inner(0), key(to6, 0), way, ErrKey},
		{"IPIP of ARP", "ipip", arp, key(to4, 0), way, ErrPayload},
		{"too long", "geneve:6081", inner(0), key(to4, 0), short, ErrTooLong},
		{"no source", "geneve:6081", inner(0), key(to4, 0), none, ErrNoSource},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, lost := port(t, c.port).Send(c.frame, c.key, c.find)
			require.Nil(t, out)
			require.Equal(t, c.want, lost)
		})
	}
}

// TestCongestion: marks go out and in as RFC 6040 says.
func TestCongestion(t *testing.T) {
	for _, c := range []struct{ inner, sent, arrives, want byte }{
		{0, 0, 0, 0},
		{1, 1, 1, 1},
		{2, 2, 2, 2},
		{3, 2, 2, 3},
		{1, 1, 3, 3},
		{2, 2, 3, 3},
		{3, 2, 3, 3},
		{2, 2, 0, 2},
		{0, 0, 3, 0xff},
		{0, 0, 1, 0},
		{2, 2, 1, 1},
	} {
		p := port(t, "vxlan:4789")
		out, lost := p.Send(inner(0x20|c.inner), key(to4, 0), way)
		require.Nil(t, lost)
		require.Equal(t, 0x40|c.sent, out[15])
		out[15] = 0x40 | c.arrives
		clear(out[24:26])
		be.PutUint16(out[24:], ^sum(0, out[14:34]))
		got, _, fate := p.Receive(out)
		if c.want == 0xff {
			require.Equal(t, Broken, fate)
			continue
		}
		require.Equal(t, Inside, fate)
		require.Equal(t, 0x20|c.want, got[15])
		require.Equal(t, uint16(0xffff), sum(0, got[14:34]))
	}
}

func TestKeyInMemory(t *testing.T) {
	for _, k := range []*Key{
		key(to4, flagCsum|flagKey), key(to6, flagDontFragment),
		{ID: 5, Source: netip.MustParseAddr(to4), Destination: netip.MustParseAddr("192.0.2.1"), TTL: 3, Flags: flagGeneveOpt, Options: bytes.Repeat(options, 31)},
	} {
		b := bytes.Repeat([]byte{0x55}, maplayout.TunnelSize)
		k.Put(b)
		got, ok := ReadKey(b)
		require.True(t, ok)
		if k.Options == nil {
			k.Options = []byte{}
		}
		require.Equal(t, *k, got)
	}
	b := bytes.Repeat([]byte{0x55}, maplayout.TunnelSize)
	(*Key)(nil).Put(b)
	_, ok := ReadKey(b)
	require.False(t, ok)
}

func TestParsePort(t *testing.T) {
	for _, s := range []string{"gre", "", "vxlan:0", "vxlan:70000", "geneve:x", "ipip:4"} {
		_, err := ParsePort(s)
		require.Error(t, err, s)
	}
	p, err := ParsePort("geneve")
	require.NoError(t, err)
	require.Equal(t, uint16(6081), p.UDP)
}

// FuzzReceive: no frame does harm, and what comes out of a tunnel is a frame.
func FuzzReceive(f *testing.F) {
	for k, s := range []string{"vxlan:4789", "geneve:6081", "ipip"} {
		for _, to := range []string{to4, to6} {
			if out, lost := port(f, s).Send(inner(2), key(to, flagCsum), way); lost == nil {
				f.Add(uint8(k), out)
			}
		}
	}
	f.Fuzz(func(t *testing.T, k uint8, frame []byte) {
		p := port(t, []string{"vxlan:4789", "geneve:6081", "ipip"}[k%3])
		was := slices.Clone(frame)
		got, key, fate := p.Receive(frame)
		require.Equal(t, was, frame)
		if fate == Inside {
			require.GreaterOrEqual(t, len(got), etherHeader)
			require.LessOrEqual(t, len(key.Options), maplayout.TunnelOptionsMax)
		}
	})
}
