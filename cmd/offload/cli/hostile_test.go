package cli

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	pp "github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
)

// evil is a name that acts on terminals, pages and formats that do not watch out.
const evil = "a\x1b[31m\a\u202e<script>alert(1)</script><img src=x onerror=alert(1)>\"'&]]>%s\\\nb\u00e9\xff"

// evilImage writes an image all of whose names are evil.
func evilImage(t *testing.T, dir string) string {
	img, err := translate.File("../../../testdata/bpf/count_by_proto.o", translate.FileOptions{})
	require.NoError(t, err)
	for i := range img.Programs {
		img.Programs[i].Name = evil
	}
	for i := range img.Maps {
		img.Maps[i].Name = evil
	}
	for i := range img.Symbols {
		img.Symbols[i].Name = evil
	}
	for i := range img.Lines {
		img.Lines[i].File, img.Lines[i].Text, img.Lines[i].BPF = evil, evil, evil
	}
	data, err := img.Marshal()
	require.NoError(t, err)
	path := filepath.Join(dir, strings.ReplaceAll(evil, "/", "")+".nfp")
	require.NoError(t, os.WriteFile(path, data, 0o666))
	return path
}

// says runs a command line and returns both of its outputs, whatever comes of it.
func says(args ...string) (out, errs string, code int) {
	var o, e strings.Builder
	c := Default()
	c.Args, c.Stdin, c.Stdout, c.Stderr = args, strings.NewReader(""), &o, &e
	code = Main(c)
	return o.String(), e.String(), code
}

// harmless requires text that does nothing on a terminal.
func harmless(t *testing.T, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	for _, r := range text {
		if r != '\n' && r != '\t' {
			require.False(t, unicode.In(r, unicode.Cc, unicode.Cf), "%q in %q", r, text)
		}
	}
}

// TestHostileNames sends evil names of a program, its maps, C files and lines, of
// the files themselves, and of devices through every writer.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	obj := evilImage(t, dir)
	data, err := os.ReadFile("../../../testdata/pcap/count_by_proto.pcap")
	require.NoError(t, err)
	capture := filepath.Join(dir, strings.ReplaceAll(evil, "/", "")+".pcap")
	require.NoError(t, os.WriteFile(capture, data, 0o666))
	file := func(name string) string { return filepath.Join(dir, name) }

	// Text, and errors that name files and devices.
	for _, args := range [][]string{
		{"run", "--packets", "--maps", "--hot", "5", "--pcap", capture, obj},
		{"run", "--pcap", capture, "--pcap", capture, obj},
		{"run", "--pcap", obj, obj},
		{"run", "--expect", capture, "--pcap", capture, obj},
		{"run", "--pcap", capture, capture},
		{"run", "--clock", evil, "--pcap", capture, obj},
		{"bench", "--packets", "2000", obj},
		{"bench", "--sweep", evil, obj},
		{"bench", "--baseline", capture, obj},
		{"bench", "--shard", evil, obj},
		{"merge", capture},
		{"disasm", obj},
		{"features", "sim:" + evil},
		{"attach", "sim:" + evil, obj},
		{"map", "dump", "--dev", "sim:" + evil, evil},
		{evil},
	} {
		out, errs, _ := says(args...)
		require.NotEmpty(t, out+errs, args)
		harmless(t, out)
		harmless(t, errs)
	}

	// JSON, whose reader gets the name back but for what is no text.
	want := strings.ToValidUTF8(evil, "\ufffd")
	out, errs, code := says("run", "--json", "--maps", "--pcap", capture, obj)
	require.Zero(t, code, errs)
	harmless(t, out)
	var sum struct{ Maps map[string]any }
	require.NoError(t, json.Unmarshal([]byte(out), &sum))
	require.Contains(t, sum.Maps, want)
	out, errs, code = says("run", "--json-lines", "--pcap", capture, obj)
	require.Zero(t, code, errs)
	harmless(t, out)
	for line := range strings.Lines(out) {
		require.True(t, json.Valid([]byte(line)), line)
	}
	out, errs, code = says("bench", "--json", "--packets", "2000", obj)
	require.Zero(t, code, errs)
	harmless(t, out)
	var bench struct{ Program string }
	require.NoError(t, json.Unmarshal([]byte(out), &bench))
	require.Equal(t, want, bench.Program)

	// Files.
	_, errs, code = says("run", "--record", file("want.json"), "--trace", file("trace.json"), "--profile-out", file("p.pb.gz"), "--report", file("run.html"),
		"--out", file("out.pcapng"), "--out-dropped", "--pcap", capture, obj)
	require.Zero(t, code, errs)
	_, errs, code = says("run", "--expect", file("want.json"), "--junit", file("junit.xml"), "--pcap", capture, obj)
	require.Zero(t, code, errs)
	_, errs, code = says("bench", "--packets", "2000", "--report", file("bench.html"), obj)
	require.Zero(t, code, errs)

	text, err := os.ReadFile(file("junit.xml"))
	require.NoError(t, err)
	dec := xml.NewDecoder(bytes.NewReader(text))
	maps := 0
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if e, ok := tok.(xml.StartElement); ok {
			require.Contains(t, []string{"testsuite", "testcase"}, e.Name.Local)
			for _, a := range e.Attr {
				if a.Name.Local == "name" && strings.HasPrefix(a.Value, "map a") {
					maps++
				}
			}
		}
	}
	require.NotZero(t, maps)

	readTrace(t, file("trace.json"))
	f, err := os.Open(file("p.pb.gz"))
	require.NoError(t, err)
	defer f.Close()
	_, err = pp.Parse(f)
	require.NoError(t, err)

	fields, err := exec.Command("tshark", "-r", file("out.pcapng"), "-T", "fields", "-e", "frame.comment").Output()
	require.NoError(t, err)
	harmless(t, string(fields))
	require.Regexp(t, `^packet 1: XDP_PASS, \d+ cycles, `, string(fields))
	require.Equal(t, bytes.Count(fields, []byte("\n")), bytes.Count(fields, []byte("packet ")), "a line a packet")

	for _, name := range []string{"run.html", "bench.html"} {
		page, err := os.ReadFile(file(name))
		require.NoError(t, err)
		harmless(t, string(page))
		require.NotContains(t, string(page), "<script")
		require.NotContains(t, string(page), "<img")
		require.Contains(t, string(page), "&lt;script&gt;alert(1)&lt;/script&gt;")
		s := browse(t, page, false)
		require.Empty(t, s.console, name)
		require.Empty(t, s.requests, name)
	}
}
