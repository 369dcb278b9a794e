package ports_test

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/sim/ports"
)

// options open ports that are as fast as they can.
func options(t *testing.T) ports.Options { return ports.Options{UID: -1, GID: -1, Log: t.Logf} }

func open(t *testing.T, words string) ports.Port {
	t.Helper()
	p, err := ports.Open(words, options(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// collect receives frames in the background; wait waits for so many and returns
// them.
func collect(t *testing.T, p ports.Port) (wait func(n int) [][]byte) {
	got := make(chan []byte, 100_000)
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = p.Receive(func(f ports.Frame) bool {
			got <- bytes.Clone(f.Data)
			return true
		})
		close(got)
	})
	t.Cleanup(func() { _ = p.Close(); wg.Wait() })
	return func(n int) (all [][]byte) {
		for range n {
			select {
			case f := <-got:
				all = append(all, f)
			case <-time.After(time.Minute):
				t.Fatalf("%d frames of %d came", len(all), n)
			}
		}
		return all
	}
}

// send sends a frame once somebody is at the other end.
func send(t *testing.T, p ports.Port, frame []byte) {
	t.Helper()
	require.Eventually(t, func() bool { return p.Send(frame) == nil }, time.Minute, time.Millisecond)
}

func TestStreamAndDatagrams(t *testing.T) {
	for _, tt := range []struct{ name, a, b string }{
		{"stream", "unix:%/s", "unix:%/s,client"},
		{"datagrams", "unix:%/a,dgram=%/b", "unix:%/b,dgram=%/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			words := func(s string) string { return strings.ReplaceAll(s, "%", dir) }
			a, b := open(t, words(tt.a)), open(t, words(tt.b))
			fromA, fromB := collect(t, b), collect(t, a)
			long := bytes.Repeat([]byte{7}, ports.MaxFrame)
			for _, f := range [][]byte{{1}, long, {2, 3}} {
				send(t, a, f)
				send(t, b, f)
			}
			require.Equal(t, [][]byte{{1}, long, {2, 3}}, fromA(3))
			require.Equal(t, [][]byte{{1}, long, {2, 3}}, fromB(3))
			require.False(t, a.Finite())
			require.NoError(t, a.Close())
			require.NoError(t, a.Close(), "a second time")
			path, _, _ := strings.Cut(strings.TrimPrefix(words(tt.a), "unix:"), ",")
			_, err := os.Lstat(path)
			require.ErrorIs(t, err, fs.ErrNotExist, "the socket that was made is removed")
			require.ErrorIs(t, a.Send([]byte{1}), ports.ErrNoPeer)
		})
	}
}

// TestQEMU speaks the stream form as QEMU writes it, with lengths that are too
// long and a peer that goes in the middle of a frame and comes back.
func TestQEMU(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	p := open(t, "unix:"+path)
	got := collect(t, p)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())
	frame := func(n int, b byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(n)), bytes.Repeat([]byte{b}, n)...)
	}
	conn, err := net.Dial("unix", path)
	require.NoError(t, err)
	_, err = conn.Write(append(append(frame(60, 1), frame(20_000, 2)...), append(frame(64, 3), 0, 0, 0, 99, 1)...))
	require.NoError(t, err)
	require.Equal(t, [][]byte{bytes.Repeat([]byte{1}, 60), bytes.Repeat([]byte{3}, 64)}, got(2), "what is longer than a frame is left out")
	require.NoError(t, conn.Close())
	conn, err = net.Dial("unix", path)
	require.NoError(t, err)
	_, err = conn.Write(frame(61, 4))
	require.NoError(t, err)
	require.Equal(t, [][]byte{bytes.Repeat([]byte{4}, 61)}, got(1))
	require.NoError(t, p.Send([]byte{9, 8}))
	answer := make([]byte, 6)
	_, err = conn.Read(answer)
	require.NoError(t, err)
	require.Equal(t, []byte{0, 0, 0, 2, 9, 8}, answer)
	_, err = conn.Write([]byte{0xff, 0xff, 0xff, 0xff})
	require.NoError(t, err)
	_, err = conn.Read(answer)
	require.Error(t, err, "a length that no frame has ends the connection")
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	require.NoError(t, os.WriteFile(there, []byte("mine"), 0o600))
	for words, want := range map[string]string{
		"tun:x":                      "ports are",
		"unix":                       "ports are",
		"unix:":                      "a socket needs a path",
		"unix:" + there:              "is not removed",
		"unix:" + there + ",dgram=":  "a socket needs a path",
		"unix:" + there + ",dgram=x": "is not removed",
		"unix:" + there + ",server":  `"server" is no form of it`,
		"pcap:":                      "a capture needs a file",
		"pcap:" + there:              "is no capture file",
		"pcap:," + there:             "goes to a new file",
		"gen:size=1":                 "Ethernet has",
		"gen:bytes=1":                `"bytes=1" is not among`,
		"gen:rate=0":                 "is no number",
		"gen:packets=-1":             "packets:",
	} {
		_, err := ports.Open(words, options(t))
		require.ErrorContains(t, err, want, words)
	}
	b, err := os.ReadFile(there)
	require.NoError(t, err)
	require.Equal(t, "mine", string(b), "what is there stays")
}

// TestLeftSocket: a socket that a dead card has left is taken over, one at which
// somebody is stays.
func TestLeftSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	_, err = ports.Open("unix:"+path, options(t))
	require.ErrorContains(t, err, "is not removed")
	require.NoError(t, l.Close())
	open(t, "unix:"+path)
}

func TestCaptureAndGenerator(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcap")
	begin := time.Unix(1000, 0)
	packets := []pcap.Packet{{Data: []byte{1, 2}, Time: begin}, {Data: []byte{3}, Time: begin.Add(30 * time.Millisecond)}}
	require.NoError(t, pcap.WriteFile(in, packets))
	o := options(t)
	o.Paced = true
	p, err := ports.Open("pcap:"+in+","+out, o)
	require.NoError(t, err)
	require.True(t, p.Finite())
	var due []time.Time
	require.NoError(t, p.Receive(func(f ports.Frame) bool {
		due = append(due, f.Due)
		return p.Send(f.Data) == nil
	}))
	require.Len(t, due, 2)
	require.Equal(t, 30*time.Millisecond, due[1].Sub(due[0]))
	require.False(t, time.Now().Before(due[1]))
	require.NoError(t, p.Close())
	got, err := pcap.ReadFile(out)
	require.NoError(t, err)
	require.Len(t, got, 2)
	require.Equal(t, []byte{3}, got[1].Data)

	g, err := ports.Open("gen:packets=7,size=64,flows=3,rate=1M", o)
	require.NoError(t, err)
	n := 0
	require.NoError(t, g.Receive(func(f ports.Frame) bool {
		require.Len(t, f.Data, 60)
		n++
		return n < 6
	}))
	require.Equal(t, 6, n)
	require.ErrorIs(t, g.Send(nil), ports.ErrNoPeer)
}
