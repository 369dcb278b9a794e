package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scenario is an operation with its state before and after.
type scenario struct {
	name   string
	before [][]string // commands that make the state before; "sh" begins one for the shell
	has    counts     // of the state before
	args   []string   // the operation
	// check tells what is wrong with the state after success.
	check func(old, now state) error
	// refused is what the operation says that must fail; the state stays.
	refused string
	// host says that something outlives the device.
	host bool
	// whole says that the operation is more than one transaction: nothing is known of
	// its steps.
	whole bool
}

// counts are numbers of programs and maps in the kernel.
type counts struct{ programs, maps int }

func objectFile(name string) string { return filepath.Join("testdata/bpf", name) }

// pinsOf are the commands that pin two maps with an entry, with no program
// attached any more.
func pinsOf(mode string) [][]string {
	return [][]string{
		{"attach", dev, objectFile("two_maps.o"), "--prog", "two_maps_xdp", "--mode", mode, "--pin", pinDir},
		{"map", "update", pinDir + "/by_key", "1", "hex:0700000000000000"},
		{"detach", dev, "--mode", mode},
	}
}

// scenarios are the operations of the fault matrix and of the kills.
func scenarios() []scenario {
	two, four, pinnedObj, globals := objectFile("two_maps.o"), objectFile("four_maps.o"), objectFile("pinned.o"), objectFile("globals.o")
	hw := func(_, now state) error { return now.wantNew(1, 2, true) }
	made := func(programs, maps int) func(_, now state) error {
		return func(_, now state) error { return now.wantNew(programs, maps, false) }
	}
	called := []string{dev, "../../testdata/bpf/tail_parse.o", "--prog", "tail_parse", "--mode", "drv"}
	calledTC := []string{dev, objectFile("calls.o"), "--prog", "calls_tc", "--mode", "skip_hw"}
	xdp, tc := []string{dev, two, "--prog", "two_maps_xdp"}, []string{dev, two, "--prog", "two_maps_tc"}
	verb := func(name string, args []string, more ...string) []string {
		return append(append([]string{name}, args...), more...)
	}
	return []scenario{
		{name: "attach xdp", args: verb("attach", xdp), check: hw},
		{name: "attach tc", args: verb("attach", tc), check: tcNew(hw)},
		{name: "attach tc pinned", args: verb("attach", tc, "--pin", pinDir), check: pinned("two_maps_tc", tcNew(hw))},
		{
			name: "replace xdp", before: [][]string{verb("attach", xdp), {"map", "update", "by_key", "1", "hex:0700000000000000"}}, has: counts{1, 2},
			args: verb("replace", xdp), check: sameMaps(kept(hw)),
		},
		{
			name: "replace tc pinned", before: [][]string{verb("attach", tc, "--pin", pinDir)}, has: counts{1, 2},
			args: verb("replace", tc, "--pin", pinDir), check: pinned("two_maps_tc", tcNew(sameMaps(hw))),
		},
		{name: "attach called programs", args: verb("attach", called), check: fullArrays(4, 2, 3), host: true},
		{
			name: "replace called programs", before: [][]string{verb("attach", called)}, has: counts{4, 2},
			args: verb("replace", called), check: fullArrays(4, 2, 3), host: true,
		},
		{
			name: "detach called programs", before: [][]string{verb("attach", called)}, has: counts{4, 2},
			args: []string{"detach", dev, "--mode", "drv"}, check: made(0, 0), host: true, whole: true,
		},
		{name: "attach called filters", args: verb("attach", calledTC), check: fullArrays(3, 1, 2), host: true},
		{
			name: "replace maps of equal beginnings", before: [][]string{
				{"attach", dev, four, "--pin", pinDir},
				{"map", "update", pinDir + "/connection_table_v4", "1", "hex:04000400"},
				{"map", "update", pinDir + "/connection_table_v6", "1", "hex:06000600"},
				{"sh", "rm -r " + pinDir},
			}, has: counts{1, 4}, args: []string{"replace", dev, four}, check: sameMaps(kept(func(_, now state) error { return now.wantNew(1, 4, true) })),
		},
		{
			name: "attach to pins that fit", before: pinsOf("hw"), has: counts{1, 2},
			args: verb("attach", xdp, "--pin", pinDir), check: pinned("two_maps_xdp", sameMaps(kept(hw))),
		},
		{
			name: "attach fresh beside pins", before: pinsOf("drv"), has: counts{1, 2},
			args: verb("attach", xdp, "--mode", "drv", "--pin", pinDir, "--fresh"), check: freshPins, host: true,
		},
		{
			name: "pins of a device that is gone", before: append(pinsOf("hw"), []string{"dev", "del", "netdevsim", "10"}, []string{"dev", "add", "netdevsim", "--id", "10"}),
			args: verb("attach", xdp, "--pin", pinDir), refused: "the device that held the map is gone",
		},
		{
			name: "pins that do not fit", before: pinsOf("drv"), has: counts{1, 2},
			args: verb("attach", xdp, "--pin", pinDir), refused: "the map there is one of the host", host: true,
		},
		{
			name: "pins that are read-only", before: append(pinsOf("drv"), []string{"sh", "mount -o remount,ro " + bpffs}), has: counts{1, 2},
			args: verb("attach", xdp, "--mode", "drv", "--pin", pinDir), refused: "read-only file system", host: true,
		},
		{
			name: "attach with pins of the object", args: []string{"attach", dev, pinnedObj, "--prog", "pinned_xdp", "--mode", "drv"},
			check: func(_, now state) error { return errors.Join(now.wantNew(1, 3, false), now.wantPins(6)) }, host: true,
		},
		{
			name: "attach a filter to the maps of another program", before: [][]string{
				{"attach", dev, pinnedObj, "--prog", "pinned_xdp", "--mode", "skb"}, {"map", "update", bpffs + "/shared", "0", "5"},
			}, has: counts{1, 3}, args: []string{"attach", dev, pinnedObj, "--prog", "pinned_tc", "--mode", "skip_hw"},
			check: kept(func(_, now state) error { return errors.Join(now.wantNew(2, 3, false), now.wantPins(6)) }), host: true,
		},
		{
			name: "replace and drop a map", before: [][]string{
				{"attach", dev, pinnedObj, "--prog", "pinned_xdp", "--mode", "drv", "--pin", pinDir},
				{"map", "update", pinDir + "/own", "1", "9"},
				{"sh", "rm -r " + pinDir},
			}, has: counts{1, 3},
			args: []string{"replace", dev, objectFile("pinned_more.o"), "--prog", "pinned_xdp", "--mode", "drv", "--pin", pinDir, "--drop-map", "shared"},
			check: func(old, now state) error {
				if same := common(old.Maps, now.Maps); same != 2 {
					return fmt.Errorf("%d maps are the same: %v, before %v", same, now.Maps, old.Maps)
				}
				return errors.Join(now.wantNew(1, 3, false), now.wantPins(5))
			}, host: true,
		},
		{name: "attach variables", args: []string{"attach", dev, globals, "--prog", "globals_xdp", "--mode", "drv"}, check: variables(1), host: true},
		{
			name: "replace variables", before: [][]string{
				{"attach", dev, globals, "--prog", "globals_xdp", "--mode", "skb"}, {"map", "update", ".bss", "0", "hex:01000000000000000200000000000000"},
			}, has: counts{1, 3}, args: []string{"replace", dev, globals, "--prog", "globals_xdp", "--mode", "skb"}, check: kept(variables(1)), host: true,
		},
		{name: "attach a filter of variables", args: []string{"attach", dev, globals, "--prog", "globals_tc", "--mode", "either"}, check: variables(1), host: true},
		{
			name: "attach in the best mode", before: [][]string{{"sh", "echo 0 > " + driverDir + "/ports/0/bpf_xdpoffload_accept"}},
			args: verb("attach", xdp, "--mode", "best"), check: func(_, now state) error {
				if !strings.Contains(now.Link, "prog/xdp") || now.Offloaded != "0" {
					return fmt.Errorf("not in the driver: %s, on the device %s", now.Link, now.Offloaded)
				}
				return now.wantNew(1, 2, false)
			}, host: true, whole: true,
		},
	}
}

// offloadBin is the path of the command inside the guest.
func offloadBin() string { return filepath.Join(os.Getenv(binEnv), "offload") }

// prepare makes the device and the state before.
func (s *scenario) prepare(t *testing.T) state {
	t.Helper()
	newDevice(t)
	for _, args := range s.before {
		command := exec.Command(offloadBin(), args...)
		if args[0] == "sh" {
			command = exec.Command("sh", "-c", args[1])
		}
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%v: %s", args, out)
	}
	// What was detached is freed after a while.
	fits := func(n state) bool { return len(n.Programs) == s.has.programs && len(n.Maps) == s.has.maps }
	old := settled(t, fits)
	require.True(t, fits(old), "before: %+v", old)
	return old
}
