package cli

import (
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// seenPage is what a browser made of a page.
type seenPage struct {
	picture  image.Image
	console  []string
	requests []string // for anything but the page
}

// browse opens a page in headless Chromium, dark or light.
func browse(t *testing.T, html []byte, dark bool) seenPage {
	t.Helper()
	var s seenPage
	var mu sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write(html)
			return
		}
		mu.Lock()
		s.requests = append(s.requests, r.URL.Path)
		mu.Unlock()
		http.NotFound(w, r)
	}))
	defer srv.Close()
	scheme := "1"
	if dark {
		scheme = "0"
	}
	dir := t.TempDir()
	shot, log := filepath.Join(dir, "shot.png"), filepath.Join(dir, "net.json")
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--enable-logging=stderr",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--blink-settings=preferredColorScheme="+scheme, "--user-data-dir="+filepath.Join(dir, "profile"),
		"--window-size=1000,2200", "--log-net-log="+log, "--screenshot="+shot, srv.URL+"/page")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "CONSOLE") {
			s.console = append(s.console, line)
		}
	}
	// What the page asks for elsewhere never comes here: the network's log has it with
	// the page as its origin.
	net, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Contains(t, string(net), srv.URL+"/page")
	for line := range strings.Lines(string(net)) {
		if strings.Contains(line, `"initiator":"`+srv.URL) && !strings.Contains(line, srv.URL+"/page") {
			s.requests = append(s.requests, line)
		}
	}
	f, err := os.Open(shot)
	require.NoError(t, err)
	defer f.Close()
	s.picture, err = png.Decode(f)
	require.NoError(t, err)
	return s
}

// pixels counts the pixels of a colour.
func (s *seenPage) pixels(c color.RGBA) (n int) {
	b := s.picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := s.picture.At(x, y).RGBA()
			if uint8(r>>8) == c.R && uint8(g>>8) == c.G && uint8(bl>>8) == c.B {
				n++
			}
		}
	}
	return n
}

// TestReportInBrowser opens reports in Chromium: plots are drawn in both schemes, the
// console stays empty, nothing is asked for.
func TestReportInBrowser(t *testing.T) {
	_, err := exec.LookPath("chromium")
	require.NoError(t, err, "make deps installs it")
	dir := t.TempDir()
	runs(t, "run", "-q", "--report", filepath.Join(dir, "run.html"), "--pcap", trackCapture, trackObject)
	runs(t, "bench", "-q", "--packets", "5000", "--sweep", "size=64..256", "--report", filepath.Join(dir, "bench.html"), trackObject)
	for _, name := range []string{"run.html", "bench.html"} {
		html, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		for _, c := range []struct {
			dark             bool
			background, bars color.RGBA
		}{
			{false, color.RGBA{R: 0xff, G: 0xff, B: 0xff}, color.RGBA{R: 0x25, G: 0x63, B: 0xeb}},
			{true, color.RGBA{R: 0x16, G: 0x18, B: 0x1c}, color.RGBA{R: 0x60, G: 0xa5, B: 0xfa}},
		} {
			s := browse(t, html, c.dark)
			require.Empty(t, s.console, name)
			require.Empty(t, s.requests, name)
			require.Greater(t, s.pixels(c.background), 1_000_000, "%s, dark %v", name, c.dark)
			require.Greater(t, s.pixels(c.bars), 1000, "%s, dark %v", name, c.dark)
		}
	}
	// What would be found.
	bad := browse(t, []byte(`<html><link rel="icon" href="data:,"><img src="/here.png"><img src="http://elsewhere.example/x.png"><script>console.log("hello")</script>`), false)
	require.NotEmpty(t, bad.console)
	require.Contains(t, bad.requests, "/here.png")
	require.Contains(t, strings.Join(bad.requests, ""), "elsewhere.example")
}
