package card_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/card"
	"github.com/skipsw/skipsw/offload/devicetest"
	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/sim/ports"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// running is a card of a test.
type running struct {
	*card.Card
	client *remote.Client
	end    func() // stops it and waits
}

// run runs a card in this process, with its control socket, whose ports are
// given in words: "WIRE" or "WIRE>HOST".
func run(t *testing.T, name string, limits card.Limits, words ...string) *running {
	t.Helper()
	return runSpec(t, card.Spec{Name: name, Limits: limits}, words...)
}

// runSpec is run with more of a Spec than its ports.
func runSpec(t *testing.T, s card.Spec, words ...string) *running {
	t.Helper()
	s.Log = card.NewLog(nil)
	name := s.Name
	o := ports.Options{UID: -1, GID: -1, Log: s.Log.Printf}
	for n, w := range words {
		p := card.Port{Name: w, Bridge: -1}
		if len(words) == 2 {
			p.Bridge = 1 - n
		}
		var err error
		p.Wire, err = ports.Open(w, o)
		require.NoError(t, err)
		s.Ports = append(s.Ports, p)
	}
	place, err := card.OwnFolder().Claim(name, -1, -1)
	require.NoError(t, err)
	l, err := place.Listen(-1, -1)
	require.NoError(t, err)
	c, err := card.New(s)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { require.NoError(t, c.Serve(l, -1)) })
	wg.Go(func() { require.NoError(t, c.Run(ctx, false)) })
	r := &running{Card: c}
	r.client, err = card.Open(t.Context(), name)
	require.NoError(t, err)
	var once sync.Once
	r.end = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			require.NoError(t, place.Release())
			if t.Failed() {
				t.Log(s.Log.Lines())
			}
		})
	}
	t.Cleanup(func() { _ = r.client.Close(); r.end() })
	return r
}

// home gives a test a folder of cards of its own.
func home(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o700))
	t.Setenv(card.FolderVariable, dir)
	return dir
}

// times is how often a test does something; SKIPSW_N scales it.
func times(n int) int {
	if s, err := strconv.Atoi(os.Getenv("SKIPSW_N")); err == nil && s > 0 {
		return s
	}
	return n
}

// marking is an XDP program that writes a byte twice into the frame, at its
// first and twelfth byte, counts in a map, and sends or passes it on.
func marking(mark int32, verdict bpf.XDPAction) *offload.Program {
	m := &object.Map{Name: "counts", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	const ctx, data = bpf.R6, bpf.R7
	insns := []bpf.Insn{
		bpf.Mov.Reg(ctx, bpf.R1),
		bpf.Mov.Imm(bpf.R0, 0),
		bpf.Store(bpf.SizeW, bpf.FP, -4, bpf.R0),
		bpf.Mov.Reg(bpf.R2, bpf.FP), bpf.Add.Imm(bpf.R2, -4),
	}
	insns = append(insns, bpf.LoadMap(bpf.R1, 0)...)
	insns = append(insns,
		bpf.CallHelper(bpf.HelperMapLookupElem),
		bpf.JEq.Imm(bpf.R0, 0, 2),
		bpf.Mov.Imm(bpf.R1, 1),
		bpf.Atomic(bpf.AtomicAdd, bpf.SizeDW, bpf.R0, 0, bpf.R1),
		bpf.Load(bpf.SizeW, data, ctx, 0),
		bpf.Load(bpf.SizeW, bpf.R8, ctx, 4),
		bpf.Mov.Reg(bpf.R1, data), bpf.Add.Imm(bpf.R1, 14),
		bpf.JGt.Reg(bpf.R1, bpf.R8, 3),
		bpf.Mov.Imm(bpf.R2, mark),
		bpf.Store(bpf.SizeB, data, 0, bpf.R2),
		bpf.Store(bpf.SizeB, data, 12, bpf.R2),
		bpf.Mov.Imm(bpf.R0, int32(verdict)), bpf.Return(),
	)
	return &offload.Program{Program: &object.Program{
		Name: fmt.Sprintf("mark_%d", mark), Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Insns: insns, Funcs: []object.Func{{Name: "mark"}},
	}}
}

// TestDevice runs the implementers' tests on a card in a process's place.
func TestDevice(t *testing.T) {
	home(t)
	devicetest.Run(t, func(t *testing.T) offload.Device {
		r := run(t, "card0", card.Limits{}, "gen:packets=0")
		c, err := card.Open(t.Context(), "card0")
		require.NoError(t, err)
		require.Equal(t, "sim:card0", r.client.Name())
		return c
	})
}

// stats returns the counters of a card by group and name.
func stats(t *testing.T, c offload.Counting) map[string]uint64 {
	t.Helper()
	all, err := c.Stats(t.Context())
	require.NoError(t, err)
	out := map[string]uint64{}
	for _, x := range all {
		out[x.Group+" "+x.Name] = x.Value
	}
	return out
}

// until waits for a counter.
func until(t *testing.T, c offload.Counting, name string, want uint64) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		got := stats(t, c)
		if got[name] >= want {
			require.Equal(t, want, got[name], name)
			return
		}
		require.True(t, time.Now().Before(deadline), "%s is %d, want %d: %v", name, got[name], want, got)
		time.Sleep(5 * time.Millisecond)
	}
}

