package vfiouser

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

var le = binary.LittleEndian

// Commands.
const (
	cmdVersion    = 1
	cmdDMAMap     = 2
	cmdDMAUnmap   = 3
	cmdDeviceInfo = 4
	cmdRegionInfo = 5
	cmdIRQInfo    = 7
	cmdSetIRQs    = 8
	cmdRead       = 9
	cmdWrite      = 10
	cmdReset      = 13
)

// A message has a header of 16 bytes, then data: number 16, command 16, size 32
// (header included), flags 32, errno 32.
const (
	headerSize  = 16
	flagReply   = 1
	flagNoReply = 1 << 4
	flagError   = 1 << 5

	maxTransfer = 1 << 20 // bytes of one access
	maxMessage  = headerSize + accessSize + maxTransfer
	maxFiles    = 64 // that come with one message
)

// message is one request of the client.
type message struct {
	id, command uint16
	flags       uint32
	body        []byte
	files       []*os.File // whose owner is the message, but for those set to nil
}

// receive reads the next request.
func receive(conn *net.UnixConn) (*message, error) {
	head, oob := make([]byte, headerSize), make([]byte, unix.CmsgSpace(4*maxFiles))
	n, on, _, _, err := conn.ReadMsgUnix(head, oob)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	m := &message{}
	if m.files, err = files(oob[:on]); err != nil {
		m.close()
		return nil, err
	}
	if _, err := io.ReadFull(conn, head[n:]); err != nil {
		m.close()
		return nil, err
	}
	m.id, m.command, m.flags = le.Uint16(head), le.Uint16(head[2:]), le.Uint32(head[8:])
	size := le.Uint32(head[4:])
	if size < headerSize || size > maxMessage {
		m.close()
		return nil, fmt.Errorf("message of %d bytes", size)
	}
	m.body = make([]byte, size-headerSize)
	if _, err := io.ReadFull(conn, m.body); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// files returns the files that came beside a message.
func files(oob []byte) (out []*os.File, err error) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	for i := range msgs {
		fds, rerr := unix.ParseUnixRights(&msgs[i])
		err = errors.Join(err, rerr)
		for _, fd := range fds {
			out = append(out, os.NewFile(uintptr(fd), "client"))
		}
	}
	return out, err
}

// close closes the message's files.
func (m *message) close() {
	for _, f := range m.files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// word returns a 32-bit word of the body, 0 beyond its end.
func (m *message) word(off int) uint32 {
	if len(m.body) < off+4 {
		return 0
	}
	return le.Uint32(m.body[off:])
}

// long is word for 64 bits.
func (m *message) long(off int) uint64 { return uint64(m.word(off+4))<<32 | uint64(m.word(off)) }

// reply answers a request with data, or with an errno.
func (m *message) reply(conn *net.UnixConn, data []byte, errno unix.Errno) error {
	if m.flags&flagNoReply != 0 {
		return nil
	}
	flags := uint32(flagReply)
	if errno != 0 {
		flags, data = flags|flagError, nil
	}
	b := le.AppendUint16(nil, m.id)
	b = le.AppendUint16(b, m.command)
	b = le.AppendUint32(b, uint32(headerSize+len(data)))
	b = le.AppendUint32(b, flags)
	b = le.AppendUint32(b, uint32(errno))
	_, err := conn.Write(append(b, data...))
	return err
}
