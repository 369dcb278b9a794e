package guestinit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// wholeRoot makes the host's file system the root, to read.
func wholeRoot() error {
	if err := unix.Mount("none", root, "hostfs", unix.MS_RDONLY, "/"); err != nil {
		return fmt.Errorf("mount the host's tree: %w", err)
	}
	return nil
}

// programs are the host's folders with programs and libraries; each may be a
// link into another one.
var programs = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives"}

// settings are the host's files that programs need; what is not there is left
// out.
var settings = []string{
	"/etc/ld.so.cache", "/etc/protocols", "/etc/services", "/etc/ethertypes",
	"/etc/iproute2/*", "/etc/iproute2/*/*",
}

// ownFiles are the small root's own files.
var ownFiles = map[string]string{
	"/etc/passwd":        "root:x:0:0:root:/root:/bin/sh\n",
	"/etc/group":         "root:x:0:\n",
	"/etc/hosts":         "127.0.0.1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}

// smallRoot makes a root of its own, with the host's programs and libraries to
// read.
func smallRoot() error {
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mount the root: %w", err)
	}
	const host = "/whole"
	if err := os.MkdirAll(host, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("none", host, "hostfs", unix.MS_RDONLY, "/"); err != nil {
		return fmt.Errorf("mount the host's tree: %w", err)
	}
	defer func() { _ = unix.Unmount(host, unix.MNT_DETACH) }()
	for _, dir := range []string{"/proc", "/sys", "/dev", "/tmp", "/run", "/root", "/etc"} {
		if err := os.MkdirAll(root+dir, 0o755); err != nil {
			return err
		}
	}
	for _, dir := range programs {
		if err := bring(host, dir); err != nil {
			return err
		}
	}
	for _, pattern := range settings {
		files, err := filepath.Glob(host + pattern)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := copyFile(f, root+f[len(host):]); err != nil {
				return err
			}
		}
	}
	for path, text := range ownFiles {
		if err := os.WriteFile(root+path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// bring gives the root a folder of the host, or a link that stands there.
func bring(host, dir string) error {
	st, err := os.Lstat(host + dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if st.Mode()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(host + dir)
		if err != nil {
			return err
		}
		return os.Symlink(to, root+dir)
	}
	return share(dir, unix.MS_RDONLY)
}

// copyFile copies a file that can be read; others it leaves out.
func copyFile(from, to string) error {
	st, err := os.Stat(from)
	if err != nil || !st.Mode().IsRegular() {
		return nil
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}
