package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// bpffs is where the BPF file system is.
const bpffs = "/sys/fs/bpf"

// PinRoot implements offload.Pinner.
func (d *Device) PinRoot() string { return bpffs }

// Pin implements offload.Pinner. The program and each map get a file of their
// name in their folder. Nothing that is there is touched before it is known to
// be the request's.
func (d *Device) Pin(r offload.PinRequest) (before, after []offload.Step, err error) {
	type wanted struct {
		name, dir string
		own       bool
		held      func() (int, error)
	}
	var all []wanted
	if r.Dir != "" {
		all = append(all, wanted{r.Program, r.Dir, true, func() (int, error) {
			l, _ := r.Loaded()
			p, ok := l.(*loaded)
			if !ok {
				return 0, errors.New("not a program of this kernel")
			}
			return p.fd, nil
		}})
	}
	for _, m := range r.Maps {
		all = append(all, wanted{m.Name, m.Dir, m.Own, func() (int, error) {
			_, maps := r.Loaded()
			m, ok := maps[m.Index].(*kernelMap)
			if !ok {
				return 0, errors.New("not a map of this kernel")
			}
			return m.fd, nil
		}})
	}
	folders := map[string]bool{}
	used := map[string]string{}
	for _, w := range all {
		if !folders[w.dir] {
			folders[w.dir] = true
			steps, err := pinFolder(w.dir)
			if err != nil {
				return nil, nil, err
			}
			before = append(before, steps...)
		}
		file, err := pinName(w.name)
		if err != nil {
			return nil, nil, err
		}
		p := pinned{name: w.name, path: filepath.Join(w.dir, file), own: w.own, held: w.held}
		if other, ok := used[p.path]; ok {
			return nil, nil, fmt.Errorf("%s and %s would both be pinned as %s", other, w.name, p.path)
		}
		used[p.path] = w.name
		p.temp = fmt.Sprintf("%s-%d-new", p.path, os.Getpid())
		if r.Fresh && exists(p.path) && (r.Old == nil || !ownPin(p.path, r.Old)) {
			before = append(before, moveAway(p.path))
		} else if err := p.mayTake(&r); err != nil {
			return nil, nil, err
		}
		before, after = append(before, p.make(&r)), append(after, p.finish())
	}
	return before, after, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// moveAway returns the step that gives a pin another name: NAME-old, or that with
// a number.
func moveAway(path string) offload.Step {
	to := path + "-old"
	for n := 2; exists(to); n++ {
		to = fmt.Sprintf("%s-old%d", path, n)
	}
	return offload.Step{
		Name:   fmt.Sprintf("rename %s to %s", path, filepath.Base(to)),
		Do:     func(context.Context) error { return os.Rename(path, to) },
		Undo:   func(context.Context) error { return os.Rename(to, path) },
		Record: record{Op: recordRename, Path: path, Temp: to}.encode(),
	}
}

// FindPin implements offload.Pinner.
func (d *Device) FindPin(dir string, m *object.Map, mode offload.Mode) (*offload.MapInfo, error) {
	file, err := pinName(m.Name)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, file)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	refuse := func(format string, args ...any) error {
		return &offload.Error{
			Op: fmt.Sprintf("use map %s of %s", m.Name, path), Kind: offload.ErrBusy, Err: unix.EEXIST,
			Reason: fmt.Sprintf(format, args...), Advice: offload.AdvisePinFresh,
		}
	}
	fd, err := sys.OpenPin(path)
	if err != nil {
		_, errno := sysErr(err)
		return nil, refuse("what is there cannot be opened: %v", errno)
	}
	defer unix.Close(fd)
	if kind, _, err := sys.ObjectOf(fd); err != nil || kind != sys.Maps {
		return nil, refuse("what is pinned there is no map")
	}
	mi, err := sys.ReadMap(fd)
	if errors.Is(err, unix.ENODEV) {
		return nil, refuse("the device that held the map is gone")
	}
	if err != nil {
		return nil, d.fail("read "+path, err)
	}
	onDevice := mode == offload.Hardware && m.Type != bpf.MapTypePerfEventArray
	switch {
	case mi.Type != m.Type:
		return nil, refuse("the map there is of type %s, the program's of type %s", mi.Type, m.Type)
	case mi.KeySize != m.KeySize || mi.ValueSize != m.ValueSize:
		return nil, refuse("the map there has %d + %d bytes an entry, the program's %d + %d", mi.KeySize, mi.ValueSize, m.KeySize, m.ValueSize)
	case mi.MaxEntries != m.MaxEntries && m.MaxEntries != 0:
		return nil, refuse("the map there has room for %d entries, the program's for %d", mi.MaxEntries, m.MaxEntries)
	case mi.Flags != m.Flags:
		return nil, refuse("the map there has flags %#x, the program's %#x", mi.Flags, m.Flags)
	case onDevice && mi.Ifindex == 0:
		return nil, refuse("the map there is one of the host, and the program runs on %s", d.name)
	case !onDevice && mi.Ifindex != 0:
		return nil, refuse("the map there is on %s, and the program runs on the host", d.deviceName(mi.Ifindex, mi.Netns))
	}
	info := d.mapInfo(mi)
	info.FullName = m.Name
	return &info, nil
}

