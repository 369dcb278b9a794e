package ports

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
	"time"
)

// dgram is a port on a datagram socket: a frame a datagram, QEMU's -netdev dgram
// with addresses of Unix. The permissions of the socket's file say who may send.
type dgram struct {
	o      Options
	path   string
	id     fs.FileInfo
	conn   *net.UnixConn
	remote *net.UnixAddr
}

// listenDgram makes a socket that must not be there and sends to another.
func listenDgram(path, remote string, o Options) (Port, error) {
	clearLeft("unixgram", path, o)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("%w; what is at the path of a socket is not removed, unless a card of this user has left it", err)
	}
	p := &dgram{o: o, path: path, conn: conn, remote: &net.UnixAddr{Name: remote, Net: "unixgram"}}
	if p.id, err = own(path, o); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return p, nil
}

// Finite implements Port.
func (p *dgram) Finite() bool { return false }

// Patient implements Port.
func (p *dgram) Patient() bool { return true }

// Receive implements Port.
func (p *dgram) Receive(take func(Frame) bool) error {
	buf := make([]byte, maxStream)
	for {
		n, _, err := p.conn.ReadFromUnix(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if !p.o.fits("port "+p.path, n) {
			continue
		}
		if !take(Frame{Data: buf[:n], Due: time.Now()}) {
			return nil
		}
	}
}

// Send implements Port.
func (p *dgram) Send(frame []byte) error {
	_, err := p.conn.WriteToUnix(frame, p.remote)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOENT), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%w: %w", ErrNoPeer, err)
	case errors.Is(err, syscall.EMSGSIZE):
		return fmt.Errorf("%w: %w", ErrSize, err)
	}
	return err
}

// Close implements Port.
func (p *dgram) Close() error {
	if err := p.conn.Close(); err != nil {
		return nil // it is closed already
	}
	return remove(p.path, p.id)
}
