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
)

// Pin implements offload.Pinner. The program and each map get a file of their
// name in the folder. Nothing that is there is touched before it is known to be
// the request's.
func (d *Device) Pin(r offload.PinRequest) (before, after []offload.Step, err error) {
	held := []func() (int, error){func() (int, error) {
		l, _ := r.Loaded()
		p, ok := l.(*loaded)
		if !ok {
			return 0, errors.New("not a program of this kernel")
		}
		return p.fd, nil
	}}
	for i := range r.Maps {
		held = append(held, func() (int, error) {
			_, all := r.Loaded()
			m, ok := all[i].(*kernelMap)
			if !ok {
				return 0, errors.New("not a map of this kernel")
			}
			return m.fd, nil
		})
	}
	if before, err = pinFolder(r.Dir); err != nil {
		return nil, nil, err
	}
	used := map[string]string{}
	for i, name := range append([]string{r.Program}, r.Maps...) {
		file, err := pinName(name)
		if err != nil {
			return nil, nil, err
		}
		if other, ok := used[file]; ok {
			return nil, nil, fmt.Errorf("%s and %s would both be pinned as %s", other, name, filepath.Join(r.Dir, file))
		}
		used[file] = name
		p := pinned{name: name, path: filepath.Join(r.Dir, file), held: held[i]}
		p.temp = fmt.Sprintf("%s-%d-new", p.path, os.Getpid())
		if err := p.mayTake(&r); err != nil {
			return nil, nil, err
		}
		before, after = append(before, p.make(&r)), append(after, p.finish())
	}
	return before, after, nil
}

// pinFolder returns the step that makes a folder of the BPF file system, none
// if it is there.
func pinFolder(dir string) ([]offload.Step, error) {
	if _, err := os.Stat(dir); err == nil {
		return nil, needBPFFS(dir, dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if _, err := os.Stat(filepath.Dir(dir)); err == nil {
		if err := needBPFFS(dir, filepath.Dir(dir)); err != nil {
			return nil, err
		}
	}
	return []offload.Step{{
		Name:   "make folder " + dir,
		Do:     func(context.Context) error { return os.Mkdir(dir, 0o700) },
		Undo:   func(context.Context) error { return os.Remove(dir) },
		Record: record{Op: recordMkdir, Path: dir}.encode(),
	}}, nil
}

// needBPFFS refuses to pin in dir when the folder at is in no BPF file system.
func needBPFFS(dir, at string) error {
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		return &offload.Error{Op: "pin in " + dir, Err: err}
	}
	if int64(st.Type) == unix.BPF_FS_MAGIC {
		return nil
	}
	return &offload.Error{
		Op: "pin in " + dir, Err: unix.EINVAL,
		Reason: "the folder is not in a BPF file system; mount one with `mount -t bpf bpffs /sys/fs/bpf` and pin there",
	}
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
	held             func() (int, error)
}

// mayTake refuses to take the place of a pin that is not the request's.
func (p *pinned) mayTake(r *offload.PinRequest) error {
	if r.Force {
		return nil
	}
	if _, err := os.Lstat(p.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if r.Old != nil && ownPin(p.path, r.Old) {
		return nil
	}
	return &offload.Error{
		Op: "pin " + p.path, Kind: offload.ErrBusy, Err: unix.EEXIST,
		Reason: "something is pinned there that this program does not replace", Advice: offload.AdvisePinElsewhere,
	}
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
			if err := p.mayTake(r); err != nil {
				return err
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