// tcPins is the folder of iproute2's pins.
const tcPins = bpffs + "/tc"

// pinFolder returns the steps that make a folder of the BPF file system, none if
// it is there; that of iproute2 is made, too.
func pinFolder(dir string) ([]offload.Step, error) {
	if _, err := os.Stat(dir); err == nil {
		return nil, needBPFFS(dir, dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	above := filepath.Dir(dir)
	var steps []offload.Step
	if _, err := os.Stat(above); err == nil {
		if err := needBPFFS(dir, above); err != nil {
			return nil, err
		}
	} else if above == tcPins {
		if steps, err = pinFolder(above); err != nil {
			return nil, err
		}
	} else {
		return nil, needBPFFS(dir, above)
	}
	made := false // else another command has made it, whose it is
	return append(steps, offload.Step{
		Name: "make folder " + dir,
		Do: func(context.Context) error {
			err := os.Mkdir(dir, 0o700)
			made = err == nil
			if errors.Is(err, fs.ErrExist) {
				return nil
			}
			return err
		},
		Undo: func(context.Context) error {
			if !made {
				return nil
			}
			return removeEmpty(dir)
		},
		Record: record{Op: recordMkdir, Path: dir}.encode(),
	}), nil
}

// removeEmpty removes a folder unless somebody has put something there.
func removeEmpty(dir string) error {
	err := os.Remove(dir)
	if errors.Is(err, unix.ENOTEMPTY) {
		return nil
	}
	return ignoreMissing(err)
}

// needBPFFS refuses to pin in dir when the folder at is in no BPF file system.
func needBPFFS(dir, at string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		return &offload.Error{Op: "pin in " + dir, Err: err, Reason: missing(err, at)}
	}
	if int64(st.Type) == unix.BPF_FS_MAGIC {
		return nil
	}
	return &offload.Error{
		Op: "pin in " + dir, Err: unix.EINVAL,
		Reason: "the folder is not in a BPF file system; mount one with `" + mountBPFFS + "` and pin there",
	}
}

// mountBPFFS mounts the BPF file system where it belongs.
const mountBPFFS = "mount -t bpf bpffs " + bpffs

// missing explains that a path is not there, "" for other errors: often the BPF
// file system is not mounted.
func missing(err error, path string) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	var st unix.Statfs_t
	if err := unix.Statfs(bpffs, &st); err != nil || int64(st.Type) != unix.BPF_FS_MAGIC {
		return fmt.Sprintf("there is no %s, and no BPF file system at %s: `%s` mounts it", path, bpffs, mountBPFFS)
	}
	return fmt.Sprintf("there is no %s; the BPF file system is at %s", path, bpffs)
}

// pinName returns the file name of a program or map. Names come from the
// object, so only those are taken that are plain; the BPF file system allows no
// dots.
func pinName(name string) (string, error) {
	file := strings.ReplaceAll(name, ".", "_")
	for _, c := range []byte(file) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return "", fmt.Errorf("%q cannot be pinned: the name is not that of a plain file (letters, digits, _ and -)", name)
		}
	}
	if file == "" {
		return "", errors.New("a program or map without a name cannot be pinned")
	}
	return file, nil
}

// pinned is one program or map that is to have a name.
type pinned struct {
	name, path, temp string
	own              bool // another program, or a map that goes with one, may be in its place
	held             func() (int, error)
}

// mayTake refuses to take the place of a pin that is not the request's: of
// another program or its own maps it is, if the names are the same or by force.
func (p *pinned) mayTake(r *offload.PinRequest) error {
	if !exists(p.path) || r.Old != nil && ownPin(p.path, r.Old) {
		return nil
	}
	if p.own && p.sameKind(r.Force) {
		return nil
	}
	return &offload.Error{
		Op: "pin " + p.path, Kind: offload.ErrBusy, Err: unix.EEXIST,
		Reason: "something is pinned there that this program does not replace", Advice: offload.AdvisePinElsewhere,
	}
}

