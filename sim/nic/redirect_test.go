package nic

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// redirecting compiles a program for the default target that may use a map of
// targets; entries are pairs of key and first word.
func redirecting(t testing.TB, typ object.Type, kind bpf.MapType, text string, entries ...uint32) *image.Image {
	m := &object.Map{Name: "targets", Type: kind, KeySize: 4, ValueSize: 4, MaxEntries: 128}
	for ; len(entries) > 0; entries = entries[2:] {
		m.Initial = append(m.Initial, object.Entry{
			Key: binary.LittleEndian.AppendUint32(nil, entries[0]), Value: binary.LittleEndian.AppendUint32(nil, entries[1]),
		})
	}
	l, err := bpf.Parse(text, m.Name)
	require.NoError(t, err)
	p := &object.Program{Name: "test", Type: typ, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "test"}}, Maps: []*object.Map{m}}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	return img
}

// byMap redirects by the map of targets.
const byMap = `
	r1 = map[targets]
	r2 = %d
	r3 = %d
	call redirect_map
	exit`

// TestRedirects sends frames to ports, queues, and where nothing is.
func TestRedirects(t *testing.T) {
	const frames = 2000
	xdp := func(kind bpf.MapType, key, flags int, entries ...uint32) *image.Image {
		return redirecting(t, object.XDP, kind, fmt.Sprintf(byMap, key, flags), entries...)
	}
	direct := func(typ object.Type, ifindex int) *image.Image {
		return redirecting(t, typ, bpf.MapTypeDevMap, fmt.Sprintf("r1 = %d\nr2 = 0\ncall redirect\nexit", ifindex))
	}
	verdict := func(typ object.Type, v int) *image.Image {
		return redirecting(t, typ, bpf.MapTypeDevMap, fmt.Sprintf("r0 = %d\nexit", v))
	}
	type want struct {
		sent, host, copies uint64
		drops              map[string]uint64
		queues             map[string]uint64
	}
	lost := func(n uint64) map[string]uint64 { return map[string]uint64{DropRedirect: n} }
	// Two ports take frames each: half of what comes in goes out of the port it
	// came by.
	for _, c := range []struct {
		name string
		img  *image.Image
		want want
	}{
		{"to a port", direct(object.XDP, 2), want{sent: 2 * frames}},
		{"tc to a port", direct(object.TC, 1), want{sent: 2 * frames}},
		{"to no port", direct(object.XDP, 3), want{drops: lost(2 * frames)}},
		{"to interface 0", direct(object.TC, 0), want{drops: lost(2 * frames)}},
		{"nowhere", verdict(object.XDP, int(bpf.XDPRedirect)), want{drops: lost(2 * frames)}},
		{"tc nowhere", verdict(object.TC, int(bpf.TCActRedirect)), want{drops: lost(2 * frames)}},
		{"by a device map", xdp(bpf.MapTypeDevMap, 5, 0, 5, 2), want{sent: 2 * frames}},
		{"by an empty entry", xdp(bpf.MapTypeDevMap, 4, 2, 5, 2), want{host: 2 * frames}},
		{"by a hash", xdp(bpf.MapTypeDevMapHash, 1000, 0, 1000, 1), want{sent: 2 * frames}},
		{"to all", xdp(bpf.MapTypeDevMap, 0, 8, 5, 2, 7, 1), want{sent: 4 * frames, copies: 2 * frames}},
		{"to all, twice the same", xdp(bpf.MapTypeDevMap, 0, 8, 5, 2, 7, 2), want{sent: 4 * frames, copies: 2 * frames}},
		{"to the others", xdp(bpf.MapTypeDevMap, 0, 0x18, 5, 2, 7, 1), want{sent: 2 * frames}},
		{"to others that are not there", xdp(bpf.MapTypeDevMapHash, 0, 0x18, 5, 9, 6, 8, 7, 1), want{sent: frames, copies: 3 * frames, drops: lost(4 * frames)}},
		{"to all of none", xdp(bpf.MapTypeDevMap, 0, 8), want{drops: lost(2 * frames)}},
		{"to a processor", xdp(bpf.MapTypeCPUMap, 63, 0, 63, 192), want{host: 2 * frames, queues: map[string]uint64{"cpu 63": 2 * frames}}},
		{"to a processor without a queue", xdp(bpf.MapTypeCPUMap, 64, 0, 64, 192), want{drops: lost(2 * frames)}},
		{"to a socket", xdp(bpf.MapTypeXSKMap, 1, 0, 1, 4), want{host: 2 * frames, queues: map[string]uint64{"socket 1": 2 * frames}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(c.img, func(s *scene) {
				s.traffic.Packets = frames
				s.spec.Cores = 2
				s.rate /= 50 // the cores keep up, and so does a port with the frames of both
			})
			res := s.run(t)
			got := want{sent: res.Packets.Sent, host: res.Packets.Host, copies: res.Packets.Copies}
			for reason, n := range res.Drops {
				if n > 0 {
					require.Equal(t, DropRedirect, reason)
					got.drops = lost(n)
				}
			}
			if len(res.HostQueues) > 0 {
				got.queues = res.HostQueues
			}
			require.Equal(t, c.want, got)
		})
	}
}
