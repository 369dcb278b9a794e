package ports

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	kinds["tap"] = Kind{"tap:NAME", "a tap interface of the kernel, made if it is not there; it goes with the card unless it is persistent", openTap}
}

// tap is a port on a tap interface: what the kernel sends by it comes in.
type tap struct {
	device
	o    Options
	name string
}

// openTap makes or takes a tap interface and brings it up.
func openTap(name string, o Options) (Port, error) {
	if name == "" || len(name) >= unix.IFNAMSIZ {
		return nil, fmt.Errorf("an interface has a name of 1 to %d bytes", unix.IFNAMSIZ-1)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	fail := func(err error) (Port, error) { return nil, errors.Join(err, unix.Close(fd)) }
	req, err := unix.NewIfreq(name)
	if err != nil {
		return fail(err)
	}
	req.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		switch {
		case errors.Is(err, unix.EPERM):
			err = fmt.Errorf("%w; it takes CAP_NET_ADMIN, or a tap made for this user: ip tuntap add %s mode tap user NAME", err, name)
		case errors.Is(err, unix.EBUSY):
			err = fmt.Errorf("%w; another process has the tap", err)
		case errors.Is(err, unix.EINVAL):
			err = fmt.Errorf("%w; there is an interface of the name, and it is no tap of this form", err)
		}
		return fail(err)
	}
	if err := bringUp(name); err != nil && !errors.Is(err, unix.EPERM) {
		return fail(err)
	}
	return &tap{device{os.NewFile(uintptr(fd), "tap "+name)}, o, name}, nil
}

// bringUp sets an interface up. A user who may use a tap need not be one who may
// do that.
func bringUp(name string) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(s, unix.SIOCGIFFLAGS, req); err != nil {
		return err
	}
	if req.Uint16()&unix.IFF_UP != 0 {
		return nil
	}
	req.SetUint16(req.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, req)
}

// Finite implements Port.
func (p *tap) Finite() bool { return false }

// Patient implements Port: the kernel does not wait.
func (p *tap) Patient() bool { return false }

// Receive implements Port.
func (p *tap) Receive(take func(Frame) bool) error {
	buf := make([]byte, maxStream)
	for {
		n, err := p.file.Read(buf)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return err
		case !p.o.fits("tap "+p.name, n):
			continue
		}
		if !take(Frame{Data: buf[:n], Due: time.Now()}) {
			return nil
		}
	}
}

// Send implements Port.
func (p *tap) Send(frame []byte) error {
	_, err := p.file.Write(frame)
	if errors.Is(err, unix.EIO) || errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("%w: the interface is down: %w", ErrNoPeer, err)
	}
	return err
}
