package vfiouser

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim/pcie"
	"github.com/skipsw/skipsw/sim/pcie/internal/guestmem"
)

// client is one client on one connection. It is the function's host.
type client struct {
	guestmem.Memory
	conn *net.UnixConn
	f    pcie.Function
	logf func(format string, args ...any)

	irqMu   sync.Mutex
	vectors []*os.File // eventfds, nil where the client has none
	waiting []bool     // raised while there was none
}

// Serve connects a function to the client at the other end of a connection, and
// returns when the client is gone: nil if it went in order. logf, which may be
// nil, gets what a client is refused.
func Serve(conn *net.UnixConn, f pcie.Function, logf func(format string, args ...any)) error {
	if logf == nil {
		logf = func(string, ...any) {}
	}
	n := f.Config().Vectors()
	c := &client{conn: conn, f: f, logf: logf, vectors: make([]*os.File, n), waiting: make([]bool, n)}
	f.Connect(c)
	err := c.serve()
	f.Connect(nil)
	_ = conn.Close()
	c.setVectors(0, make([]*os.File, n))
	c.Close()
	return err
}

func (c *client) serve() error {
	for {
		m, err := receive(c.conn)
		if errors.Is(err, io.EOF) || errors.Is(err, unix.ECONNRESET) || errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
		data, errno := c.execute(m)
		if errno != 0 {
			c.logf("vfio-user command %d of %d bytes: %v", m.command, len(m.body), errno)
		}
		err = m.reply(c.conn, data, errno)
		m.close()
		if err != nil {
			return fmt.Errorf("client: %w", err)
		}
	}
}

// execute carries out a request and returns the reply's data or an errno.
func (c *client) execute(m *message) ([]byte, unix.Errno) {
	switch m.command {
	case cmdVersion:
		return c.version(m)
	case cmdDMAMap:
		return nil, c.mapMemory(m)
	case cmdDMAUnmap:
		if !c.Remove(m.long(8), m.long(16)) {
			return nil, unix.ENOENT
		}
		return m.body, 0
	case cmdDeviceInfo:
		return c.deviceInfo()
	case cmdRegionInfo:
		return c.regionInfo(m.word(8))
	case cmdIRQInfo:
		return c.irqInfo(m.word(8))
	case cmdSetIRQs:
		return nil, c.setIRQs(m)
	case cmdRead, cmdWrite:
		return c.access(m)
	case cmdReset:
		c.f.Connect(c)
		return nil, 0
	}
	return nil, unix.ENOTSUP
}

// version agrees on 0.1 and tells the limits.
func (c *client) version(m *message) ([]byte, unix.Errno) {
	if len(m.body) < 4 || le.Uint16(m.body) != 0 || le.Uint16(m.body[2:]) < 1 {
		return nil, unix.EINVAL
	}
	data := []byte{0, 0, 1, 0}
	data = fmt.Appendf(data, `{"capabilities":{"max_msg_fds":%d,"max_data_xfer_size":%d}}`, maxFiles, maxTransfer)
	return append(data, 0), 0
}

// mapMemory takes memory of the guest: argument size 32, flags 32, offset in the
// file 64, address 64, size 64.
func (c *client) mapMemory(m *message) unix.Errno {
	if len(m.body) < 32 || len(m.files) != 1 {
		return unix.EINVAL // memory without a file would be read by messages
	}
	if err := c.Add(m.long(16), m.long(24), m.long(8), int(m.files[0].Fd())); err != nil {
		c.logf("%v", err)
		return unix.EINVAL
	}
	return 0
}

// accessSize is the head of an access: offset 64, region 32, length 32.
const accessSize = 16

// access reads or writes a region.
func (c *client) access(m *message) ([]byte, unix.Errno) {
	off, region, n := m.long(0), m.word(8), m.word(12)
	size := c.regionSize(region)
	if len(m.body) < accessSize || n > maxTransfer || off > size || uint64(n) > size-off {
		return nil, unix.EINVAL
	}
	head := m.body[:accessSize:accessSize]
	if m.command == cmdWrite {
		data := m.body[accessSize:]
		if uint32(len(data)) != n {
			return nil, unix.EINVAL
		}
		if region == regionConfig {
			c.f.WriteConfig(off, data)
		} else {
			c.f.Write(int(region), off, data)
		}
		return head, 0
	}
	data := make([]byte, n)
	if region == regionConfig {
		c.f.Config().Read(off, data)
	} else {
		c.f.Read(int(region), off, data)
	}
	return append(head, data...), 0
}
