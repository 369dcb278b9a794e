package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/offload/kernel"
)

// pinDir is where the tests pin.
const pinDir = "/sys/fs/bpf/pins"

// heldDir is where the command keeps program arrays.
const heldDir = "/sys/fs/bpf/skipsw"

// state is everything that an operation could leave behind, as other tools and
// the kernel's lists show it.
type state struct {
	Link, Qdiscs, Filters string // of ip and tc
	Programs, Maps        []uint32
	Bound                 []string // of the driver
	Offloaded             string
	HWTC                  string
	Pins                  []string
}

var noise = regexp.MustCompile(`(jited |dropped \d+ |\(.*?\)|qlen \d+)`)

// snapshot reads the state of the test's device.
func snapshot(t *testing.T) state {
	t.Helper()
	var s state
	s.Link = tool(t, "ip", "-d", "link", "show", "dev", dev)
	s.Qdiscs = tool(t, "tc", "qdisc", "show", "dev", dev)
	s.Filters = tool(t, "tc", "filter", "show", "dev", dev, "ingress")
	ids, err := programIDs()
	require.NoError(t, err)
	s.Programs = ids
	s.Maps = mapIDs(t)
	base := "/sys/kernel/debug/netdevsim/netdevsim10/"
	entries, err := os.ReadDir(base + "bpf_bound_progs")
	require.NoError(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(base, "bpf_bound_progs", e.Name(), "id"))
		if err == nil {
			s.Bound = append(s.Bound, strings.TrimSpace(string(b)))
		}
	}
	b, err := os.ReadFile(base + "ports/0/bpf_offloaded_id")
	require.NoError(t, err)
	s.Offloaded = strings.TrimSpace(string(b))
	d, err := kernel.Open(dev, kernel.Options{})
	require.NoError(t, err)
	defer d.Close()
	f, err := d.TCOffload()
	require.NoError(t, err)
	s.HWTC = f.String()
	for _, dir := range []string{pinDir, heldDir} {
		err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				s.Pins = append(s.Pins, path)
			}
			return nil
		})
		require.NoError(t, err)
	}
	return s
}

func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil && strings.Contains(string(out), "Parent Qdisc doesn't exist") {
		return ""
	}
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return noise.ReplaceAllString(string(out), "")
}

func mapIDs(t *testing.T) []uint32 {
	t.Helper()
	var ids []uint32
	var id ebpf.MapID
	for {
		next, err := ebpf.MapGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return ids
		}
		require.NoError(t, err)
		ids = append(ids, uint32(next))
		id = next
	}
}

// settled reads the state until it fits or waitFree has passed: programs and maps
// are freed after a grace period.
func settled(t *testing.T, fits func(state) bool) state {
	t.Helper()
	end := time.Now().Add(waitFree)
	for {
		s := snapshot(t)
		if fits(s) || time.Now().After(end) {
			return s
		}
		time.Sleep(tick)
	}
}

// dev is the interface of the one device that these tests make.
const dev = "eth0"

// Programs and maps are freed after a grace period of the kernel.
const (
	waitFree = time.Minute
	tick     = 20 * time.Millisecond
)

// newDevice makes the device.
func newDevice(t *testing.T) {
	t.Helper()
	_, err := kernel.AddSimDevice(10, 1)
	require.NoError(t, err)
}

// scenario is an operation with its state before and after.
type scenario struct {
	name   string
	before [][]string // commands that make the state before
	args   []string   // the operation
	// check tells what is wrong with the state after success.
	check func(old, now state) error
}

func objectFile(name string) string { return filepath.Join("testdata/bpf", name) }

