// Package packetrun runs a list of packets through an image in the simulator
// and sums up verdicts, cycles and the words where the cycles went.
//
// It never knows the compiler; it takes images.
package packetrun

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Summary is what a run over many packets gave.
type Summary struct {
	Packets  int            `json:"packets"`
	Verdicts map[string]int `json:"verdicts"`
	// Redirects is how many packets were redirected, by where: "port 1".
	Redirects    map[string]int  `json:"redirects,omitempty"`
	Faults       int             `json:"faults"`
	Cycles       Cycles          `json:"cycles"`
	Instructions Mean            `json:"instructions"`
	Maps         map[string][]KV `json:"maps,omitempty"`
	// ZeroEntries is how many entries of arrays are all zero and not in Maps.
	ZeroEntries map[string]uint64 `json:"zero_entries,omitempty"`
	// Events is what programs sent to ring buffers and perf event arrays, by map.
	Events map[string]*Sent `json:"events,omitempty"`
	// Prints is what the program printed.
	Prints []Print `json:"prints,omitempty"`
	// PrintsLost counts those for which there was no room.
	PrintsLost uint32 `json:"prints_lost,omitempty"`
	// Records are the records themselves, where they were asked for.
	Records    []Record   `json:"records,omitempty"`
	FirstFault *sim.Fault `json:"-"`
}

// Sent counts the records of a map.
type Sent struct {
	Records int    `json:"records"`
	Lost    uint32 `json:"lost"` // for which there was no room
}

// Record is a record that a packet, counted from 1, sent to a map. Bytes are in
// lower-case hex; Text is the data by its C type, if that is known.
type Record struct {
	Packet      int    `json:"packet"`
	Map         string `json:"map"`
	Data        string `json:"data"`
	PacketBytes string `json:"packet_bytes,omitempty"`
	Text        string `json:"text,omitempty"`
}

// Sink takes a record that a packet, counted from 1, sent to a map. It is valid
// during the call.
type Sink func(packet int, m *image.Map, e *sim.Event) error

// Cycles is the distribution of core cycles for one packet, from the first
// instruction to the branch to done, memory waits included.
type Cycles struct {
	Min  uint64  `json:"min"`
	Mean float64 `json:"mean"`
	P50  uint64  `json:"p50"`
	P99  uint64  `json:"p99"`
	Max  uint64  `json:"max"`
}

// Mean is an average.
type Mean struct {
	Mean float64 `json:"mean"`
}

// KV is one map entry in lower-case hex.
type KV struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// Program is the program in a slot of a program array, whose number is the
	// value.
	Program string `json:"-"`
}

// Run feeds every packet to the machine, one after the other, gives sink (unless
// it is nil) what they send, and returns with
// the summary the packets that leave the card: passed to the host or sent. It is
// an error if the machine has no clock to go by.
func Run(m *sim.Machine, img *image.Image, packets []pcap.Packet, clock Clock, sink Sink) (*Summary, []pcap.Packet, error) {
	setTime, err := clock.Start(m, packets)
	if err != nil {
		return nil, nil, err
	}
	s := &Summary{Verdicts: map[string]int{}, Events: queues(img)}
	cycles := make([]uint64, 0, len(packets))
	var instructions uint64
	progType := ""
	if len(img.Programs) > 0 {
		progType = img.Programs[0].Type
	}
	var left []pcap.Packet
	for _, p := range packets {
		if err := setTime(&p); err != nil {
			return nil, nil, err
		}
		r := m.Run(sim.Input{Packet: p.Data, IngressIfindex: 1})
		s.Packets++
		for k := range r.Events {
			if err := s.send(m, img, &r.Events[k], sink); err != nil {
				return nil, nil, err
			}
		}
		if r.Fault != nil {
			s.Faults++
			if s.FirstFault == nil {
				s.FirstFault = r.Fault
			}
			continue
		}
		s.Verdicts[VerdictName(progType, r.Verdict)]++
		if firmware.Redirects(progType == "tc", r.Verdict) {
			if s.Redirects == nil {
				s.Redirects = map[string]int{}
			}
			s.Redirects[r.Redirect.String()]++
		}
		cycles = append(cycles, r.Cycles)
		instructions += r.Instructions
		if leaves(progType, r.Verdict) {
			p.Data = append([]byte(nil), r.Packet...)
			p.Length = len(p.Data)
			left = append(left, p)
		}
	}
	if mp, ok := m.Map(maplayout.PrintsMap); ok {
		if q, ok := mp.Queue(); ok {
			s.PrintsLost = q.Lost()
		}
	}
	for name, sent := range s.Events {
		if mp, ok := m.Map(name); ok {
			if q, ok := mp.Queue(); ok {
				sent.Lost = q.Lost()
			}
		}
	}
	s.Cycles = distribution(cycles)
	if n := len(cycles); n > 0 {
		s.Instructions.Mean = float64(instructions) / float64(n)
	}
	return s, left, nil
}

