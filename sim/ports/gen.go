package ports

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/skipsw/skipsw/sim/traffic"
)

// gen is a port whose frames are made.
type gen struct {
	o     Options
	src   traffic.Source
	pace  *traffic.Pace
	pause pause
}

// genSpec is what the words of a generator say.
type genSpec struct {
	traffic.Spec
	rate  uint64
	burst int
}

// defaultRate is that of a port of 10 Gb/s, in bits a second.
const defaultRate = 10_000_000_000

// genFields read the values of a generator's words.
var genFields = map[string]func(s *genSpec, v string) error{
	"packets": func(s *genSpec, v string) (err error) { s.Packets, err = strconv.ParseUint(v, 10, 64); return err },
	"size":    func(s *genSpec, v string) (err error) { s.Sizes, err = traffic.ParseSizes(v); return err },
	"flows":   func(s *genSpec, v string) (err error) { s.Flows, err = strconv.Atoi(v); return err },
	"zipf":    func(s *genSpec, v string) (err error) { s.Zipf, err = strconv.ParseFloat(v, 64); return err },
	"proto":   func(s *genSpec, v string) (err error) { s.Protocol, err = traffic.ParseProtocol(v); return err },
	"to":      func(s *genSpec, v string) (err error) { s.To, err = netip.ParseAddrPort(v); return err },
	"seed":    func(s *genSpec, v string) (err error) { s.Seed, err = strconv.ParseUint(v, 0, 64); return err },
	"rate":    func(s *genSpec, v string) (err error) { s.rate, err = traffic.ParseRate(v); return err },
	"burst":   func(s *genSpec, v string) (err error) { s.burst, err = strconv.Atoi(v); return err },
}

func genKeys() string {
	return "packets, size (bytes, a range or imix), flows, zipf, proto, to, seed, rate (bits a second), burst"
}

// openGen reads KEY=VALUE,...
func openGen(arg string, o Options) (Port, error) {
	s := genSpec{Spec: traffic.DefaultSpec(), rate: defaultRate, burst: 1}
	for word := range strings.SplitSeq(arg, ",") {
		if word == "" {
			continue
		}
		key, value, ok := strings.Cut(word, "=")
		read := genFields[key]
		if !ok || read == nil {
			return nil, fmt.Errorf("%q is not among %s", word, strings.Join(slices.Sorted(maps.Keys(genFields)), ", "))
		}
		if err := read(&s, value); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	src, err := traffic.New(s.Spec)
	if err != nil {
		return nil, err
	}
	pace, err := traffic.NewPace(s.rate, s.burst)
	if err != nil {
		return nil, err
	}
	return &gen{o: o, src: src, pace: pace, pause: newPause()}, nil
}

// Finite implements Port.
func (p *gen) Finite() bool { return true }

// Patient implements Port.
func (p *gen) Patient() bool { return true }

// Receive implements Port.
func (p *gen) Receive(take func(Frame) bool) error {
	begin := time.Now()
	var next traffic.Packet
	for p.src.Next(&next) {
		data := p.src.Frame(&next)
		due := time.Now()
		if p.o.Paced {
			at := p.pace.Next(traffic.Preamble + traffic.Wire(len(data)) + traffic.Gap)
			due = begin.Add(time.Duration(at / picoseconds))
			if !p.pause.until(due) {
				return nil
			}
		}
		if p.pause.closed() || !take(Frame{Data: data, Due: due}) {
			return nil
		}
	}
	return nil
}

// picoseconds of a nanosecond.
const picoseconds = traffic.Second / 1_000_000_000

// Send implements Port: what leaves a generator's port is gone.
func (p *gen) Send([]byte) error { return ErrNoPeer }

// Close implements Port.
func (p *gen) Close() error {
	p.pause.close()
	return nil
}
