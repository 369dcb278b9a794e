package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// redirecting writes the image of a program that redirects every packet by entry 0
// of a map.
func redirecting(t *testing.T, m *object.Map) string {
	insns := bpf.LoadMap(bpf.R1, 0)
	insns = append(insns, bpf.Mov.Imm(bpf.R2, 0), bpf.Mov.Imm(bpf.R3, 0), bpf.CallHelper(bpf.HelperRedirectMap), bpf.Return())
	p := &object.Program{Name: "redirecting", Type: object.XDP, License: "GPL", Maps: []*object.Map{m}, Insns: insns, Funcs: []object.Func{{Name: "redirecting"}}}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "redirecting")
	require.NoError(t, img.WriteFile(path))
	return path
}

// offloadJSON runs a command line and reads what it prints.
func offloadJSON(t *testing.T, v any, args ...string) {
	t.Helper()
	var out, says strings.Builder
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), &out, &says
	require.Equal(t, exitDone, Main(c), says.String())
	require.NoError(t, json.Unmarshal([]byte(out.String()), v), says.String())
}

func write(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "contents.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// TestMapInitTargets fills maps of the targets of redirects: packets go where
// these say.
func TestMapInitTargets(t *testing.T) {
	const capture = "../../../testdata/pcap/pass.pcap"
	for _, tt := range []struct {
		typ   bpf.MapType
		value uint32 // bytes
		entry string
		where string
	}{
		{bpf.MapTypeDevMap, 4, `{"key": 0, "value": 2}`, "port 1"},
		{bpf.MapTypeDevMap, 8, `{"key": ["0x00","0x00","0x00","0x00"], "value": ["0x03","0x00","0x00","0x00","0x00","0x00","0x00","0x00"]}`, "port 2"},
		{bpf.MapTypeDevMapHash, 4, `{"key": "00000000", "value": "01000000"}`, "port 0"},
		{bpf.MapTypeCPUMap, 4, `{"key": 0, "value": 192}`, "cpu 0"},
		{bpf.MapTypeXSKMap, 4, `{"key": 0, "value": 7}`, "socket 0"},
	} {
		t.Run(fmt.Sprintf("%s of %d", tt.typ, tt.value), func(t *testing.T) {
			path := redirecting(t, &object.Map{Name: "to", Type: tt.typ, KeySize: 4, ValueSize: tt.value, MaxEntries: 4})
			run := func(args ...string) packetrun.Summary {
				var s packetrun.Summary
				offloadJSON(t, &s, append([]string{"run", "--json", "--maps", "--pcap", capture, path}, args...)...)
				return s
			}
			require.Empty(t, run().Redirects, "nothing is in the map")
			first := run("--map-init", "to="+write(t, "["+tt.entry+"]"))
			require.Equal(t, map[string]int{tt.where: first.Packets}, first.Redirects)
			// What a run prints is what the next begins with.
			b, err := json.Marshal(first)
			require.NoError(t, err)
			require.Equal(t, first, run("--map-init", write(t, string(b))))
			var bench struct {
				Packets struct{ Host uint64 }
			}
			offloadJSON(t, &bench, "bench", "--packets", "200", "--json", "--map-init", "to="+write(t, "["+tt.entry+"]"), path)
		})
	}
}

// TestMapInitMany: a large map goes in and comes out as it was; SKIPSW_N scales it.
func TestMapInitMany(t *testing.T) {
	const entries = 50_000
	n := entries
	if s := os.Getenv("SKIPSW_N"); s != "" {
		_, err := fmt.Sscan(s, &n)
		require.NoError(t, err)
	}
	want := map[string]string{}
	var text strings.Builder
	text.WriteString(`{"blocked": [`)
	for i := range n {
		key, value := fmt.Sprintf("%08x", uint32(i)*2654435761), fmt.Sprintf("%016x", i+1)
		want[key] = value
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"key": %q, "value": %q}`, key, value)
	}
	text.WriteString("]}")
	var s packetrun.Summary
	offloadJSON(t, &s, "run", "--json", "--maps", "--pcap", "../../../testdata/pcap/pass.pcap", "../../../testdata/bpf/acl.o",
		"--map-size", fmt.Sprintf("blocked=%d", n), "--map-init", write(t, text.String()))
	require.Len(t, s.Maps["blocked"], n)
	counted := 0 // by packets of the capture
	for _, e := range s.Maps["blocked"] {
		if want[e.Key] != e.Value {
			counted++
		}
	}
	require.LessOrEqual(t, counted, s.Packets)
}
