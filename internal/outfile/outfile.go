// Package outfile is the one writer of files that a user names. A regular file
// is replaced in one step, so that a full disk, a kill or another writer leaves
// the old file or the new; what is no regular file (a device, a pipe, a
// terminal) is written through, and so is a file with several links.
//
// It never knows what is written. Write is the entry point.
package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// WriteFile writes data to the file at path.
func WriteFile(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// Write writes the file at path with what write writes. A symbolic link is
// followed. A file that is there keeps its mode and, as far as the caller may
// set it, its owner; a new one has the mode that the umask leaves of 0666. An
// error of write leaves a regular file as it was.
func Write(path string, write func(io.Writer) error) error {
	at, info, err := target(path)
	switch {
	case err != nil:
		return err
	case info != nil && info.Mode()&fs.ModeSymlink != 0:
		return through(at, os.O_APPEND, write)
	case info != nil && !info.Mode().IsRegular():
		return through(at, 0, write)
	case info != nil && links(info) > 1:
		return through(at, os.O_TRUNC, write)
	}
	return replace(at, info, write)
}

// target follows symbolic links to the file that is to be written. info is nil
// when it is not there. A link that stands for an open file of a process, as
// /dev/stdout leads to, is not followed: what it reads is no path. Somebody may
// have written to that file before, and goes on after us.
func target(path string) (at string, info fs.FileInfo, err error) {
	const most = 40 // as the kernel follows
	at = path
	for range most {
		info, err = os.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return at, nil, nil
		case err != nil:
			return "", nil, err
		case info.Mode()&fs.ModeSymlink == 0, strings.HasPrefix(filepath.Dir(at), "/proc/"):
			return at, info, nil
		}
		to, err := os.Readlink(at)
		if err != nil {
			return "", nil, err
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(at), to)
		}
		at = to
	}
	return "", nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// through writes to what stands there, opened with flags beside O_WRONLY.
func through(path string, flags int, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|flags, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

// replace writes beside the file and renames.
func replace(path string, old fs.FileInfo, write func(io.Writer) error) error {
	if old != nil { // a file that may not be written may not be replaced, either
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	f, err := beside(path)
	if err != nil {
		return err
	}
	if err := fill(f, old, write); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// beside makes a new file in the same folder, with the mode of a new file.
func beside(path string) (*os.File, error) {
	dir, name := filepath.Split(path)
	for k := range 10000 {
		f, err := os.OpenFile(fmt.Sprintf("%s.%s-%d-%d", dir, name, os.Getpid(), k), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
}

// fill writes the file, gives it mode and owner of the old one, and closes it
// when it is on the disk.
func fill(f *os.File, old fs.FileInfo, write func(io.Writer) error) (err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := write(f); err != nil {
		return err
	}
	if old != nil {
		own(f, old)
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	return f.Sync()
}