// TestReplaceUnderTraffic joins two cards by a socket; frames go from a
// generator of the first through the second into a file, while its program is
// replaced again and again: no frame is lost, none bears the marks of two
// programs, and the map has counted every one of them.
func TestReplaceUnderTraffic(t *testing.T) {
	dir := home(t)
	rounds := times(100)
	packets := uint64(200 * rounds)
	wire, out := filepath.Join(dir, "wire"), filepath.Join(dir, "out.pcap")
	second := run(t, "second", card.Limits{}, "unix:"+wire, "pcap:,"+out)
	first := run(t, "first", card.Limits{}, fmt.Sprintf("gen:packets=%d,flows=100", packets), "unix:"+wire+",client")
	_, err := offload.Attach(t.Context(), second.client, offload.Request{Program: marking(1, bpf.XDPPass)})
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // the client of the wire is there
	_, err = offload.Attach(t.Context(), first.client, offload.Request{Program: marking(99, bpf.XDPPass)})
	require.NoError(t, err)
	var id uint32
	for k := range rounds {
		res, err := offload.Replace(t.Context(), second.client, offload.Request{Program: marking(int32(2+k%2), bpf.XDPPass)})
		require.NoError(t, err)
		require.Equal(t, []string{"counts"}, res.Reused)
		id = res.Attachment.Maps[0].ID
	}
	until(t, second.client, "port 1 tx_packets", packets)
	m, err := second.client.OpenMap(t.Context(), id)
	require.NoError(t, err)
	v, err := m.Lookup(make([]byte, 4))
	require.NoError(t, err)
	require.Equal(t, packets, binary.LittleEndian.Uint64(v), "the map has counted on over all programs")
	second.end()
	got, err := pcap.ReadFile(out)
	require.NoError(t, err)
	require.Len(t, got, int(packets))
	marks := map[byte]int{}
	for _, p := range got {
		require.Equal(t, p.Data[0], p.Data[12], "one program has handled the frame")
		marks[p.Data[0]]++
	}
	require.Greater(t, len(marks), 1, "programs were replaced while frames came: %v", marks)
	require.NotContains(t, marks, byte(99))
}

// TestConserved sends more than a port takes: every frame has a fate.
func TestConserved(t *testing.T) {
	home(t)
	r := run(t, "card0", card.Limits{}, "gen:packets=5000", "gen:packets=0")
	_, err := offload.Attach(t.Context(), r.client, offload.Request{Program: marking(1, bpf.XDPTX)})
	require.NoError(t, err)
	until(t, r.client, "fate sent", 5000)
	until(t, r.client, "port 0 tx_no_peer", 5000)
	s := stats(t, r.client)
	require.EqualValues(t, 5000, s["port 0 rx_packets"])
	require.EqualValues(t, 5000, s["verdict XDP_TX"])
	require.Zero(t, s["port 0 rx_no_buffer"])
	st, err := card.StatusOf(r.client)
	require.NoError(t, err)
	require.Equal(t, "port 0", st.Ports[1].Host)
	require.Positive(t, st.BehindMost)
}

