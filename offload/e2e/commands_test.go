package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/kernel"
	"github.com/skipsw/skipsw/translate/object"
)

// commands are what scripts have besides testscript's own: checks against the
// driver's files, the kernel's lists and other tools, none of which goes
// through the code under test.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"write":     cmdWrite,
		"file":      cmdFile,
		"empty":     cmdEmpty,
		"progs":     cmdProgs,
		"noprogs":   func(ts *testscript.TestScript, _ bool, _ []string) { wantProgs(ts, 0) },
		"boundprog": cmdBoundProg,
		"xdpid":     cmdXDPID,
		"multi":     cmdMulti,
		"orphan":    cmdOrphan,
		"mapreuse":  cmdMapReuse,
		"delport":   cmdDelPort,
		"typedmaps": cmdTypedMaps,
		"sleepms":   cmdSleep,
		"took":      cmdTook,
		"usage":     cmdUsage,
	}
}

// eventually repeats a check for a while: the kernel frees programs and maps after
// a grace period.
func eventually(ts *testscript.TestScript, check func() error) {
	end := time.Now().Add(waitFree)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%v", err)
		}
		time.Sleep(tick)
	}
}

// cmdWrite writes a word to a file of the driver: write WORD FILE.
func cmdWrite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: write WORD FILE")
	}
	ts.Check(os.WriteFile(args[1], []byte(args[0]), 0))
}

// cmdFile compares a file of the driver with a word: file FILE WORD.
func cmdFile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: file FILE WORD")
	}
	b, err := os.ReadFile(args[0])
	ts.Check(err)
	if got := strings.TrimSpace(string(b)); (got == args[1]) == neg {
		ts.Fatalf("%s is %q", args[0], got)
	}
}

// cmdEmpty checks that a folder is empty: empty DIR.
func cmdEmpty(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, func() error {
		entries, err := os.ReadDir(args[0])
		if err == nil && len(entries) > 0 {
			err = fmt.Errorf("%s holds %d entries", args[0], len(entries))
		}
		return err
	})
}

// programIDs lists the programs of the kernel, but for those whose device has
// gone: a pin keeps their ids.
func programIDs() ([]uint32, error) {
	var ids []uint32
	var id ebpf.ProgramID
	for {
		next, err := ebpf.ProgramGetNextID(id)
		if errors.Is(err, os.ErrNotExist) {
			return ids, nil
		}
		if err != nil {
			return nil, err
		}
		id = next
		p, err := ebpf.NewProgramFromID(next)
		if errors.Is(err, unix.ENODEV) || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p.Close()
		ids = append(ids, uint32(next))
	}
}

func wantProgs(ts *testscript.TestScript, want int) {
	eventually(ts, func() error {
		ids, err := programIDs()
		if err == nil && len(ids) != want {
			err = fmt.Errorf("%d programs in the kernel, want %d", len(ids), want)
		}
		return err
	})
}

// cmdProgs checks the number of programs in the kernel: progs N.
func cmdProgs(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	wantProgs(ts, n)
}

// cmdBoundProg checks that a device holds exactly one program, that the
// driver, the kernel and the command agree about its id, and the driver's state
// of it: boundprog NETDEVSIM PORT INTERFACE.
func cmdBoundProg(ts *testscript.TestScript, _ bool, args []string) {
	dir := filepath.Join("/sys/kernel/debug/netdevsim", args[0])
	bound := filepath.Join(dir, "bpf_bound_progs")
	var entries []os.DirEntry
	eventually(ts, func() (err error) {
		entries, err = os.ReadDir(bound)
		if err == nil && len(entries) != 1 {
			err = fmt.Errorf("%d programs bound to %s", len(entries), args[0])
		}
		return err
	})
	read := func(name ...string) string {
		b, err := os.ReadFile(filepath.Join(name...))
		ts.Check(err)
		return strings.TrimSpace(string(b))
	}
	id := read(bound, entries[0].Name(), "id")
	if s := read(bound, entries[0].Name(), "state"); s != "xlated" {
		ts.Fatalf("state of the program on the device: %s", s)
	}
	if s := read(bound, entries[0].Name(), "loaded"); s != "Y" {
		ts.Fatalf("the device has not loaded the program: %s", s)
	}
	if s := read(dir, "ports", args[1], "bpf_offloaded_id"); s != id {
		ts.Fatalf("port runs program %s, device holds %s", s, id)
	}
	for _, a := range shown(ts, args[2]) {
		if a.InHW {
			if s := strconv.Itoa(int(a.ID)); s != id {
				ts.Fatalf("command shows program %s, device holds %s", s, id)
			}
			return
		}
	}
	ts.Fatalf("the command shows nothing in_hw")
}

