// Package vm boots a Linux kernel for one command and brings back what the
// command printed, the files it left and its exit status.
//
// The kernel is a user-mode Linux with the real netdevsim and nfp drivers,
// built once from Debian's kernel source into a cache. A guest boots in a
// fraction of a second, so each test case can have a kernel of its own. The
// guest sees the host's file system read-only at the same paths, and the
// shared folders of its Guest read-write. As a second opinion, with KernelEnv
// set to "qemu", guests run on Debian's own kernel in QEMU: they then have
// copies of the files they need.
//
// It never knows what the command tests. Entry points: Run for a command,
// package vmtest for a test function, the runner command for `go test -exec`.
package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/internal/vm/guest"
)

// InGuest reports whether this process runs inside a guest.
func InGuest() bool { return os.Getenv(guest.Env) != "" }

// Guest is one command to run in a kernel of its own. The zero value of every
// field but Args is usable.
type Guest struct {
	Args    []string      // the command; Args[0] is a path or a name in PATH
	Env     []string      // the command's environment, "K=V"
	Dir     string        // the command's working folder; "" is the caller's
	Share   []string      // folders of the host that the guest may write to
	See     []string      // folders of the host that the guest may read, for one that is Small
	Small   bool          // the guest sees no more of the host than its programs and the folders above
	Card    string        // socket of a simulated PCI card that the guest gets; user mode only
	User    *User         // whose rights the guest's kernel has on the host; nil is the caller's
	Memory  int           // of the guest, in MiB; 0 is 256
	Timeout time.Duration // after which the guest is ended; 0 is twenty minutes
	Stdout  io.Writer     // nil discards
	Stderr  io.Writer     // nil discards
}

// User is a user of the host. Only root can hand a guest to another one.
type User struct{ UID, GID uint32 }

// ExitError is a command that ended with a status other than 0.
type ExitError struct {
	Status  int    // the command's exit status; 128+n for signal n
	Console string // what the kernel said
}

func (e *ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// Run boots k, runs g in it and returns when the guest has powered off. It
// returns an *ExitError when the command failed, and another error when the
// guest did not come to an orderly end (with the console's last lines).
func (k *Kernel) Run(ctx context.Context, g *Guest) error {
	if len(g.Args) == 0 {
		return errors.New("guest without a command")
	}
	timeout := g.Timeout
	if timeout == 0 {
		timeout = 20 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	box, err := os.MkdirTemp("", "skipsw-vm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(box)
	conf, err := g.config(box)
	if err != nil {
		return err
	}
	if k.Base != "" && (g.Card != "" || g.Small || g.User != nil || len(g.See) > 0) {
		return unsupported.New("a card, a small root, folders to read or another user in QEMU", "a guest there has copies of the host's files; take user mode")
	}
	initrd := filepath.Join(box, "initrd.cpio")
	if err := k.writeInitrd(initrd, conf); err != nil {
		return err
	}
	if g.User != nil {
		if k, err = k.handOver(box, *g.User); err != nil {
			return err
		}
	}
	console, err := k.boot(ctx, g, box, initrd)
	if ctx.Err() != nil {
		return fmt.Errorf("guest ended after %s: %w\n%s", timeout, ctx.Err(), tail(console))
	}
	if k.Base != "" {
		if terr := unpack(filepath.Join(box, backFile), conf.Share); terr != nil {
			return fmt.Errorf("files of the guest: %w; its console's end:\n%s", terr, tail(console))
		}
	}
	b, rerr := os.ReadFile(filepath.Join(box, guest.StatusFile))
	if rerr != nil {
		return fmt.Errorf("the guest kernel ended without a status (%v); its console's end:\n%s", err, tail(console))
	}
	var st guest.Status
	if err := json.Unmarshal(b, &st); err != nil {
		return fmt.Errorf("status of the guest: %w", err)
	}
	if st.Error != "" {
		return fmt.Errorf("guest: %s", st.Error)
	}
	if st.Exit != 0 {
		return &ExitError{Status: st.Exit, Console: console}
	}
	return nil
}

// config returns what the guest's init reads.
func (g *Guest) config(box string) (*guest.Config, error) {
	dir := g.Dir
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		dir = wd
	}
	path, err := exec.LookPath(g.Args[0])
	if err != nil {
		return nil, err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return &guest.Config{
		Args:  append([]string{path}, g.Args[1:]...),
		Env:   g.Env,
		Dir:   dir,
		Box:   box,
		Share: append([]string{box}, g.Share...),
		See:   g.See,
		Small: g.Small,
	}, nil
}

// boot runs the kernel until it powers off and returns its console output.
func (k *Kernel) boot(ctx context.Context, g *Guest, box, initrd string) (string, error) {
	mem := g.Memory
	if mem == 0 {
		mem = 256
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer outR.Close()
	errR, errW, err := os.Pipe()
	if err != nil {
		outW.Close()
		return "", err
	}
	defer errR.Close()
	var console bytes.Buffer
	cmd := umlCommand(k, mem, box, initrd, g.Card)
	if k.Base != "" {
		cmd = qemuCommand(k, mem, box, initrd)
	}
	cmd.Stdout = &console
	cmd.Stderr = &console
	cmd.ExtraFiles = []*os.File{outW, errW}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if u := g.User; u != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID}
	}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		outW.Close()
		errW.Close()
		return "", err
	}
	outW.Close()
	errW.Close()
	var mu sync.Mutex
	done := make(chan struct{}, 2)
	for _, p := range []struct {
		r io.Reader
		w io.Writer
	}{{outR, g.Stdout}, {errR, g.Stderr}} {
		w := p.w
		if w == nil {
			w = io.Discard
		}
		go func() {
			_, _ = io.Copy(&lockedWriter{&mu, w}, p.r)
			done <- struct{}{}
		}()
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	err = cmd.Wait()
	stop()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // helper processes that outlived the kernel
	<-done
	<-done
	return console.String(), err
}

// cardDevice is the virtio device number of PCI cards, as uml.config has it.
const cardDevice = 1234

// umlCommand is the user-mode kernel with its first two serial lines on the
// descriptors 3 and 4.
func umlCommand(k *Kernel, mem int, box, initrd, card string) *exec.Cmd {
	cmd := exec.Command(k.Path, fmt.Sprintf("mem=%dM", mem), "initrd="+initrd, "uml_dir="+box+"/", "umid=guest",
		"con=null", "con0=null,fd:1", "ssl=null", "ssl0=null,fd:3", "ssl1=null,fd:4",
		"quiet", "panic_on_warn=1", "printk.devkmsg=on")
	if card != "" {
		cmd.Args = append(cmd.Args, fmt.Sprintf("virtio_uml.device=%s:%d", card, cardDevice))
	}
	cmd.Env = []string{"TMPDIR=" + box, "PATH=/usr/bin:/bin", "HOME=" + box}
	return cmd
}

// lockedWriter lets two streams go to one writer.
type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// tail returns the last lines of a console.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if n := len(lines); n > 25 {
		lines = lines[n-25:]
	}
	return strings.Join(lines, "\n")
}
