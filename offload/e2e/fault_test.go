package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/translate/object"
)

// fault is something that goes wrong between two steps.
type fault struct {
	name string
	file string // of the driver, below the device's folder
	on   string // what makes the fault
	off  string // what ends it
}

// faults are all knobs of the driver, and the device's removal.
var faults = []fault{
	{"no program", "bpf_bind_accept", "0", "1"},
	{"verifier refuses", "bpf_bind_verifier_accept", "0", "1"},
	{"verifier is slow", "bpf_bind_verifier_delay", "30", "0"},
	{"no map", "ports/0/bpf_map_accept", "0", "1"},
	{"no tc", "ports/0/bpf_tc_accept", "0", "1"},
	{"unbound tc taken", "ports/0/bpf_tc_non_bound_accept", "1", "0"},
	{"no driver mode", "ports/0/bpf_xdpdrv_accept", "0", "1"},
	{"no hardware mode", "ports/0/bpf_xdpoffload_accept", "0", "1"},
	{"ethtool read fails", "ports/0/ethtool/get_err", "5", "0"},
	{"ethtool write fails", "ports/0/ethtool/set_err", "5", "0"},
	{name: "stopped by the caller"},
	{name: "device removed"},
}

var errStop = errors.New("stopped by the test")

// TestFaults makes every fault before every step of every operation and checks
// that afterwards the old or the new state is there, and the old one whenever
// the operation reports a failure. Each operation has a kernel of its own. SKIPSW_N
// set makes it go through all operations instead of one.
func TestFaults(t *testing.T) {
	bin := command(t)
	all := scenarios()
	for i := range all {
		s := &all[i]
		if os.Getenv("SKIPSW_N") == "" && s.name != "attach tc pinned" {
			continue // that one has the most steps
		}
		if s.whole {
			continue // its steps are not those of one transaction
		}
		t.Run(s.name, func(t *testing.T) {
			if !vm.InGuest() {
				t.Parallel()
			}
			if !vmtest.InsideGuest(t, long, binEnv+"="+bin) {
				return
			}
			for _, f := range faults {
				for step := 0; ; step++ {
					if last := faultAt(t, s, &f, step); last || t.Failed() {
						break
					}
				}
			}
		})
	}
}

// faultAt makes the fault before one step. It reports that the operation has no
// such step.
func faultAt(t *testing.T, s *scenario, f *fault, step int) (last bool) {
	old := s.prepare(t)
	defer cleanUp(t)
	d, err := kernel.Open(dev, kernel.Options{Guard: []string{offloadBin(), "guard-transaction"}})
	require.NoError(t, err)
	defer d.Close()
	n, name := 0, ""
	r := s.request(t)
	r.Watch = func(what string) error {
		n++
		if n-1 != step {
			return nil
		}
		name = what
		return f.make()
	}
	do := offload.Attach
	if s.args[0] == "replace" {
		do = offload.Replace
	}
	_, err = do(t.Context(), d, *r)
	if s.refused != "" {
		require.ErrorContains(t, err, s.refused)
		now := settled(t, func(n state) bool { return assert.ObjectsAreEqual(old, n) })
		require.Equal(t, old, now)
		return n <= step
	}
	if n <= step {
		require.NoError(t, err)
		return true
	}
	where := fmt.Sprintf("%s, before step %d (%s)", f.name, step, name)
	if f.name == "device removed" {
		require.ErrorIs(t, err, offload.ErrDeviceGone, where)
		if !s.host {
			requireEmpty(t, where)
		}
		return false
	}
	if f.file != "" {
		require.NoError(t, os.WriteFile(filepath.Join(driverDir, f.file), []byte(f.off), 0), where)
	}
	isOld := func(n state) bool { return assert.ObjectsAreEqual(old, n) }
	reached := strings.HasPrefix(name, "keep ") || strings.HasPrefix(name, "remove ") // the new state, before the fault
	now := settled(t, func(n state) bool {
		return isOld(n) || err == nil && s.check(old, n) == nil || reached || f.name == "no tc" && strings.Contains(fmt.Sprint(err), "without in_hw")
	})
	switch {
	case err == nil:
		require.NoError(t, s.check(old, now), where)
	case !isOld(now) && reached:
		now.Pins, old.Pins = nil, nil
		require.NotEqual(t, old.Programs, now.Programs, where)
	case f.name == "no tc" && !isOld(now):
		// The driver refuses the kernel's own way back too, and the kernel then
		// shows the old filter without in_hw, which nobody can set right. The
		// program still runs, and the error says what it looks like.
		require.ErrorContains(t, err, "without in_hw", where)
		old.Filters = strings.ReplaceAll(old.Filters, " in_hw", "")
		require.Equal(t, old, now, where)
	default:
		require.Equal(t, old, now, "%s: %v", where, err)
	}
	return false
}

// driverDir is the driver's folder for the device.
const driverDir = "/sys/kernel/debug/netdevsim/netdevsim10"

// make makes the fault.
func (f *fault) make() error {
	switch f.name {
	case "device removed":
		return kernel.DelSimDevice(10)
	case "stopped by the caller":
		return errStop
	}
	return os.WriteFile(filepath.Join(driverDir, f.file), []byte(f.on), 0)
}

// requireEmpty checks that nothing is left of an operation on a device that has
// gone.
func requireEmpty(t *testing.T, where string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		ids, err := programIDs()
		assert.NoError(c, err)
		assert.Empty(c, ids, where)
		left, err := filepath.Glob(pinDir + "/*-new")
		assert.NoError(c, err)
		assert.Empty(c, left, where)
	}, waitFree, tick)
}

// request is the scenario as a request to the library.
func (s *scenario) request(t *testing.T) *offload.Request {
	t.Helper()
	r := &offload.Request{}
	prog := ""
	for i := 3; i < len(s.args); i += 2 {
		switch s.args[i] {
		case "--fresh":
			r.Fresh = true
			i--
		case "--drop-map":
			r.DropMaps = append(r.DropMaps, s.args[i+1])
		case "--prog":
			prog = s.args[i+1]
		case "--mode":
			mode, err := offload.ParseMode(s.args[i+1])
			require.NoError(t, err)
			r.Hook.Mode = mode
		case "--pin":
			r.Pin = s.args[i+1]
		default:
			t.Fatalf("unknown flag %s", s.args[i])
		}
	}
	p, err := offload.ReadProgram(s.args[2], "", prog, object.Options{})
	require.NoError(t, err)
	r.Program = p
	return r
}

// cleanUp removes device and pins, for the next step.
func cleanUp(t *testing.T) {
	t.Helper()
	err := kernel.DelSimDevice(10)
	if !errors.Is(err, offload.ErrDeviceGone) {
		require.NoError(t, err)
	}
	require.NoError(t, unix.Mount("", bpffs, "", unix.MS_REMOUNT, ""))
	left, err := filepath.Glob(bpffs + "/*")
	require.NoError(t, err)
	for _, path := range left {
		require.NoError(t, os.RemoveAll(path))
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		ids, err := programIDs()
		assert.NoError(c, err)
		assert.Empty(c, ids)
		assert.Empty(c, mapIDs(t))
	}, waitFree, tick)
}