// entry is what the command shows of one attached program.
type entry struct {
	Type, Mode, Tag, Device string
	ID                      uint32
	InHW                    bool `json:"in_hw"`
	Maps                    []struct {
		ID   uint32 `json:"id"`
		Name string `json:"name"`
	}
}

// shown runs `offload show DEV --json`.
func shown(ts *testscript.TestScript, dev string) []entry {
	ts.Check(ts.Exec("offload", "show", dev, "--json"))
	var all []struct{ Attached []entry }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &all))
	if len(all) != 1 {
		ts.Fatalf("%d devices shown", len(all))
	}
	return all[0].Attached
}

// ipXDP is the part of `ip -d -j link` about XDP.
type ipXDP struct {
	Mode int `json:"mode"`
	Prog *struct {
		ID  uint32 `json:"id"`
		Tag string `json:"tag"`
	} `json:"prog"`
	Attached []struct {
		Mode int `json:"mode"`
		Prog struct {
			ID  uint32 `json:"id"`
			Tag string `json:"tag"`
		} `json:"prog"`
	} `json:"attached"`
}

// ipLink asks ip about an interface.
func ipLink(ts *testscript.TestScript, dev string) ipXDP {
	ts.Check(ts.Exec("ip", "-d", "-j", "link", "show", "dev", dev))
	var all []struct {
		XDP ipXDP `json:"xdp"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &all))
	if len(all) != 1 {
		ts.Fatalf("%d links shown", len(all))
	}
	return all[0].XDP
}

// cmdXDPID checks that ip and the command show the same program: xdpid DEV MODE.
func cmdXDPID(ts *testscript.TestScript, _ bool, args []string) {
	x := ipLink(ts, args[0])
	if x.Prog == nil {
		ts.Fatalf("ip shows no program")
	}
	all := shown(ts, args[0])
	if len(all) != 1 || all[0].Mode != args[1] || all[0].ID != x.Prog.ID || all[0].Tag != x.Prog.Tag {
		ts.Fatalf("ip shows program %d tag %s, the command %+v", x.Prog.ID, x.Prog.Tag, all)
	}
}

// Numbers of IFLA_XDP_ATTACHED.
var xdpModes = map[string]int{"drv": 1, "skb": 2, "hw": 3}

// cmdMulti goes through two programs at once, with hw and the other mode, from
// a device that has one attached in hw and back: multi MODE.
func cmdMulti(ts *testscript.TestScript, _ bool, args []string) {
	const dev = "eth0"
	obj, offloaded := ts.Getenv("OBJ"), "/sys/kernel/debug/netdevsim/netdevsim10/ports/0/bpf_offloaded_id"
	mode := args[0]
	run := func(words ...string) { ts.Check(ts.Exec("offload", words...)) }
	refused := func(text string, words ...string) {
		if ts.Exec("offload", words...) == nil {
			ts.Fatalf("%v was not refused", words)
		}
		if !regexp.MustCompile(text).MatchString(ts.ReadFile("stderr")) {
			ts.Fatalf("%v: %s", words, ts.ReadFile("stderr"))
		}
	}
	hw := ipLink(ts, dev)
	if hw.Mode != xdpModes["hw"] || hw.Prog == nil || len(hw.Attached) != 1 {
		ts.Fatalf("before: %+v", hw)
	}
	run("attach", dev, obj+"/drop.o", "--prog", "xdp_drop", "--mode", mode)
	both := ipLink(ts, dev)
	if both.Mode != 4 || both.Prog != nil || len(both.Attached) != 2 {
		ts.Fatalf("with two: %+v", both)
	}
	seen := map[int]uint32{}
	for _, a := range both.Attached {
		seen[a.Mode] = a.Prog.ID
	}
	if seen[3] != hw.Prog.ID || seen[xdpModes[mode]] == 0 || seen[xdpModes[mode]] == seen[3] {
		ts.Fatalf("with two: %+v", both)
	}
	for _, a := range shown(ts, dev) {
		if seen[xdpModes[a.Mode]] != a.ID {
			ts.Fatalf("the command shows %+v, ip %v", a, seen)
		}
	}
	refused("XDP program already attached", "attach", dev, obj+"/pass.o", "--prog", "xdp_pass")
	refused("more than one program is attached", "detach", dev)
	run("detach", dev, "--mode", "hw")
	one := ipLink(ts, dev)
	if one.Mode != xdpModes[mode] || one.Prog == nil || one.Prog.ID != seen[xdpModes[mode]] || len(one.Attached) != 1 {
		ts.Fatalf("after detaching hw: %+v", one)
	}
	if b, err := os.ReadFile(offloaded); err != nil || strings.TrimSpace(string(b)) != "0" {
		ts.Fatalf("the device still runs %s, %v", b, err)
	}
	run("attach", dev, obj+"/pass.o", "--prog", "xdp_pass")
	if again := ipLink(ts, dev); again.Mode != 4 {
		ts.Fatalf("attached again: %+v", again)
	}
	run("detach", dev, "--mode", mode)
}

// cmdOrphan checks that a pinned program can still be opened and that the
// kernel tells nothing about it any more: orphan PATH.
func cmdOrphan(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, func() error {
		p, err := ebpf.LoadPinnedProgram(args[0], nil)
		if err == nil {
			p.Close()
			return fmt.Errorf("%s is no orphan", args[0])
		}
		if !errors.Is(err, unix.ENODEV) {
			return err
		}
		return nil
	})
	ts.Check(os.Remove(args[0]))
}

// cmdMapReuse checks which device may use a map of eth1: another port of the
// same device, and no other.
func cmdMapReuse(ts *testscript.TestScript, _ bool, _ []string) {
	p, err := offload.ReadProgram(filepath.Join(ts.Getenv("OBJ"), "two_maps.o"), "", "two_maps_xdp", object.Options{})
	ts.Check(err)
	owner, err := kernel.Open("eth1", kernel.Options{})
	ts.Check(err)
	defer owner.Close()
	var maps []offload.Map
	for _, m := range p.Maps {
		km, err := owner.NewMap(context.Background(), m, offload.Hardware)
		ts.Check(err)
		defer km.Close()
		maps = append(maps, km)
	}
	for _, port := range []struct{ name, err string }{
		{"eth2", ""},
		{"eth0", "offload device mismatch between prog and map"},
	} {
		d, err := kernel.Open(port.name, kernel.Options{})
		ts.Check(err)
		l, err := d.Load(context.Background(), p, offload.Hardware, maps)
		d.Close()
		if port.err == "" {
			ts.Check(err)
			ts.Check(l.Close())
		} else if err == nil || !strings.Contains(err.Error(), port.err) {
			ts.Fatalf("load for %s with maps of eth1: %v", port.name, err)
		}
	}
}

// cmdTypedMaps writes an entry to each map of the only program of a device and
// checks that it is printed as one: typedmaps DEV ENTRY KEY VALUE.
func cmdTypedMaps(ts *testscript.TestScript, _ bool, args []string) {
	all := shown(ts, args[0])
	if len(all) != 1 || len(all[0].Maps) == 0 {
		ts.Fatalf("attached: %+v", all)
	}
	for _, m := range all[0].Maps {
		id := strconv.Itoa(int(m.ID))
		ts.Check(ts.Exec("offload", "map", "update", id, args[2], args[3]))
		ts.Check(ts.Exec("offload", "map", "dump", id))
		if got := ts.ReadFile("stdout"); got != args[1]+"\n" {
			ts.Fatalf("map %s: %s", m.Name, got)
		}
	}
}

// cmdDelPort removes a port of a device: delport NETDEVSIM PORT.
func cmdDelPort(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(filepath.Join("/sys/bus/netdevsim/devices", args[0], "del_port"), []byte(args[1]), 0))
}

// cmdSleep waits: sleepms N.
func cmdSleep(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	time.Sleep(time.Duration(n) * time.Millisecond)
}

// cmdTook runs a command that must take a time at least: took MS COMMAND...
func cmdTook(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	start := time.Now()
	ts.Check(ts.Exec(args[1], args[2:]...))
	if d := time.Since(start); d < time.Duration(n)*time.Millisecond {
		ts.Fatalf("took only %s", d)
	}
}

// cmdUsage runs a command that must end with the status of wrong usage and one
// line: usage COMMAND...
func cmdUsage(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[0], args[1:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 {
		ts.Fatalf("%v: %v, want exit status 2", args, err)
	}
	if n := strings.Count(ts.ReadFile("stderr"), "\n"); n != 1 {
		ts.Fatalf("%v: %d lines of error", args, n)
	}
}
