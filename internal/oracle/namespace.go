package oracle

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace of its own, with the interfaces, routes and
// neighbours that commands made in it: what programs that look into the network
// find there does not depend on the machine. It goes when it is closed.
type Namespace struct{ fd int }

// NewNamespace makes a namespace and runs lines of shell in it. It needs root.
func NewNamespace(lines string) (*Namespace, error) {
	type made struct {
		fd  int
		err error
	}
	got := make(chan made)
	go func() {
		// The thread is in the namespace for good, and ends with the goroutine.
		runtime.LockOSThread()
		fd, err := enterNew(lines)
		got <- made{fd, err}
	}()
	m := <-got
	if m.err != nil {
		return nil, m.err
	}
	return &Namespace{m.fd}, nil
}

func enterNew(lines string) (int, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return -1, fmt.Errorf("a network namespace: %w", err)
	}
	out, err := exec.Command("sh", "-e", "-c", lines).CombinedOutput()
	if err != nil {
		return -1, fmt.Errorf("in a network namespace: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return currentNamespace()
}

func currentNamespace() (int, error) {
	return unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
}

// Do runs f in the namespace.
func (n *Namespace) Do(f func() error) error {
	runtime.LockOSThread()
	own, err := currentNamespace()
	if err == nil {
		defer unix.Close(own)
		err = unix.Setns(n.fd, unix.CLONE_NEWNET)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	result := f()
	if err := unix.Setns(own, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("leave a network namespace: %w", err) // the thread stays locked
	}
	runtime.UnlockOSThread()
	return result
}

// Output runs a command in the namespace and returns what it prints.
func (n *Namespace) Output(name string, args ...string) (out []byte, err error) {
	err = n.Do(func() error {
		out, err = exec.Command(name, args...).Output()
		return err
	})
	return out, err
}

// Close lets the namespace go.
func (n *Namespace) Close() { unix.Close(n.fd) }
