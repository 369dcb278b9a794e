package pcap

import (
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// NGPacket is a frame of a pcapng file with what only that format has.
type NGPacket struct {
	Packet
	Inbound, Outbound bool   // which way it went at the interface
	Comment           string // "" for none
}

// NGWriter writes a pcapng file with nanoseconds. Each packet is in the file when
// Write returns.
type NGWriter struct{ w *pcapgo.NgWriter }

// NewNGWriter writes the file header, with interfaces of these names.
func NewNGWriter(w io.Writer, interfaces []string) (*NGWriter, error) {
	if len(interfaces) == 0 {
		return nil, fmt.Errorf("a pcapng file without interfaces")
	}
	out, err := pcapgo.NewNgWriterInterface(w, about(interfaces[0]), pcapgo.DefaultNgWriterOptions)
	if err != nil {
		return nil, err
	}
	for _, name := range interfaces[1:] {
		if _, err := out.AddInterface(about(name)); err != nil {
			return nil, err
		}
	}
	return &NGWriter{out}, out.Flush()
}

func about(name string) pcapgo.NgInterface {
	return pcapgo.NgInterface{Name: name, LinkType: layers.LinkTypeEthernet, TimestampResolution: 9, SnapLength: snapLen}
}

// Write appends a packet.
func (w *NGWriter) Write(p NGPacket) error {
	ci := gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: max(p.Length, len(p.Data)), InterfaceIndex: p.Interface}
	var o pcapgo.NgPacketOptions
	if p.Comment != "" {
		o.Comments = []string{p.Comment}
	}
	if p.Inbound || p.Outbound {
		o.Flags = &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionOutbound}
		if p.Inbound {
			o.Flags.Direction = pcapgo.NgEpbFlagDirectionInbound
		}
	}
	if err := w.w.WritePacketWithOptions(ci, p.Data, o); err != nil {
		return err
	}
	return w.w.Flush()
}

// NGFile is a pcapng file whose interfaces are added as packets name them.
type NGFile struct {
	w     io.Writer
	ng    *NGWriter
	names map[string]int
}

// NewNGFile begins a file; it has its header with the first packet or Close.
func NewNGFile(w io.Writer) *NGFile { return &NGFile{w: w, names: map[string]int{}} }

// Write appends a packet of an interface of that name.
func (f *NGFile) Write(name string, p NGPacket) (err error) {
	at, ok := f.names[name]
	switch {
	case !ok && f.ng == nil:
		if f.ng, err = NewNGWriter(f.w, []string{name}); err != nil {
			return err
		}
		f.names[name] = 0
	case !ok:
		if at, err = f.ng.w.AddInterface(about(name)); err != nil {
			return err
		}
		f.names[name] = at
	}
	p.Interface = at
	return f.ng.Write(p)
}

// Close writes the header of a file without packets.
func (f *NGFile) Close() error {
	if f.ng != nil {
		return nil
	}
	_, err := NewNGWriter(f.w, []string{"host"})
	return err
}
