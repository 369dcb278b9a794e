package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload/kernel"
)

// bpffs is the BPF file system, pinDir where the tests pin.
const (
	bpffs  = "/sys/fs/bpf"
	pinDir = bpffs + "/pins"
)

// state is everything that an operation could leave behind, as other tools and
// the kernel's lists show it.
type state struct {
	Link, Qdiscs, Filters string // of ip and tc
	Programs, Maps        []uint32
	Bound                 []string // of the driver
	Offloaded             string
	HWTC                  string
	Pins                  []string
	// Contents holds each map's name and entries, sorted: ids do not matter.
	Contents []string
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
	err = filepath.WalkDir(bpffs, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && path != bpffs {
			s.Pins = append(s.Pins, path)
		}
		return nil
	})
	require.NoError(t, err)
	for _, id := range s.Maps {
		if text := contents(t, ebpf.MapID(id)); text != "" {
			s.Contents = append(s.Contents, text)
		}
	}
	slices.Sort(s.Contents)
	return s
}

// contents returns the name and entries of a map, "" for one that has gone.
func contents(t *testing.T, id ebpf.MapID) string {
	t.Helper()
	m, err := ebpf.NewMapFromID(id)
	if errors.Is(err, unix.ENODEV) || errors.Is(err, os.ErrNotExist) {
		return ""
	}
	require.NoError(t, err)
	defer m.Close()
	info, err := m.Info()
	require.NoError(t, err)
	text := info.Name
	var key []byte
	for range info.MaxEntries {
		var next []byte
		if key == nil {
			next, err = m.NextKeyBytes(nil)
		} else {
			next, err = m.NextKeyBytes(key)
		}
		if err != nil || next == nil {
			break
		}
		value, err := m.LookupBytes(next)
		if err == nil && value != nil {
			text += fmt.Sprintf(" %x=%x", next, value)
		}
		key = next
	}
	return text
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