// sameKind reports whether what is pinned is of the same name and kind as what
// is to be, or is a program and any will do.
func (p *pinned) sameKind(any bool) bool {
	fd, err := sys.OpenPin(p.path)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if pi, err := sys.ReadProg(fd); err == nil {
		return any || pi.Name == offload.KernelName(p.name)
	}
	mi, err := sys.ReadMap(fd)
	return err == nil && mi.Name == offload.KernelName(p.name)
}

// ownPin reports whether a pin is of an attachment's program or of one of its
// maps.
func ownPin(path string, a *offload.Attachment) bool {
	fd, err := sys.OpenPin(path)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	kind, id, err := sys.ObjectOf(fd)
	switch {
	case err != nil:
		return false
	case kind == sys.Progs:
		return id == a.ID
	}
	return kind == sys.Maps && slices.ContainsFunc(a.Maps, func(m offload.MapInfo) bool { return m.ID == id })
}

// make returns the step that pins under another name. The place is looked at
// again: the pin may have come meanwhile.
func (p *pinned) make(r *offload.PinRequest) offload.Step {
	return offload.Step{
		Name: "pin " + p.name + " in " + filepath.Dir(p.path),
		Do: func(context.Context) error {
			if !r.Fresh || exists(p.path) {
				if err := p.mayTake(r); err != nil {
					return err
				}
			}
			fd, err := p.held()
			if err != nil {
				return err
			}
			if err := sys.Pin(fd, p.temp); err != nil {
				_, errno := sysErr(err)
				e := &offload.Error{Op: "pin " + p.path, Err: errno}
				if errors.Is(err, unix.ENOENT) {
					e.Reason = "the folder above does not exist"
				}
				return e
			}
			return nil
		},
		Undo:   func(context.Context) error { return ignoreMissing(os.Remove(p.temp)) },
		Record: record{Op: recordPin, Path: p.path, Temp: p.temp}.encode(),
	}
}

// finish returns the step that gives the pin its own name.
func (p *pinned) finish() offload.Step {
	return offload.Step{
		Name: "keep " + p.path,
		Do:   func(context.Context) error { return os.Rename(p.temp, p.path) },
	}
}

// openPinned returns the file descriptor of what is pinned at a path.
func (d *Device) openPinned(path string) (int, error) {
	fd, err := sys.OpenPin(path)
	if why := missing(err, path); why != "" {
		return -1, &offload.Error{Op: "open " + path, Err: unix.ENOENT, Reason: why}
	}
	if err != nil {
		return -1, d.fail("open "+path, err)
	}
	return fd, nil
}

// OpenPinnedMap opens a map by its file in the BPF file system.
func (d *Device) OpenPinnedMap(path string) (offload.Map, error) {
	fd, err := d.openPinned(path)
	if err != nil {
		return nil, err
	}
	m, err := d.newMap(fd)
	if err != nil {
		return nil, d.fail("open "+path+" as a map", err)
	}
	return m, nil
}

// OpenPinnedProgram opens a program by its file in the BPF file system. It can
// be attached like one that was just loaded.
func (d *Device) OpenPinnedProgram(path string) (offload.Loaded, error) {
	fd, err := d.openPinned(path)
	if err != nil {
		return nil, err
	}
	return d.takeProgram(fd, "open "+path)
}

// OpenProgram opens a program by its id.
func (d *Device) OpenProgram(id uint32) (offload.Loaded, error) {
	op := fmt.Sprintf("open program %d", id)
	fd, err := sys.OpenID(sys.Progs, id)
	if err != nil {
		return nil, d.fail(op, err)
	}
	return d.takeProgram(fd, op)
}

// takeProgram takes over a descriptor. A program whose device has gone opens
// all the same, without a tag: its pin is still a reference.
func (d *Device) takeProgram(fd int, op string) (offload.Loaded, error) {
	pi, err := sys.ReadProg(fd)
	if errors.Is(err, unix.ENODEV) {
		return &loaded{fd: fd}, nil
	}
	if err != nil {
		unix.Close(fd)
		return nil, d.fail(op, err)
	}
	return &loaded{fd: fd, id: pi.ID, tag: pi.Tag}, nil
}
