// Package guestinit is the first process of a guest: it mounts the file systems,
// runs the one command that the guest exists for, leaves the exit status in the
// guest's box and powers off. The command in folder init is nothing else; a
// program that calls MainInGuest can be a guest's first process, too, if it
// needs no shared libraries.
package guestinit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/vm/guest"
)

// root is where the host's file system is mounted before it becomes "/".
const root = "/host"

// MainInGuest is Main in a process that a guest began with; elsewhere it returns
// at once.
func MainInGuest() {
	if os.Getpid() != 1 {
		return
	}
	if _, err := os.Stat("/" + guest.ConfigFile); err != nil {
		return
	}
	Main()
}

// Main does the first process's work. It does not return.
func Main() {
	var st guest.Status
	conf, err := readConfig()
	if err == nil && conf.Copied {
		err = setUpCopied()
	} else if err == nil {
		err = setUp(conf)
	}
	if err == nil {
		err = finishSetUp(conf)
	}
	if err == nil {
		st.Exit, err = run(conf)
	}
	if err != nil {
		st.Error = err.Error()
		fmt.Println("guestinit:", err)
	}
	if conf != nil {
		b, _ := json.Marshal(st)
		if err := os.WriteFile(filepath.Join(conf.Box, guest.StatusFile), b, 0o644); err != nil {
			fmt.Println("guestinit:", err)
		}
	}
	if conf != nil && conf.Copied {
		if err := sendBack(conf); err != nil {
			fmt.Println("guestinit:", err)
		}
	}
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func readConfig() (*guest.Config, error) {
	b, err := os.ReadFile("/" + guest.ConfigFile)
	if err != nil {
		return nil, err
	}
	conf := new(guest.Config)
	if err := json.Unmarshal(b, conf); err != nil {
		return nil, err
	}
	return conf, nil
}

type mount struct{ source, target, fstype, data string }

// setUp makes the host's tree the root, with the guest's own kernel file
// systems and the shared folders on top.
func setUp(conf *guest.Config) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	mountRoot := wholeRoot
	if conf.Small {
		mountRoot = smallRoot
	}
	if err := mountRoot(); err != nil {
		return err
	}
	mounts := []mount{
		{"proc", "/proc", "proc", ""},
		{"sysfs", "/sys", "sysfs", ""},
		{"devtmpfs", "/dev", "devtmpfs", ""},
		{"debugfs", "/sys/kernel/debug", "debugfs", ""},
		{"bpffs", "/sys/fs/bpf", "bpf", ""},
		{"tmpfs", "/tmp", "tmpfs", ""},
		{"tmpfs", "/run", "tmpfs", ""},
	}
	for _, m := range mounts {
		if err := unix.Mount(m.source, root+m.target, m.fstype, 0, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	if !conf.Small {
		if err := reveal(conf.Dir, "/tmp", "/run"); err != nil {
			return err
		}
	}
	for _, dir := range conf.See {
		if err := share(dir, unix.MS_RDONLY); err != nil {
			return err
		}
	}
	for _, dir := range conf.Share {
		if err := share(dir, 0); err != nil {
			return err
		}
	}
	return unix.Chroot(root)
}

// share mounts a folder of the host at its own path.
func share(dir string, flags uintptr) error {
	if err := os.MkdirAll(root+dir, 0o755); err != nil {
		return fmt.Errorf("share %s: %w", dir, err)
	}
	if err := unix.Mount("none", root+dir, "hostfs", flags, dir); err != nil {
		return fmt.Errorf("share %s: %w", dir, err)
	}
	return nil
}

// finishSetUp does what both kinds of guests need.
func finishSetUp(conf *guest.Config) error {
	if _, err := os.Stat(conf.Dir); err != nil {
		return fmt.Errorf("working folder: %w", err)
	}
	for _, l := range [][2]string{{"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"}, {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"}} {
		if err := os.Symlink(l[0], l[1]); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if err := unix.Sethostname([]byte("guest")); err != nil {
		return err
	}
	return loopbackUp()
}

// reveal puts the host's folder that dir is in, read-only, back into a
// temporary file system that hides it: a checkout below /tmp is as good as any.
func reveal(dir string, hiding ...string) error {
	for _, h := range hiding {
		below, ok := strings.CutPrefix(dir, h+"/")
		if !ok {
			continue
		}
		top, _, _ := strings.Cut(below, "/")
		top = h + "/" + top
		if err := os.MkdirAll(root+top, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("none", root+top, "hostfs", unix.MS_RDONLY, top); err != nil {
			return fmt.Errorf("mount the working folder's %s: %w", top, err)
		}
	}
	return nil
}

// loopbackUp brings "lo" up.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(uint16(net.FlagUp))
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr)
}

// run runs the command with its output on the two serial lines.
func run(conf *guest.Config) (int, error) {
	lines := [2]string{"/dev/ttyS0", "/dev/ttyS1"}
	if conf.Copied { // the first one is the console
		lines = [2]string{"/dev/ttyS1", "/dev/ttyS2"}
	}
	stdout, err := serial(lines[0])
	if err != nil {
		return 0, err
	}
	stderr, err := serial(lines[1])
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(conf.Args[0], conf.Args[1:]...)
	cmd.Args[0] = conf.Args[0]
	cmd.Env = append(conf.Env, guest.Env+"=1")
	cmd.Dir = conf.Dir
	cmd.Stdout = stdout
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Run()
	for _, f := range []*os.File{stdout, stderr} {
		_ = unix.IoctlSetInt(int(f.Fd()), unix.TCSBRK, 1) // drain
		_ = f.Close()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		ws, ok := exit.Sys().(syscall.WaitStatus)
		if ok && ws.Signaled() {
			return 128 + int(ws.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}

// serial opens a serial line without any translation of bytes.
func serial(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.Oflag &^= unix.OPOST
	t.Lflag = 0
	t.Iflag = 0
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}
