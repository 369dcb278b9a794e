package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// How a command waits for another one that changes the same interface. Any user
// can take the name of the lock, so waiting has an end; the kernel's own
// comparisons then remain.
const (
	lockPoll = 5 * time.Millisecond
	lockWait = 10 * time.Second
)

// Lock implements offload.Locker: one transaction at a time changes an interface.
// The lock is a name in the interface's network namespace, which the kernel
// frees with the last process that holds it: this one or its guard.
func (d *Device) Lock(ctx context.Context) (unlock func(), err error) {
	name := fmt.Sprintf("@skipsw-interface-%d", d.ifindex)
	var fd int
	err = d.in(func() (err error) {
		fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", d.name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	for end := time.Now().Add(lockWait); ; {
		err := unix.Bind(fd, &unix.SockaddrUnix{Name: name})
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", d.name, err)
		}
		if time.Now().After(end) {
			f.Close()
			return func() {}, nil
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another command that changes %s: %w", d.name, ctx.Err())
		case <-time.After(lockPoll):
		}
	}
	d.lock = f
	return func() {
		d.lock = nil
		f.Close()
	}, nil
}