// queues begins to count the records of each map that takes some.
func queues(img *image.Image) map[string]*Sent {
	all := map[string]*Sent{}
	for i := range img.Maps {
		if t, ok := bpf.MapTypeByName(img.Maps[i].Type); ok && t.Queues() && img.Maps[i].Name != maplayout.PrintsMap {
			all[img.Maps[i].Name] = &Sent{}
		}
	}
	return all
}

// send counts a record of the last packet and passes it on.
func (s *Summary) send(machine *sim.Machine, img *image.Image, e *sim.Event, sink Sink) error {
	for i := range img.Maps {
		if m := &img.Maps[i]; m.ID == e.Map && m.Name == maplayout.PrintsMap {
			text, err := PrintText(machine.Maps(), e.Data)
			s.Prints = append(s.Prints, Print{s.Packets, text})
			return err
		}
		if m := &img.Maps[i]; m.ID == e.Map && s.Events[m.Name] != nil {
			s.Events[m.Name].Records++
			if sink != nil {
				return sink(s.Packets, m, e)
			}
		}
	}
	return nil
}

// leaves reports whether a packet with the verdict is not dropped.
func leaves(progType string, v uint32) bool {
	switch VerdictName(progType, v) {
	case "XDP_PASS", "XDP_TX", "XDP_REDIRECT", "TC_ACT_OK", "TC_ACT_UNSPEC", "TC_ACT_PIPE", "TC_ACT_REDIRECT":
		return true
	}
	return false
}

func distribution(c []uint64) Cycles {
	if len(c) == 0 {
		return Cycles{}
	}
	slices.Sort(c)
	var sum uint64
	for _, v := range c {
		sum += v
	}
	return Cycles{
		Min: c[0], Max: c[len(c)-1], P50: c[(len(c)-1)/2], P99: c[(len(c)-1)*99/100],
		Mean: float64(sum) / float64(len(c)),
	}
}

// Dump adds the entries of every map of the image; of those of arrays that are
// all zero it counts how many there are.
func (s *Summary) Dump(m *sim.Machine, img *image.Image) {
	s.Maps, s.ZeroEntries = map[string][]KV{}, map[string]uint64{}
	for i := range img.Maps {
		name := img.Maps[i].Name
		mp, ok := m.Map(name)
		if !ok {
			continue
		}
		kvs := []KV{}
		entries, zero := mp.Filled()
		if zero > 0 {
			s.ZeroEntries[name] = zero
		}
		for _, e := range entries {
			kv := KV{Key: fmt.Sprintf("%x", e.Key), Value: fmt.Sprintf("%x", e.Value)}
			if img.Maps[i].IsProgramArray() {
				kv.Program = img.ProgramIn(e.Value)
			}
			kvs = append(kvs, kv)
		}
		s.Maps[name] = kvs
	}
}
