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
// the operation reports a failure. SKIPSW_N set makes it go through all
// operations instead of one.
func TestFaults(t *testing.T) {
	bin := command(t)
	all := scenarios()
	for i := range all {
		s := &all[i]
		if os.Getenv("SKIPSW_N") == "" && s.name != "attach tc pinned" {
			continue // that one has the most steps
		}
		if s.args[0] == "detach" {
			continue // one step, which the device does
		}
		t.Run(s.name, func(t *testing.T) {
			for _, f := range faults {
				t.Run(f.name, func(t *testing.T) {
					if !vm.InGuest() {
						t.Parallel()
					}
					if vmtest.Inside(t, binEnv+"="+bin) {
						faultAtEachStep(t, s, &f)
					}
				})
			}
		})
	}
}

// faultAtEachStep goes through the steps in one guest; each begins with a new
// device.
func faultAtEachStep(t *testing.T, s *scenario, f *fault) {
	for step := 0; ; step++ {
		if last := faultAt(t, s, f, step); last || t.Failed() {
			return
		}
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
	if n <= step {
		require.NoError(t, err)
		return true
	}
	where := fmt.Sprintf("%s, before step %d (%s)", f.name, step, name)
	if f.name == "device removed" {
		require.ErrorIs(t, err, offload.ErrDeviceGone, where)
		requireEmpty(t, where)
		return false
	}
	if f.file != "" {
		require.NoError(t, os.WriteFile(filepath.Join(driverDir, f.file), []byte(f.off), 0), where)
	}
	isOld := func(n state) bool { return assert.ObjectsAreEqual(old, n) }
	now := settled(t, func(n state) bool { return isOld(n) || err == nil && s.check(old, n) == nil })
	switch {
	case err == nil:
		require.NoError(t, s.check(old, now), where)
	case !isOld(now) && strings.HasPrefix(name, "keep "): // the new state was reached before
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
	require.NoError(t, os.RemoveAll(pinDir))
	require.NoError(t, os.RemoveAll(heldDir))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		ids, err := programIDs()
		assert.NoError(c, err)
		assert.Empty(c, ids)
		assert.Empty(c, mapIDs(t))
	}, waitFree, tick)
}
