package remote

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Version is the protocol's. Any change that an older end would not understand
// counts it up.
const Version = 1

// protocol is what a greeting says, so that a stranger's bytes are not taken for
// one.
const protocol = "skipsw-card"

// MaxMessage is the most bytes of a message: a program of the largest control
// store with its lines is far below.
const MaxMessage = 16 << 20

// A message is a length of 4 bytes, high byte first, and so many bytes of JSON.
const lengthBytes = 4

// greeting is the first message of each end. The server's tells of the device.
type greeting struct {
	Protocol string `json:"protocol"`
	Version  int    `json:"version"`
	Name     string `json:"name,omitempty"`   // of the device
	Target   []byte `json:"target,omitempty"` // of the device, as a target file
	Refused  string `json:"refused,omitempty"`
}

// request is a question of the client.
type request struct {
	Op   string          `json:"op"`
	Args json.RawMessage `json:"args,omitempty"`
}

// reply is the answer to one: any number with More, and a last one.
type reply struct {
	More   bool            `json:"more,omitempty"`
	Error  *failure        `json:"error,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
}

// write writes a message.
func write(w io.Writer, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(body) > MaxMessage {
		return fmt.Errorf("a message of %d bytes; the protocol has up to %d", len(body), MaxMessage)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, lengthBytes+len(body)), uint32(len(body)))
	_, err = w.Write(append(b, body...))
	return err
}

// readStep is how much memory is taken at once for a message: one that says to
// be long and is not costs no more.
const readStep = 64 << 10

// read reads a message. io.EOF is an end between two.
func read(r io.Reader, v any) error {
	var head [lengthBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint32(head[:]))
	if n > MaxMessage {
		return fmt.Errorf("a message of %d bytes; the protocol has up to %d", n, MaxMessage)
	}
	var body []byte
	for len(body) < n {
		at := len(body)
		body = append(body, make([]byte, min(readStep, n-at))...)
		if _, err := io.ReadFull(r, body[at:]); err != nil {
			return io.ErrUnexpectedEOF
		}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("a message that is not of the protocol: %w", err)
	}
	return nil
}