// TestLimits: a client gets what the limits leave, and is told by their names.
func TestLimits(t *testing.T) {
	home(t)
	r := run(t, "card0", card.Limits{Clients: 2, Maps: 2, Programs: 1, Memory: 1 << 20}, "gen:packets=0")
	big := &object.Map{Name: "big", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1 << 20}
	_, err := r.client.NewMap(t.Context(), big, offload.Hardware)
	require.ErrorContains(t, err, "--max-memory")
	for k := range 3 {
		_, err = r.client.NewMap(t.Context(), &object.Map{Name: fmt.Sprint("m", k), Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, offload.Hardware)
	}
	require.ErrorContains(t, err, "--max-maps")
	require.NoError(t, r.client.Close())
	c, err := card.Open(t.Context(), "card0")
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool {
		all, err := c.Maps(t.Context(), offload.OnDevice)
		return err == nil && len(all) == 0
	}, time.Minute, time.Millisecond, "a client that goes leaves nothing")
	_, err = offload.Attach(t.Context(), c, offload.Request{Program: marking(1, bpf.XDPDrop)})
	require.NoError(t, err)
	_, err = offload.Replace(t.Context(), c, offload.Request{Program: marking(2, bpf.XDPDrop)})
	require.ErrorContains(t, err, "--max-programs")
	c2, err := card.Open(t.Context(), "card0")
	require.NoError(t, err)
	defer c2.Close()
	_, err = card.Open(t.Context(), "card0")
	require.ErrorIs(t, err, offload.ErrPermission)
	require.ErrorContains(t, err, "--max-clients")
}

// TestDeadClient: the connection of a client breaks in the middle of a
// transaction; what it had is given back, its lock too.
func TestDeadClient(t *testing.T) {
	dir := home(t)
	r := run(t, "card0", card.Limits{}, "gen:packets=0")
	dead, err := card.Open(t.Context(), "card0")
	require.NoError(t, err)
	_, err = dead.Lock(t.Context())
	require.NoError(t, err)
	p, err := marking(1, bpf.XDPPass).Compiled(dead.Target())
	require.NoError(t, err)
	m, err := dead.NewMap(t.Context(), p.Maps[0], offload.Hardware)
	require.NoError(t, err)
	_, err = dead.Load(t.Context(), p, offload.Hardware, []offload.Map{m})
	require.NoError(t, err)
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = r.client.Lock(short)
	require.ErrorIs(t, err, context.DeadlineExceeded, "the lock is taken")
	require.NoError(t, dead.Close())
	unlock, err := r.client.Lock(t.Context())
	require.NoError(t, err)
	unlock()
	all, err := r.client.Programs(t.Context(), offload.OnDevice)
	require.NoError(t, err)
	require.Empty(t, all)
	maps, err := r.client.Maps(t.Context(), offload.OnDevice)
	require.NoError(t, err)
	require.Empty(t, maps)

	raw, err := net.Dial("unix", filepath.Join(dir, "card0", "control"))
	require.NoError(t, err)
	_, err = raw.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	require.NoError(t, r.client.Call("card.status", nil, nil), "a stranger's bytes do no harm")
}

// TestFaultStopsProgram: a program whose words break a rule is stopped, the card
// goes on, and a new program runs.
func TestFaultStopsProgram(t *testing.T) {
	dir := home(t)
	out := filepath.Join(dir, "out.pcap")
	r := run(t, "card0", card.Limits{}, "gen:packets=10", "pcap:,"+out)
	p, err := marking(1, bpf.XDPPass).Compiled(r.client.Target())
	require.NoError(t, err)
	for i := range p.Image.Words {
		p.Image.Words[i] ^= 1 << 45 // the check bits are wrong
	}
	_, err = offload.Attach(t.Context(), r.client, offload.Request{Program: p})
	require.NoError(t, err)
	until(t, r.client, "port 1 tx_packets", 9)
	s := stats(t, r.client)
	require.EqualValues(t, 1, s["fate fault"])
	require.EqualValues(t, 9, s["card program_stopped"])
	st, err := card.StatusOf(r.client)
	require.NoError(t, err)
	require.Len(t, st.Stopped, 1)
	lines, err := card.LogOf(r.client)
	require.NoError(t, err)
	require.Contains(t, fmt.Sprint(lines), "is stopped")
	_, err = offload.Replace(t.Context(), r.client, offload.Request{Program: marking(1, bpf.XDPPass)})
	require.NoError(t, err)
	o, err := r.client.RunPacket(t.Context(), offload.Packet{Data: make([]byte, 60)})
	require.NoError(t, err)
	require.EqualValues(t, bpf.XDPPass, o.Verdict)
}

