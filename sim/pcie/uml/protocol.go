package uml

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/sim/pcie/internal/guestmem"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// Requests of the vhost-user protocol that user-mode Linux sends.
const (
	getFeatures         = 1
	setFeatures         = 2
	setOwner            = 3
	setMemTable         = 5
	setVringNum         = 8
	setVringAddr        = 9
	setVringBase        = 10
	setVringKick        = 12
	setVringCall        = 13
	getProtocolFeatures = 15
	setProtocolFeatures = 16
	setVringEnable      = 18
	setBackendReqFD     = 21

	headerSize = 12
	maxBody    = 4096
	flagReply  = 1<<2 | 1 // and version 1

	featureVersion1  = 1 << 32
	featureProtocol  = 1 << 30
	protoBackendReqs = 1 << 5 // without it the kernel asks for interrupt 0, which there is not
)

// message handles one vhost-user message: request 32, flags 32, size 32, body,
// and file descriptors beside it.
func (g *guest) message() error {
	head, oob := make([]byte, headerSize), make([]byte, 512)
	n, on, _, _, err := g.conn.ReadMsgUnix(head, oob)
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	fds, err := descriptors(oob[:on])
	defer func() {
		for _, f := range fds {
			if f != nil {
				_ = f.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	if _, err := io.ReadFull(g.conn, head[n:]); err != nil {
		return err
	}
	size := le.Uint32(head[8:])
	if size > maxBody {
		return fmt.Errorf("vhost-user message of %d bytes", size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(g.conn, body); err != nil {
		return err
	}
	return g.request(le.Uint32(head), body, fds)
}

// request executes a message. It takes the file descriptors that it keeps out of
// fds.
func (g *guest) request(req uint32, body []byte, fds []*os.File) error {
	switch req {
	case getFeatures:
		return g.reply(req, featureVersion1|featureProtocol)
	case getProtocolFeatures:
		return g.reply(req, protoBackendReqs)
	case setFeatures, setOwner, setProtocolFeatures:
		return nil
	case setBackendReqFD:
		if len(fds) != 1 || g.back != nil {
			return fmt.Errorf("vhost-user message %d with %d descriptors", req, len(fds))
		}
		g.back, fds[0] = fds[0], nil
		return nil
	case setMemTable:
		return g.memTable(body, fds)
	case setVringNum, setVringAddr, setVringBase, setVringKick, setVringCall, setVringEnable:
		return g.vring(req, body, fds)
	}
	return fmt.Errorf("%w: vhost-user message %d, because user-mode Linux sends none", unsupported.Err, req)
}

// vring executes a message about one queue.
func (g *guest) vring(req uint32, body []byte, fds []*os.File) error {
	if len(body) < 8 || le.Uint32(body)&0xff >= uint32(len(g.queues)) {
		return fmt.Errorf("vhost-user message %d for a queue that there is not", req)
	}
	i := int(le.Uint32(body) & 0xff)
	q := &g.queues[i]
	if q.kick != nil && req != setVringEnable {
		return fmt.Errorf("%w: vhost-user message %d for a queue that runs", unsupported.Err, req)
	}
	g.irqMu.Lock()
	defer g.irqMu.Unlock()
	switch req {
	case setVringNum:
		return q.setSize(le.Uint32(body[4:]))
	case setVringAddr:
		if len(body) < 32 {
			return fmt.Errorf("queue addresses of %d bytes", len(body))
		}
		return q.setPlace(le.Uint64(body[8:]), le.Uint64(body[16:]), le.Uint64(body[24:]))
	case setVringBase:
		q.next = uint16(le.Uint32(body[4:]))
	case setVringEnable:
		q.enabled = le.Uint32(body[4:]) != 0
	case setVringCall, setVringKick:
		if len(fds) != 1 {
			return fmt.Errorf("vhost-user message %d with %d descriptors", req, len(fds))
		}
		f := fds[0]
		fds[0] = nil
		if req == setVringCall {
			if q.call != nil {
				_ = q.call.Close()
			}
			q.call = f // before the kick descriptor: nobody uses it yet
			return nil
		}
		q.kick = f
		g.start(i)
	}
	return nil
}

func (g *guest) memTable(body []byte, fds []*os.File) error {
	if len(body) < 8 {
		return fmt.Errorf("memory table of %d bytes", len(body))
	}
	for i := range g.queues {
		if g.queues[i].kick != nil {
			return unsupported.New("another memory table", "queues use the one before")
		}
	}
	n := int(le.Uint32(body))
	if n != len(fds) || n > guestmem.MaxRegions || len(body) < 8+32*n {
		return fmt.Errorf("memory table of %d regions with %d descriptors", n, len(fds))
	}
	for i := range n {
		e := body[8+32*i:]
		if err := g.Add(le.Uint64(e), le.Uint64(e[8:]), le.Uint64(e[24:]), int(fds[i].Fd())); err != nil {
			return err
		}
	}
	return nil
}

func (g *guest) reply(req uint32, v uint64) error {
	b := make([]byte, headerSize+8)
	le.PutUint32(b, req)
	le.PutUint32(b[4:], flagReply)
	le.PutUint32(b[8:], 8)
	le.PutUint64(b[12:], v)
	_, err := g.conn.Write(b)
	return err
}

// descriptors returns the files that came beside a message. They can be waited
// for without a thread.
func descriptors(oob []byte) ([]*os.File, error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var out []*os.File
	for i := range msgs {
		fds, err := unix.ParseUnixRights(&msgs[i])
		if err != nil {
			return out, err
		}
		for _, fd := range fds {
			_ = unix.SetNonblock(fd, true)
			out = append(out, os.NewFile(uintptr(fd), "guest"))
		}
	}
	return out, nil
}
