package ports

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"sync"
	"time"
)

// A frame on a stream has its length before it, 4 bytes with the high one first:
// QEMU's -netdev stream, and socket before it.
const frameHeader = 4

// maxStream is the most bytes that a length can say: that of QEMU's largest
// buffer. What is longer is no frame, and nobody knows where the next begins.
const maxStream = 4096 + 65536

// stream is a port on a stream socket, which one peer after the other is
// connected to.
type stream struct {
	o        Options
	path     string
	listener *net.UnixListener // nil for a client
	id       fs.FileInfo       // of the socket that was made
	done     chan struct{}

	mu     sync.Mutex
	conn   *net.UnixConn // the peer, nil for none
	closed bool
}

// listenStream makes a socket that must not be there.
func listenStream(path string, o Options) (Port, error) {
	clearLeft("unix", path, o)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("%w; what is at the path of a socket is not removed, unless a card of this user has left it", err)
	}
	l.SetUnlinkOnClose(false)
	p := &stream{o: o, path: path, listener: l, done: make(chan struct{})}
	if p.id, err = own(path, o); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return p, nil
}

// newClient goes to a socket as soon as somebody is there.
func newClient(path string, o Options) Port {
	return &stream{o: o, path: path, done: make(chan struct{})}
}

// Finite implements Port.
func (p *stream) Finite() bool { return false }

// Patient implements Port.
func (p *stream) Patient() bool { return true }

// retry is how long a client waits before it tries again.
const retry = 50 * time.Millisecond

// peer waits for the next peer; nil means that the port is closed.
func (p *stream) peer() (*net.UnixConn, error) {
	if p.listener != nil {
		for {
			conn, err := p.listener.AcceptUnix()
			if errors.Is(err, net.ErrClosed) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			if err := CheckPeer(conn, p.o.UID); err != nil {
				p.o.logf("port %s: %v", p.path, err)
				_ = conn.Close()
				continue
			}
			return conn, nil
		}
	}
	for {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: p.path, Net: "unix"})
		if err == nil {
			return conn, nil
		}
		select {
		case <-p.done:
			return nil, nil
		case <-time.After(retry):
		}
	}
}

// connected makes a connection the peer's; false means that the port is closed.
func (p *stream) connected(conn *net.UnixConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conn = conn
	return true
}

// drop ends the connection to a peer.
func (p *stream) drop(conn *net.UnixConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = conn.Close()
	if p.conn == conn {
		p.conn = nil
	}
}

// Receive implements Port.
func (p *stream) Receive(take func(Frame) bool) error {
	for {
		conn, err := p.peer()
		if conn == nil || err != nil {
			return err
		}
		if !p.connected(conn) {
			return conn.Close()
		}
		p.o.logf("port %s: somebody is at the other end", p.path)
		more, err := frames(conn, take, p.o.logf)
		p.drop(conn)
		if !more {
			return nil
		}
		p.mu.Lock()
		closed := p.closed
		p.mu.Unlock()
		if closed {
			return nil
		}
		p.o.logf("port %s: the other end has gone: %v", p.path, err)
	}
}

// frames reads frames of a peer; more says that the next peer's are wanted.
func frames(r io.Reader, take func(Frame) bool, logf func(string, ...any)) (more bool, err error) {
	in := bufio.NewReaderSize(r, maxStream)
	buf := make([]byte, MaxFrame)
	for {
		var head [frameHeader]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return true, err
		}
		n := binary.BigEndian.Uint32(head[:])
		switch {
		case n > maxStream:
			return true, fmt.Errorf("it sent a length of %d bytes, which no frame has", n)
		case n > MaxFrame:
			logf("a frame of %d bytes is dropped; ports take up to %d", n, MaxFrame)
			if _, err := in.Discard(int(n)); err != nil {
				return true, err
			}
			continue
		}
		if _, err := io.ReadFull(in, buf[:n]); err != nil {
			return true, err
		}
		if !take(Frame{Data: buf[:n], Due: time.Now()}) {
			return false, nil
		}
	}
}

// Send implements Port.
func (p *stream) Send(frame []byte) error {
	p.mu.Lock()
	conn := p.conn
	p.mu.Unlock()
	if conn == nil {
		return ErrNoPeer
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, frameHeader+len(frame)), uint32(len(frame)))
	if _, err := conn.Write(append(b, frame...)); err != nil {
		p.drop(conn) // half a frame may have gone out
		return fmt.Errorf("%w: %w", ErrNoPeer, err)
	}
	return nil
}

// Close implements Port.
func (p *stream) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	close(p.done)
	if p.conn != nil {
		_ = p.conn.Close()
	}
	if p.listener == nil {
		return nil
	}
	return errors.Join(p.listener.Close(), remove(p.path, p.id))
}
