package guestinit

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/vm/guest"
)

// started is when the guest came up; files that are older are copies.
var started = time.Now()

// setUpCopied loads the kernel's modules and mounts its file systems into the
// initial one, which stays the root.
func setUpCopied() error {
	for _, m := range []mount{
		{"proc", "/proc", "proc", ""},
		{"sysfs", "/sys", "sysfs", ""},
		{"devtmpfs", "/dev", "devtmpfs", ""},
		{"debugfs", "/sys/kernel/debug", "debugfs", ""},
		{"bpffs", "/sys/fs/bpf", "bpf", ""},
		{"tmpfs", "/run", "tmpfs", ""},
	} {
		if err := os.MkdirAll(m.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.source, m.target, m.fstype, 0, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	if err := os.MkdirAll("/tmp", 0o1777); err != nil {
		return err
	}
	mods, err := filepath.Glob(guest.Modules + "/*.ko")
	if err != nil {
		return err
	}
	for _, m := range mods {
		f, err := os.Open(m)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil {
			return fmt.Errorf("load module %s: %w", filepath.Base(m), err)
		}
	}
	return nil
}

// sendBack writes the files of the shared folders that are new to the last
// serial line, as a tar archive.
func sendBack(conf *guest.Config) error {
	line, err := serial("/dev/ttyS3")
	if err != nil {
		return err
	}
	w := tar.NewWriter(line)
	for _, dir := range conf.Share {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err != nil || info.ModTime().Before(started) {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := w.WriteHeader(&tar.Header{Name: path, Mode: int64(info.Mode().Perm()), Size: int64(len(b)), Typeflag: tar.TypeReg}); err != nil {
				return err
			}
			_, err = w.Write(b)
			return err
		})
		if err != nil {
			return fmt.Errorf("send %s back: %w", dir, err)
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = unix.IoctlSetInt(int(line.Fd()), unix.TCSBRK, 1) // drain
	return line.Close()
}
