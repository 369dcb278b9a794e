package e2e

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/answers"
	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/internal/testbed"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/check"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// root is the module's.
const root = "../../.."

var update = flag.Bool("update", false, "record the driver's answers anew")

// TestAnswers asks the driver about every program of package answers: what it
// says must be what is recorded, which is what offload/check foretells (N1).
func TestAnswers(t *testing.T) {
	given := []answers.Answer{}
	release := ""
	host := func(b *testbed.Bed) orders {
		o := mapCount(b)
		o["answers"] = func(arg json.RawMessage) (any, error) {
			var from struct {
				Kernel string
				All    []answers.Answer
			}
			err := json.Unmarshal(arg, &from)
			release, given = from.Kernel, from.All
			return nil, err
		}
		return o
	}
	if inGuest(t, testbed.Spec{Options: nfp.Options{Ports: 1}}, host) {
		askDriver(t)
		return
	}
	if *update {
		require.NoError(t, answers.Write(root, release, given))
		return
	}
	_, recorded, err := answers.Read(root)
	require.NoError(t, err)
	programs, err := answers.Programs(root)
	require.NoError(t, err)
	require.Len(t, given, len(programs))
	for i, a := range given {
		if r := recorded[a.Name]; r.Tag == a.Tag {
			require.Equal(t, r, a, "go test ./internal/testbed/e2e -run TestAnswers -update records the answers anew")
			continue
		}
		found, err := check.Program(programs[i].Program, check.Options{NFP: true, Kernel: &guestKernel})
		require.NoError(t, err)
		require.Equal(t, a.Taken(), check.OutcomeOf(found) == check.Taken, "%s\n%v", a, found)
	}
}

// guestKernel is whose verifier the guest's kernel has.
var guestKernel = verify.Linux6_1

// askDriver loads and attaches each program, and hands the answers to the host.
func askDriver(t *testing.T) {
	l := port(t, 0)
	up(t, l)
	classifiers(t, l)
	// The driver's JIT warns where it is at a loss, and goes on.
	require.NoError(t, os.WriteFile("/proc/sys/kernel/panic_on_warn", []byte("0"), 0))
	all, err := answers.Programs(root)
	require.NoError(t, err)
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	out := struct {
		Kernel string
		All    []answers.Answer
	}{Kernel: unix.ByteSliceToString(u.Release[:])}
	d, err := kernel.Open(l.Attrs().Name, kernel.Options{})
	require.NoError(t, err)
	defer d.Close()
	start := time.Now()
	for _, p := range all {
		out.All = append(out.All, answerTo(t, d, l, p))
	}
	t.Logf("%d programs in %v", len(all), time.Since(start).Round(time.Millisecond))
	ask(t, "answers", out, nil)
}

// answerTo returns what the driver says to one program.
func answerTo(t *testing.T, d *kernel.Device, l netlink.Link, p answers.Program) (a answers.Answer) {
	a.Name, a.Tag = p.Name, p.Tag()
	refuse := func(s answers.Stage, err error) answers.Answer {
		a.Stage, a.Errno = s, "ENOTSUPP"
		var errno unix.Errno
		if errors.As(err, &errno) && unix.ErrnoName(errno) != "" {
			a.Errno = unix.ErrnoName(errno)
		}
		var e *offload.Error
		if errors.As(err, &e) {
			a.Says = e.Text
		}
		return a
	}
	if len(p.Maps) > 0 {
		defer mapsFreed(t)
	}
	var maps []offload.Map
	defer func() {
		for _, m := range maps {
			require.NoError(t, m.Close())
		}
	}()
	for _, m := range p.Maps {
		made, err := d.NewMap(t.Context(), m, offload.Hardware)
		if err != nil {
			return refuse(answers.Map, err)
		}
		maps = append(maps, made)
	}
	loaded, err := d.Load(t.Context(), &offload.Program{Program: p.Program}, offload.Hardware, maps)
	if err != nil {
		return refuse(answers.Load, err)
	}
	info, err := sys.ReadProgID(loaded.ID())
	require.NoError(t, err)
	a.Words = int(info.Machine) / wordBytes
	hook := offload.Hook{Type: p.Type, Mode: offload.Hardware}
	if p.Type == object.TC {
		hook.Protocol, hook.Pref, hook.Handle = offload.EthPAll, 1, 1
	}
	err = d.Attach(t.Context(), loaded, hook, false)
	require.NoError(t, loaded.Close())
	if err != nil {
		a.Words = 0
		return refuse(answers.Attach, err)
	}
	if p.Type == object.TC {
		require.NoError(t, detachTC(l), p.Name)
	} else {
		require.NoError(t, attachXDP(l, -1), p.Name)
	}
	return a
}

// wordBytes are the bytes of a word of machine code.
const wordBytes = 8

// mapCount lets the guest ask how many maps the card has.
func mapCount(b *testbed.Bed) orders {
	return orders{"maps": func(json.RawMessage) (n any, err error) {
		b.Card.Do(func(nfp.Firmware) { n = b.Firmware.Tables() })
		return n, nil
	}}
}

// freedWithin is how long the guest's kernel may take to free a map, on a machine that others use.
const freedWithin = 3 * time.Minute

// mapsFreed waits until kernel and card have freed all maps: they count against
// the limits until then.
func mapsFreed(t *testing.T) {
	require.Eventually(t, func() bool {
		n := 0
		err := sys.EachID(sys.Maps, func(uint32) error { n++; return nil })
		return err == nil && n == 0
	}, freedWithin, time.Millisecond)
	require.Eventually(t, func() bool {
		n := 1
		ask(t, "maps", nil, &n)
		return n == 0
	}, freedWithin, time.Millisecond)
}
