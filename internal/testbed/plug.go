package testbed

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/sim/pcie/wire"
)

// Plug is what is plugged into a port, in words:
//
//	none                 nothing
//	host[:ADDR]          a host that answers ARP and ping, 10.9.N.2 for port N
//	cable                a cable to the next port that has one
//	pcap:IN[,OUT]        the frames of a capture; what leaves the port goes to OUT
//	gen:COUNT[,BYTES]    COUNT equal frames of BYTES bytes (60)
//
// A capture and a generator begin when the port has a program and end with it.
type Plug string

// Generated frames are of the Ethernet type for experiments.
const (
	genType   = 0x88b5
	genHeader = 14
	genMin    = 60
)

// player makes the frames of a plug that brings any.
func (p Plug) player() (*wire.Player, error) {
	kind, arg, _ := strings.Cut(string(p), ":")
	first, second, has := strings.Cut(arg, ",")
	switch kind {
	case "pcap":
		packets, err := pcap.ReadFile(first)
		if err != nil {
			return nil, err
		}
		pl := &wire.Player{}
		for _, q := range packets {
			pl.Frames = append(pl.Frames, q.Data)
		}
		return pl, nil
	case "gen":
		n, err := strconv.ParseUint(first, 10, 31)
		size := uint64(genMin)
		if err == nil && has {
			size, err = strconv.ParseUint(second, 10, 31)
		}
		if err != nil || n == 0 || size < genMin || size > nfp.Frame {
			return nil, fmt.Errorf("port %q: gen takes a number of frames and their size, %d to %d bytes", p, genMin, nfp.Frame)
		}
		return &wire.Player{Frames: [][]byte{generated(int(size))}, Times: int(n)}, nil
	}
	return nil, fmt.Errorf("port %q: what is plugged in is none, host, cable, pcap or gen", p)
}

// generated is a frame for all, from 02:00:00:00:00:02.
func generated(size int) []byte {
	f := make([]byte, size)
	copy(f, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 2, genType >> 8, genType & 0xff})
	for i := genHeader; i < size; i++ {
		f[i] = byte(i)
	}
	return f
}

// Plugs is what is plugged into the ports of a card. It is made before the card,
// whose port states it wants to know.
type Plugs struct {
	words   []Plug
	players map[int]*wire.Player
	outs    map[int]*capture

	mu    sync.Mutex
	stops map[int]chan struct{} // of players that play
	play  sync.WaitGroup
}

// NewPlugs reads the files that plugs name.
func NewPlugs(words []Plug) (*Plugs, error) {
	p := &Plugs{words: words, players: map[int]*wire.Player{}, outs: map[int]*capture{}, stops: map[int]chan struct{}{}}
	cables := 0
	for n, w := range words {
		kind, arg, _ := strings.Cut(string(w), ":")
		switch kind {
		case "none":
		case "cable":
			cables++
		case "host":
			if _, err := hostAddr(n, arg); err != nil {
				return nil, fmt.Errorf("port %q: %w", w, err)
			}
		default:
			pl, err := w.player()
			if err != nil {
				return nil, err
			}
			p.players[n] = pl
			if _, out, has := strings.Cut(arg, ","); has && kind == "pcap" {
				c, err := newCapture(out)
				if err != nil {
					return nil, errors.Join(err, p.Close())
				}
				p.outs[n] = c
			}
		}
	}
	if cables%2 != 0 {
		return nil, errors.New("a cable has two ends: an even number of ports is plugged into cables")
	}
	return p, nil
}

// hostAddr is the address of a host on port n.
func hostAddr(n int, arg string) (netip.Addr, error) {
	if arg == "" {
		return netip.AddrFrom4([4]byte{10, 9, byte(n), 2}), nil
	}
	a, err := netip.ParseAddr(arg)
	if err == nil && !a.Is4() {
		err = fmt.Errorf("%s is no IPv4 address", arg)
	}
	return a, err
}

// Attach plugs everything in.
func (p *Plugs) Attach(c *nfp.Card) {
	to := func(n int) wire.Deliver { return func(f []byte) bool { return c.Deliver(n, f) } }
	open := -1 // a port with the first end of a cable
	for n, w := range p.words {
		kind, arg, _ := strings.Cut(string(w), ":")
		switch {
		case kind == "host":
			addr, _ := hostAddr(n, arg)
			c.Attach(n, &wire.Host{MAC: [6]byte{2, 0, 0, 0, 0, byte(n + 1)}, Addr: addr, To: to(n)})
		case kind == "cable" && open < 0:
			open = n
		case kind == "cable":
			a, b := wire.Cable(to(open), to(n))
			c.Attach(open, a)
			c.Attach(n, b)
			open = -1
		case p.players[n] != nil:
			p.players[n].To = func(f []byte) bool { return c.Offer(n, f) }
			if out := p.outs[n]; out != nil {
				c.Attach(n, &wire.Tap{See: out.add})
			}
		}
	}
}

// Changed is for nfp.Options: it starts and stops what brings frames.
func (p *Plugs) Changed(port int, s nfp.PortState) {
	pl := p.players[port]
	if pl == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch stop := p.stops[port]; {
	case s.Up && s.Program && stop == nil:
		stop = make(chan struct{})
		p.stops[port] = stop
		p.play.Go(func() { pl.Play(stop) })
	case (!s.Up || !s.Program) && stop != nil:
		close(stop)
		delete(p.stops, port)
	}
}

// Close stops what brings frames and writes the captures.
func (p *Plugs) Close() error {
	p.mu.Lock()
	for n, stop := range p.stops {
		close(stop)
		delete(p.stops, n)
	}
	p.mu.Unlock()
	p.play.Wait()
	var errs []error
	for _, c := range p.outs {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// capture writes frames to a file of its own.
type capture struct {
	mu   sync.Mutex
	file *os.File
	w    *pcap.Writer
	err  error // the first one
}

// newCapture makes the file, which must not be there.
func newCapture(path string) (*capture, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	w, err := pcap.NewWriter(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &capture{file: f, w: w}, nil
}

func (c *capture) add(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.w.Write(pcap.Packet{Time: time.Now(), Data: frame, Length: len(frame)})
	}
}

func (c *capture) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.err, c.file.Close())
}
