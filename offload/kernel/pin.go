package kernel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/offload"
)

// Pin implements offload.Pinner. The program and each map get a file of their
// name in dir.
func (d *Device) Pin(dir, program string, maps []string, held func() (offload.Loaded, []offload.Map)) (before, after []offload.Step) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		before = append(before, offload.Step{
			Name:   "make folder " + dir,
			Do:     func(context.Context) error { return os.Mkdir(dir, 0o700) },
			Undo:   func(context.Context) error { return os.Remove(dir) },
			Record: record{Op: recordMkdir, Path: dir}.encode(),
		})
	}
	add := func(name string, fd func() (int, error)) {
		path := filepath.Join(dir, pinName(name))
		temp := path + "-new"
		before = append(before, offload.Step{
			Name: "pin " + name + " in " + dir,
			Do: func(context.Context) error {
				n, err := fd()
				if err != nil {
					return err
				}
				if err := ignoreMissing(os.Remove(temp)); err != nil {
					return err
				}
				return pin(n, temp)
			},
			Undo:   func(context.Context) error { return ignoreMissing(os.Remove(temp)) },
			Record: record{Op: recordPin, Path: path, Temp: temp}.encode(),
		})
		after = append(after, offload.Step{
			Name: "keep " + path,
			Do:   func(context.Context) error { return os.Rename(temp, path) },
		})
	}
	add(program, func() (int, error) {
		l, _ := held()
		p, ok := l.(*loaded)
		if !ok {
			return 0, errors.New("not a program of this kernel")
		}
		return p.fd, nil
	})
	for i, name := range maps {
		add(name, func() (int, error) {
			_, all := held()
			m, ok := all[i].(*kernelMap)
			if !ok {
				return 0, errors.New("not a map of this kernel")
			}
			return m.fd, nil
		})
	}
	return before, after
}

// pinName returns a name that the BPF file system takes: it allows no dots.
func pinName(name string) string { return strings.ReplaceAll(name, ".", "_") }

// pin gives an object a name in the BPF file system.
func pin(fd int, path string) error {
	err := sys.Pin(fd, path)
	if err == nil {
		return nil
	}
	_, errno := sysErr(err)
	e := &offload.Error{Op: "pin " + path, Err: errno}
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EPERM):
		if !onBPFFS(filepath.Dir(path)) {
			e.Reason = "the folder is not in a BPF file system; mount one with `mount -t bpf bpffs /sys/fs/bpf` and pin there"
		}
	case errors.Is(err, unix.ENOENT):
		e.Reason = "the folder above does not exist"
	}
	return e
}

func onBPFFS(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && int64(st.Type) == unix.BPF_FS_MAGIC
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
