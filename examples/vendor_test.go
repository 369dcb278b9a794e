package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// command runs a command and returns its output; it must end with the code.
func command(t *testing.T, dir string, code int, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if code == 0 {
		require.NoError(t, err, "%s %s: %s", name, strings.Join(args, " "), out)
	}
	require.Equal(t, code, cmd.ProcessState.ExitCode(), "%s %s: %s", name, strings.Join(args, " "), out)
	return string(out)
}

// TestVendor builds the vendor's binary, outside this module, and goes through
// the verbs with it: its target is compiled for and simulated with its firmware
// model, and its card is attached to, replaced, listed and detached, each by a
// process of its own.
func TestVendor(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "acme-offload")
	command(t, "vendor", 0, "go", "build", "-o", bin, "./cmd/acme-offload")
	command(t, "vendor", 0, "go", "vet", "./...")
	command(t, "vendor", 0, "go", "test", "./...")

	dir := t.TempDir()
	card := "acme:" + dir
	const obj, capture = "../testdata/bpf/count_by_proto.o", "../testdata/pcap/count_by_proto.pcap"
	img := filepath.Join(t.TempDir(), "prog.nfp")
	steps := []struct {
		name string
		code int
		args []string
		want string
	}{
		{"versions", 0, []string{"--version"}, "acme-offload example.com/acme "},
		{"compile", 0, []string{"compile", "--target", "acme-x1", "-o", img, obj}, "count_by_proto"},
		{"simulate", 0, []string{"run", "--pcap", capture, img}, "XDP_PASS    1200"},
		{"attach", 0, []string{"attach", card, obj}, card + ": xdp hw id 2 name count_by_proto"},
		{"attach again", 1, []string{"attach", card, obj}, "(a program is there); use `acme-offload replace`, or attach with --force"},
		{"show", 0, []string{"show", card}, "xdp hw id 2 name count_by_proto"},
		{"replace", 0, []string{"replace", card, obj}, "maps that kept their contents: counters"},
		{"update", 0, []string{"map", "update", "--dev", card, "counters", "7", "hex:" + strings.Repeat("ab", 16)}, ""},
		{"dump", 0, []string{"map", "lookup", "--dev", card, "counters", "7"}, "ab ab ab"},
		{"maps", 0, []string{"map", "list", card}, "counters  array  4"},
		{"features", 0, []string{"features", card}, "map hash"},
		{"check", 0, []string{"check", "--dev", card, obj}, "count_by_proto: ok"},
		{"what it cannot", 1, []string{"events", card}, "acme-offload: not supported: " + card + " cannot send events, because the X1 has no event queue"},
		{"detach", 0, []string{"detach", card}, "name count_by_proto"},
		{"nothing", 0, []string{"detach", card}, card + ": nothing attached"},
		{"no such card", 1, []string{"show", "acme:/no/such/slot"}, "there is no card in this slot"},
		{"no such target", 1, []string{"compile", "--target", "acme-x2", obj}, `no target "acme-x2"; there are agilio, skipsw, acme-x1`},
		{"no such kind", 1, []string{"show", "acne:x"}, "names of devices are NAME (network interface of the kernel), sim:NAME"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			require.Contains(t, command(t, ".", s.code, bin, s.args...), s.want)
		})
	}
	t.Run("list", func(t *testing.T) {
		t.Setenv("ACME_CARDS", dir)
		require.Contains(t, command(t, ".", 0, bin, "dev", "list"), card)
	})
}

// TestWithoutModel runs the vendor's image with a binary that does not have its
// firmware: it says so.
func TestWithoutModel(t *testing.T) {
	img := filepath.Join(t.TempDir(), "prog.nfp")
	const file = "vendor/acme/acme-x1.yaml"
	command(t, "..", 0, "go", "run", "./cmd/offload", "compile", "--target", "examples/"+file, "-o", img, "testdata/bpf/count_by_proto.o")
	out := command(t, "..", 1, "go", "run", "./cmd/offload", "run", "--pcap", "testdata/pcap/count_by_proto.pcap", img)
	require.Contains(t, out, `not supported: firmware model "acme", because this binary has agilio, skipsw`)
}