// TestNames: a name is one card's, what is no name is refused, and a dead card's
// place is taken over.
func TestNames(t *testing.T) {
	dir := home(t)
	r := run(t, "card0", card.Limits{}, "gen:packets=0")
	require.Equal(t, []string{"card0"}, card.Running(t.Context()))
	_, err := card.OwnFolder().Claim("card0", -1, -1)
	require.ErrorContains(t, err, "a card card0 is running")
	for _, name := range []string{"", "../x", "a/b", "sim:x", "-x", string(make([]byte, 40))} {
		_, err := card.OwnFolder().Claim(name, -1, -1)
		require.ErrorContains(t, err, "cannot be the name of a card", name)
	}
	r.end()
	require.Empty(t, card.Running(t.Context()))
	_, err = card.Open(t.Context(), "card0")
	require.ErrorIs(t, err, card.ErrNotRunning)

	require.NoError(t, os.Mkdir(filepath.Join(dir, "card1"), 0o700))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "card1", "control"), Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
	run(t, "card1", card.Limits{}, "gen:packets=0")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "open"), 0o700))
	require.NoError(t, os.Chmod(filepath.Join(dir, "open"), 0o755))
	_, err = card.OwnFolder().Claim("open", -1, -1)
	require.ErrorContains(t, err, "others must not change it")
	require.NoError(t, os.Chmod(dir, 0o777))
	_, err = card.OwnFolder().Claim("card2", -1, -1)
	require.ErrorContains(t, err, "others must not change it")
}

// TestSaveAndRestore: a checkpoint has program and map contents; one that is cut
// off or of something else is refused.
func TestSaveAndRestore(t *testing.T) {
	home(t)
	r := run(t, "card0", card.Limits{}, "gen:packets=100")
	_, err := offload.Attach(t.Context(), r.client, offload.Request{Program: marking(1, bpf.XDPDrop)})
	require.NoError(t, err)
	until(t, r.client, "fate dropped", 100)
	var saved bytesBuffer
	require.NoError(t, card.Save(t.Context(), r.client, &saved))
	r.end()
	again := run(t, "card0", card.Limits{}, "gen:packets=11")
	require.Error(t, again.Restore(t.Context(), saved[:len(saved)/2]))
	require.ErrorContains(t, again.Restore(t.Context(), []byte("{}")), "is no checkpoint")
	require.NoError(t, again.Restore(t.Context(), saved))
	until(t, again.client, "fate dropped", 11)
	all, err := again.client.Attached(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "mark_1", all[0].Name)
	m, err := again.client.OpenMap(t.Context(), all[0].Maps[0].ID)
	require.NoError(t, err)
	v, err := m.Lookup(make([]byte, 4))
	require.NoError(t, err)
	require.EqualValues(t, 111, binary.LittleEndian.Uint64(v))
}

type bytesBuffer []byte

func (b *bytesBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// TestCapture sees what enters and leaves, with verdicts.
func TestCapture(t *testing.T) {
	home(t)
	r := run(t, "card0", card.Limits{}, "gen:packets=3", "gen:packets=0")
	seen := make(chan card.Seen, 100)
	begun := make(chan card.Status, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		err := card.Capture(ctx, r.client, -1, func(s card.Status) error { begun <- s; return nil }, func(s card.Seen) error { seen <- s; return nil })
		require.NoError(t, err)
	})
	require.Len(t, (<-begun).Ports, 2)
	_, err := offload.Attach(t.Context(), r.client, offload.Request{Program: marking(5, bpf.XDPPass)})
	require.NoError(t, err)
	for range 3 {
		in, out := <-seen, <-seen
		require.Equal(t, card.Seen{Port: 0, Dir: card.In, Verdict: "XDP_PASS", Time: in.Time, Data: in.Data}, in)
		require.Equal(t, card.Seen{Port: 1, Dir: card.Out, Time: out.Time, Data: out.Data}, out)
		require.EqualValues(t, 5, out.Data[0])
		require.NotEqual(t, in.Data[0], out.Data[0])
	}
	cancel()
	wg.Wait()
}

