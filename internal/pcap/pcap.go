// Package pcap reads and writes capture files, pcap and pcapng, of Ethernet
// frames. What is read may be compressed by gzip or zstd. A file that is cut off, damaged or of another link type is an error
// that says so; what was read up to there is still given.
//
// It never knows what is in a frame.
package pcap

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/outfile"
)

// Packet is one captured frame.
type Packet struct {
	Data []byte
	Time time.Time
	// Length is the frame's length on the wire in bytes; Data is shorter if the
	// capture was cut at a snap length.
	Length int
	// Interface is the number of the capturing interface in a pcapng file.
	Interface int
}

// source is what the two formats' readers have in common.
type source interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
}

// Reader reads packets one by one.
type Reader struct {
	src   source
	ng    *pcapgo.NgReader // nil for the older format
	count int
}

const ngMagic = 0x0a0d0d0a

// bufferSize is how much of a file is read at once, in bytes.
const bufferSize = 64 << 10

// NewReader reads the file header.
func NewReader(r io.Reader) (*Reader, error) {
	br, err := plain(bufio.NewReaderSize(r, bufferSize))
	if err != nil {
		return nil, err
	}
	magic, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("is no capture file: it has %d bytes", len(magic))
	}
	if bytes.HasPrefix(magic, gzipMagic) { // which the library would unpack without a limit
		return nil, errors.New("is no capture file: it is compressed twice")
	}
	out := &Reader{}
	if binary.LittleEndian.Uint32(magic) == ngMagic {
		ng, err := pcapgo.NewNgReader(br, pcapgo.NgReaderOptions{ErrorOnMismatchingLinkType: true})
		if err != nil {
			return nil, fmt.Errorf("pcapng header: %w", cutOff(err))
		}
		out.src, out.ng = ng, ng
		return out, ethernet(ng.LinkType())
	}
	old, err := pcapgo.NewReader(br)
	if err != nil {
		return nil, fmt.Errorf("is no capture file, pcap or pcapng: %w", cutOff(err))
	}
	out.src = old
	return out, ethernet(old.LinkType())
}

func ethernet(t layers.LinkType) error {
	if t != layers.LinkTypeEthernet {
		return fmt.Errorf("not supported: link type %d (%s), because programs see Ethernet frames; convert the capture", t, t)
	}
	return nil
}

var errCutOff = errors.New("the file is truncated")

func cutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutOff
	}
	return err
}

// Interface returns the name of a capturing interface, "" for none.
func (r *Reader) Interface(n int) string {
	if r.ng == nil {
		return ""
	}
	i, err := r.ng.Interface(n)
	if err != nil {
		return ""
	}
	return i.Name
}

// Next returns the next packet, whose bytes are valid until the next call, and
// io.EOF behind the last.
func (r *Reader) Next() (Packet, error) {
	data, ci, err := r.src.ZeroCopyReadPacketData()
	// An end behind a packet's header is one inside the packet.
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && ci.CaptureLength == 0 {
		return Packet{}, io.EOF
	}
	if err != nil {
		return Packet{}, fmt.Errorf("packet %d: %w", r.count+1, cutOff(err))
	}
	r.count++
	return Packet{Data: data, Time: ci.Timestamp, Length: ci.Length, Interface: ci.InterfaceIndex}, nil
}

// packetOverhead is what a packet takes in memory beside its bytes, roughly.
const packetOverhead = 64

// Read reads all packets. With an error come the packets in front of it.
func Read(r io.Reader) ([]Packet, error) {
	in, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	var out []Packet
	held := 0
	for {
		p, err := in.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if held += packetOverhead + len(p.Data); held > infile.Capture {
			return out, fmt.Errorf("packet %d: the packets have more than %d bytes together, the most that is held in memory", len(out)+1, infile.Capture)
		}
		p.Data = bytes.Clone(p.Data)
		out = append(out, p)
	}
}

// ReadFile reads all packets of a file. Errors name the file.
func ReadFile(path string) ([]Packet, error) {
	f, err := infile.Open(path, "a capture", infile.Capture)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out, err := Read(f)
	if err != nil {
		return out, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return out, nil
}

// snapLen is the snap length that written files state, in bytes.
const snapLen = 262144

// Writer writes a capture file: pcap with microseconds, the format that every
// tool reads.
type Writer struct {
	w *pcapgo.Writer
}

// NewWriter writes the file header.
func NewWriter(w io.Writer) (*Writer, error) {
	out := pcapgo.NewWriter(w)
	return &Writer{w: out}, out.WriteFileHeader(snapLen, layers.LinkTypeEthernet)
}

// Write appends a packet. A Length of 0 means that of Data.
func (w *Writer) Write(p Packet) error {
	ci := gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: max(p.Length, len(p.Data))}
	return w.w.WritePacket(ci, p.Data)
}

// WriteFile writes packets to a file. A regular file is replaced in one step,
// anything else is written through.
func WriteFile(path string, packets []Packet) error {
	return outfile.Write(path, func(f io.Writer) error { return Write(f, packets) })
}

// Write writes packets as a file's content.
func Write(f io.Writer, packets []Packet) error {
	buf := bufio.NewWriter(f)
	w, err := NewWriter(buf)
	if err != nil {
		return err
	}
	for _, p := range packets {
		if err := w.Write(p); err != nil {
			return err
		}
	}
	return buf.Flush()
}