// scenarios are the operations of the fault matrix and of the kills.
func scenarios() []scenario {
	two := objectFile("two_maps.o")
	hw := func(_, now state) error { return now.wantNew(1, 2, true) }
	called := []string{dev, "../../testdata/bpf/tail_parse.o", "--prog", "tail_parse", "--mode", "drv"}
	return []scenario{
		{name: "attach xdp", args: []string{"attach", dev, two, "--prog", "two_maps_xdp"}, check: hw},
		{name: "attach tc", args: []string{"attach", dev, two, "--prog", "two_maps_tc"}, check: tcNew(hw)},
		{name: "attach tc pinned", args: []string{"attach", dev, two, "--prog", "two_maps_tc", "--pin", pinDir}, check: pinned("two_maps_tc", tcNew(hw))},
		{
			name:   "replace xdp",
			before: [][]string{{"attach", dev, two, "--prog", "two_maps_xdp"}},
			args:   []string{"replace", dev, two, "--prog", "two_maps_xdp"}, check: sameMaps(hw),
		},
		{
			name:   "replace tc pinned",
			before: [][]string{{"attach", dev, two, "--prog", "two_maps_tc", "--pin", pinDir}},
			args:   []string{"replace", dev, two, "--prog", "two_maps_tc", "--pin", pinDir}, check: pinned("two_maps_tc", tcNew(sameMaps(hw))),
		},
		{name: "attach called programs", args: append([]string{"attach"}, called...), check: fullArrays},
		{
			name: "replace called programs", before: [][]string{append([]string{"attach"}, called...)},
			args: append([]string{"replace"}, called...), check: fullArrays,
		},
		{
			name: "detach called programs", before: [][]string{append([]string{"attach"}, called...)},
			args:  []string{"detach", dev, "--mode", "drv"},
			check: func(_, now state) error { return now.wantNew(0, 0, false) },
		},
	}
}

// wantNew checks the counts of a finished operation.
func (s *state) wantNew(programs, maps int, hw bool) error {
	switch {
	case len(s.Programs) != programs:
		return fmt.Errorf("programs %v, want %d", s.Programs, programs)
	case len(s.Maps) != maps:
		return fmt.Errorf("maps %v, want %d", s.Maps, maps)
	case hw && s.Offloaded != strconv.Itoa(int(s.Programs[len(s.Programs)-1])):
		return fmt.Errorf("the device runs %s, programs are %v", s.Offloaded, s.Programs)
	case hw && len(s.Bound) != programs:
		return fmt.Errorf("bound programs %v", s.Bound)
	}
	for _, p := range s.Pins {
		if strings.HasSuffix(p, "-new") {
			return fmt.Errorf("half-made pin %s", p)
		}
	}
	return nil
}

// fullArrays checks that the programs are new and that there is one program array,
// which holds the three that are called.
func fullArrays(old, now state) error {
	if len(now.Programs) != 4 || len(now.Maps) != 2 || len(now.Pins) != 3 || fmt.Sprint(old.Programs) == fmt.Sprint(now.Programs) {
		return fmt.Errorf("programs %v, maps %v, pins %v", now.Programs, now.Maps, now.Pins)
	}
	m, err := ebpf.LoadPinnedMap(now.Pins[2], nil)
	if err != nil {
		return err
	}
	defer m.Close()
	var index, id uint32
	n := 0
	all := m.Iterate()
	for all.Next(&index, &id) {
		n++
	}
	if n != 3 {
		return fmt.Errorf("the program array holds %d programs", n)
	}
	return all.Err()
}

func tcNew(more func(old, now state) error) func(old, now state) error {
	return func(old, now state) error {
		switch {
		case now.HWTC != "on":
			return fmt.Errorf("hw-tc-offload is %s", now.HWTC)
		case !strings.Contains(now.Qdiscs, "clsact"):
			return errors.New("no clsact")
		case !strings.Contains(now.Filters, "skip_sw in_hw"):
			return fmt.Errorf("filters: %s", now.Filters)
		}
		return more(old, now)
	}
}

func pinned(program string, more func(old, now state) error) func(old, now state) error {
	want := []string{pinDir, pinDir + "/by_index", pinDir + "/by_key", pinDir + "/" + program}
	return func(old, now state) error {
		got := append([]string{}, now.Pins...)
		sort.Strings(got)
		if strings.Join(got, " ") != strings.Join(want, " ") {
			return fmt.Errorf("pins %v, want %v", got, want)
		}
		return more(old, now)
	}
}

func sameMaps(more func(old, now state) error) func(old, now state) error {
	return func(old, now state) error {
		if fmt.Sprint(old.Maps) != fmt.Sprint(now.Maps) {
			return fmt.Errorf("maps %v, before %v", now.Maps, old.Maps)
		}
		if fmt.Sprint(old.Programs) == fmt.Sprint(now.Programs) {
			return errors.New("the old program is still there")
		}
		return more(old, now)
	}
}

// offloadBin is the path of the command inside the guest.
func offloadBin() string { return filepath.Join(os.Getenv(binEnv), "offload") }

// prepare makes the device and the state before.
func (s *scenario) prepare(t *testing.T) state {
	t.Helper()
	newDevice(t)
	for _, args := range s.before {
		out, err := exec.Command(offloadBin(), args...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	return snapshot(t)
}