// TestRedirect sends frames by the ports that a device map names, copies too.
func TestRedirect(t *testing.T) {
	dir := home(t)
	outs := []string{filepath.Join(dir, "1.pcap"), filepath.Join(dir, "2.pcap")}
	r := run(t, "card0", card.Limits{}, "gen:packets=20", "pcap:,"+outs[0], "pcap:,"+outs[1])
	all := func(kind bpf.MapType, flags int32, entries ...uint32) *offload.Program {
		m := &object.Map{Name: "ports", Type: kind, KeySize: 4, ValueSize: 4, MaxEntries: 8}
		for k, to := range entries {
			m.Initial = append(m.Initial, object.Entry{Key: binary.LittleEndian.AppendUint32(nil, uint32(k)), Value: binary.LittleEndian.AppendUint32(nil, to)})
		}
		insns := bpf.LoadMap(bpf.R1, 0)
		insns = append(insns, bpf.Mov.Imm(bpf.R2, 0), bpf.Mov.Imm(bpf.R3, flags), bpf.CallHelper(bpf.HelperRedirectMap), bpf.Return())
		return &offload.Program{Program: &object.Program{
			Name: "redirect", Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Insns: insns, Funcs: []object.Func{{Name: "redirect"}},
		}}
	}
	const broadcast = 8
	_, err := offload.Attach(t.Context(), r.client, offload.Request{Program: all(bpf.MapTypeDevMap, broadcast, 2, 3)})
	require.NoError(t, err)
	until(t, r.client, "fate redirected", 20)
	until(t, r.client, "port 1 tx_packets", 20)
	until(t, r.client, "port 2 tx_packets", 20)
	_, err = offload.Attach(t.Context(), r.client, offload.Request{Program: all(bpf.MapTypeDevMap, 0, 9), Force: true})
	require.NoError(t, err)
	o, err := r.client.RunPacket(t.Context(), offload.Packet{Data: make([]byte, 60)})
	require.NoError(t, err)
	require.Equal(t, &offload.Redirect{Ports: []int{8}}, o.Redirect)
}

// TestEvents reads what a program sends to the host, on a card of the target that
// has events.
func TestEvents(t *testing.T) {
	home(t)
	r := runSpec(t, card.Spec{Name: "card0", Target: target.MustBuiltin("agilio")}, "pcap:../../testdata/pcap/event_sample.pcap")
	p, err := offload.ReadProgram("../../testdata/bpf/event_sample.o", "", "", object.Options{})
	require.NoError(t, err)
	p.Image, err = compiledFor(r.client.Target(), p)
	require.NoError(t, err)
	var array offload.Map
	for _, m := range p.Maps {
		made, err := r.client.NewMap(t.Context(), m, offload.Hardware)
		require.NoError(t, err)
		if m.Type == bpf.MapTypePerfEventArray {
			array = made
		}
	}
	require.NotNil(t, array)
	ev, err := r.client.Events(t.Context(), array.Info().ID)
	require.NoError(t, err)
	l, err := r.client.Load(t.Context(), p, offload.Hardware, []offload.Map{array})
	require.NoError(t, err)
	require.NoError(t, r.client.Attach(t.Context(), l, offload.Hook{Type: object.XDP}, false))
	for range 5 {
		e, err := ev.Read()
		require.NoError(t, err)
		require.True(t, len(e.Data) > 0 || e.Lost > 0)
	}
	require.NoError(t, ev.Close())
	_, err = ev.Read()
	require.ErrorIs(t, err, io.EOF)
	_, err = r.client.Events(t.Context(), 1<<30)
	require.Error(t, err)
}

func compiledFor(tgt *target.Target, p *offload.Program) (*image.Image, error) {
	c, err := p.Compiled(tgt)
	if err != nil {
		return nil, err
	}
	return c.Image, nil
}

// TestNotify tells a service manager.
func TestNotify(t *testing.T) {
	require.NoError(t, card.Notify("READY=1"), "there is none")
	path := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	require.NoError(t, card.Notify("READY=1"))
	b := make([]byte, 100)
	n, err := l.Read(b)
	require.NoError(t, err)
	require.Equal(t, "READY=1", string(b[:n]))
	require.NoError(t, l.Close())
	require.Error(t, card.Notify("READY=1"))
}
