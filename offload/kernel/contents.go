package kernel

import (
	"context"
	"encoding/binary"
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
)

// heldDir has a folder for each attached program whose program arrays are kept:
// the kernel empties a program array when its last descriptor and pin go,
// whatever programs use it.
const heldDir = bpffs + "/skipsw"

// PutProgram implements offload.Holder.
func (d *Device) PutProgram(array offload.Map, index uint32, p offload.Loaded) error {
	l, ok := p.(*loaded)
	if !ok {
		return errors.New("not a program of this kernel")
	}
	return putFD(array, index, l.fd)
}

// PutMap implements offload.Holder.
func (d *Device) PutMap(outer offload.Map, index uint32, inner offload.Map) error {
	m, ok := inner.(*kernelMap)
	if !ok {
		return errors.New("not a map of this kernel")
	}
	return putFD(outer, index, m.fd)
}

func putFD(m offload.Map, index uint32, fd int) error {
	return m.Update(binary.NativeEndian.AppendUint32(nil, index), binary.NativeEndian.AppendUint32(nil, uint32(fd)), 0)
}

// Hold implements offload.Holder: it pins the arrays in a folder of their own.
func (d *Device) Hold(names []string, array func(i int) offload.Map) ([]offload.Step, error) {
	dir, err := d.freeHeld()
	if err != nil {
		return nil, err
	}
	files := make([]string, len(names))
	for i, name := range names {
		if files[i], err = pinName(name); err != nil {
			return nil, err
		}
		if slices.Contains(files[:i], files[i]) {
			return nil, fmt.Errorf("two program arrays would both be kept as %s", files[i])
		}
	}
	make := offload.Step{
		Name:   "make folder " + dir,
		Do:     func(context.Context) error { return makeHeld(dir) },
		Undo:   func(context.Context) error { return removeHeld(dir) },
		Record: record{Op: recordHold, Path: dir}.encode(),
	}
	pin := offload.Step{
		Name: fmt.Sprintf("hold program arrays %s in %s", strings.Join(names, ", "), dir),
		Do: func(context.Context) error {
			for i, file := range files {
				m, ok := array(i).(*kernelMap)
				if !ok {
					return errors.New("not a map of this kernel")
				}
				if err := sys.Pin(m.fd, filepath.Join(dir, file)); err != nil {
					_, errno := sysErr(err)
					return &offload.Error{Op: "hold program array " + names[i] + " in " + dir, Err: errno}
				}
			}
			return nil
		},
	}
	return []offload.Step{make, pin}, nil
}

// freeHeld returns a folder for this process's next program arrays.
func (d *Device) freeHeld() (string, error) {
	if err := needBPFFS(bpffs, bpffs); err != nil {
		return "", err
	}
	base := fmt.Sprintf("%s-%d", strings.ReplaceAll(d.name, ".", "_"), os.Getpid())
	for n := 0; ; n++ {
		dir := filepath.Join(heldDir, fmt.Sprintf("%s-%d", base, n))
		if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
			return dir, nil
		} else if err != nil {
			return "", err
		}
	}
}

// makeTries bounds how often the folder above is made again: another command
// removes it when it is empty.
const makeTries = 10

func makeHeld(dir string) (err error) {
	for range makeTries {
		if err := os.Mkdir(heldDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err = os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// removeHeld removes a folder of program arrays, and the folder of all of them
// if it is empty then.
func removeHeld(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	_ = os.Remove(heldDir) // others are in it
	return nil
}

// heldOf returns the folders that keep program arrays among some maps.
func heldOf(maps []offload.MapInfo) []string {
	var ids []uint32
	for _, m := range maps {
		if m.Type == bpf.MapTypeProgArray {
			ids = append(ids, m.ID)
		}
	}
	if ids == nil {
		return nil
	}
	pins, _ := filepath.Glob(filepath.Join(heldDir, "*", "*")) // its only error is a bad pattern
	var dirs []string
	for _, pin := range pins {
		dir := filepath.Dir(pin)
		if slices.Contains(dirs, dir) {
			continue
		}
		fd, err := sys.OpenPin(pin)
		if err != nil {
			continue // it has gone meanwhile, or the caller may not open it
		}
		kind, id, err := sys.ObjectOf(fd)
		unix.Close(fd)
		if err == nil && kind == sys.Maps && slices.Contains(ids, id) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// Release implements offload.Holder. The journal is told before the attachment
// goes.
func (d *Device) Release(_ context.Context, a offload.Attachment) (before, after []offload.Step, err error) {
	for _, dir := range heldOf(a.Maps) {
		before = append(before, offload.Step{
			Name:   "note that " + dir + " goes with the program",
			Do:     func(context.Context) error { return nil },
			Record: record{Op: recordRelease, Ifindex: d.ifindex, Hook: &a.Hook, Program: a.ID, Path: dir}.encode(),
		})
		after = append(after, offload.Step{
			Name: "remove " + dir,
			Do:   func(context.Context) error { return removeHeld(dir) },
		})
	}
	return before, after, nil
}
