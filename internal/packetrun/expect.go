package packetrun

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/sim"
)

// Expectation is what a run should give. What it does not mention may be
// anything. Its JSON form is what Recorder writes.
type Expectation struct {
	// Verdicts has the number of packets of each; others must not come.
	Verdicts map[string]int `json:"verdicts,omitempty"`
	// Packets has single packets, by number from 1.
	Packets []ExpectedPacket `json:"packets,omitempty"`
	// Maps has all entries of a map, but for those of arrays that are all zero.
	Maps map[string][]ExpectedEntry `json:"maps,omitempty"`
}

// ExpectedPacket is what one packet should come to.
type ExpectedPacket struct {
	Packet   int     `json:"packet"`
	Verdict  string  `json:"verdict,omitempty"`
	Redirect *string `json:"redirect,omitempty"`
	Queue    *uint8  `json:"queue,omitempty"`
	// Mark, Priority and QueueMapping are those of a frame behind a tc program.
	Mark         *uint32 `json:"mark,omitempty"`
	Priority     *uint32 `json:"priority,omitempty"`
	QueueMapping *uint32 `json:"queue_mapping,omitempty"`
	// Output is the packet as the program left it, in hex; "" says that it goes nowhere.
	Output *string `json:"output,omitempty"`
	// Ends is what the programs at the far ends of its redirect made of it, in order.
	Ends []ExpectedEnd `json:"ends,omitempty"`
}

// ExpectedEnd is what a program at a far end should make of a packet.
type ExpectedEnd struct {
	To      string `json:"to"`
	Program string `json:"program,omitempty"`
	Verdict string `json:"verdict,omitempty"`
	// Output is the packet as it leaves there, in hex; "" says that it does not.
	Output *string `json:"output,omitempty"`
}

// ExpectedEntry is a map's entry in hex. What `map dump --json` has besides is
// for people.
type ExpectedEntry struct {
	Key       string `json:"key"`
	Value     string `json:"value"`
	KeyText   string `json:"key_text,omitempty"`
	ValueText string `json:"value_text,omitempty"`
}

// ReadExpectation reads the JSON form. Unknown fields are errors.
func ReadExpectation(data []byte) (*Expectation, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	e := &Expectation{}
	if err := dec.Decode(e); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("something follows the expectation")
	}
	seen := map[int]bool{}
	for _, p := range e.Packets {
		switch {
		case p.Packet < 1:
			return nil, fmt.Errorf("packet %d: packets are counted from 1", p.Packet)
		case seen[p.Packet]:
			return nil, fmt.Errorf("packet %d is there twice", p.Packet)
		}
		seen[p.Packet] = true
		if p.Output != nil {
			if _, err := hex.DecodeString(*p.Output); err != nil {
				return nil, fmt.Errorf("packet %d: output: %w", p.Packet, err)
			}
		}
		for _, e := range p.Ends {
			if e.Output == nil {
				continue
			}
			if _, err := hex.DecodeString(*e.Output); err != nil {
				return nil, fmt.Errorf("packet %d: %s: output: %w", p.Packet, e.To, err)
			}
		}
	}
	for name, entries := range e.Maps {
		for _, kv := range entries {
			_, err := hex.DecodeString(kv.Key)
			if _, err2 := hex.DecodeString(kv.Value); err != nil || err2 != nil {
				return nil, fmt.Errorf("map %s: entry %q: %q is not in hex", name, kv.Key, kv.Value)
			}
		}
	}
	return e, nil
}

// Case is one thing that was expected: a packet, the verdicts, a map.
type Case struct {
	Name        string
	Differences []string // none: it was met
}

// Comparison compares a run with an expectation.
type Comparison struct {
	want    *Expectation
	packets map[int]*ExpectedPacket
	cases   map[int]*Case
}

// NewComparison returns one. Each packet goes to its Each, the end of the run to
// Cases.
func NewComparison(want *Expectation) *Comparison {
	c := &Comparison{want: want, packets: map[int]*ExpectedPacket{}, cases: map[int]*Case{}}
	for i := range want.Packets {
		p := &want.Packets[i]
		c.packets[p.Packet] = p
		c.cases[p.Packet] = &Case{Name: fmt.Sprintf("packet %d", p.Packet), Differences: []string{"the packet did not come"}}
	}
	return c
}

// Each compares a packet.
func (c *Comparison) Each(o *Outcome) {
	want := c.packets[o.Number]
	if want == nil {
		return
	}
	var diff []string
	add := func(format string, args ...any) { diff = append(diff, fmt.Sprintf(format, args...)) }
	if f := o.Result.Fault; f != nil {
		add("%s", f.Error())
		c.cases[o.Number].Differences = diff
		return
	}
	if want.Verdict != "" && want.Verdict != o.Verdict {
		add("%s, expected %s", o.Verdict, want.Verdict)
	}
	if want.Redirect != nil {
		got := ""
		if o.Redirected {
			got = o.Result.Redirect.String()
		}
		if got != *want.Redirect {
			add("redirected to %q, expected %q", got, *want.Redirect)
		}
	}
	if want.Queue != nil && (!o.Result.QueueSelected || o.Result.Queue != *want.Queue) {
		got := "no queue"
		if o.Result.QueueSelected {
			got = fmt.Sprintf("queue %d", o.Result.Queue)
		}
		add("%s, expected queue %d", got, *want.Queue)
	}
	diff = append(diff, differentSkb(o.Result, want)...)
	if want.Output != nil {
		var got []byte
		if o.Leaves {
			got = o.Result.Packet
		}
		expected, _ := hex.DecodeString(*want.Output) // checked when it was read
		diff = append(diff, differentBytes(got, expected)...)
	}
	if want.Ends != nil {
		diff = append(diff, differentEnds(o.Ends(), want.Ends)...)
	}
	c.cases[o.Number].Differences = diff
}

// differentSkb says how what stays with a frame differs.
func differentSkb(r *sim.Result, want *ExpectedPacket) (diff []string) {
	for _, f := range []struct {
		name string
		got  uint32
		want *uint32
	}{{"mark", r.Skb.Mark, want.Mark}, {"priority", r.Skb.Priority, want.Priority}, {"queue mapping", r.Skb.QueueMapping, want.QueueMapping}} {
		switch {
		case f.want == nil:
		case !r.HasSkb:
			diff = append(diff, fmt.Sprintf("no %s, expected %#x", f.name, *f.want))
		case f.got != *f.want:
			diff = append(diff, fmt.Sprintf("%s %#x, expected %#x", f.name, f.got, *f.want))
		}
	}
	return diff
}

// differentEnds says how the far ends of a packet differ.
func differentEnds(got []End, want []ExpectedEnd) (diff []string) {
	if len(got) != len(want) {
		return []string{fmt.Sprintf("programs at %d far ends, expected %d", len(got), len(want))}
	}
	for i := range want {
		g, w := &got[i], &want[i]
		add := func(what, have, expected string) {
			if expected != "" && have != expected {
				diff = append(diff, fmt.Sprintf("far end %d: %s %s, expected %s", i+1, what, have, expected))
			}
		}
		add("place", g.To, w.To)
		add("program", g.Program, w.Program)
		add("verdict", g.Verdict, w.Verdict)
		if w.Output != nil {
			have, _ := hex.DecodeString(g.Output)
			expected, _ := hex.DecodeString(*w.Output) // checked when it was read
			for _, d := range differentBytes(have, expected) {
				diff = append(diff, fmt.Sprintf("far end %d: %s", i+1, d))
			}
		}
	}
	return diff
}

// differentBytes says how two packets differ, around the first byte that does.
func differentBytes(got, want []byte) []string {
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	around := func(b []byte) string {
		if len(b) == 0 {
			return "none"
		}
		lo, hi := max(at-4, 0), min(at+12, len(b))
		return fmt.Sprintf("%d bytes, from %d on %x", len(b), lo, b[min(lo, len(b)):hi])
	}
	return []string{fmt.Sprintf("output differs from byte %d on: %s; expected %s", at, around(got), around(want))}
}

// Cases returns all cases of a run: packets in their order, verdicts, maps by
// name.
func (c *Comparison) Cases(s *Summary) []Case {
	var out []Case
	for _, n := range slices.Sorted(maps.Keys(c.cases)) {
		out = append(out, *c.cases[n])
	}
	if c.want.Verdicts != nil {
		out = append(out, Case{"verdicts", differentCounts(s.Verdicts, c.want.Verdicts)})
	}
	have := map[string][]KV{} // by names as JSON has them
	for name, entries := range s.Maps {
		have[strings.ToValidUTF8(name, "\ufffd")] = entries
	}
	for _, name := range slices.Sorted(maps.Keys(c.want.Maps)) {
		k := Case{Name: "map " + name}
		if got, ok := have[name]; ok {
			k.Differences = differentEntries(got, c.want.Maps[name])
		} else {
			k.Differences = []string{"the program has no such map"}
		}
		out = append(out, k)
	}
	k := Case{Name: "run"}
	if s.FirstFault != nil {
		k.Differences = append(k.Differences, fmt.Sprintf("%d packets faulted, first: %s", s.Faults, s.FirstFault.Error()))
	}
	if s.Partial {
		k.Differences = append(k.Differences, "it was ended before the last packet")
	}
	return append(out, k)
}

func differentCounts(got, want map[string]int) (diff []string) {
	names := map[string]bool{}
	for n := range got {
		names[n] = true
	}
	for n := range want {
		names[n] = true
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		if got[n] != want[n] {
			diff = append(diff, fmt.Sprintf("%d packets %s, expected %d", got[n], n, want[n]))
		}
	}
	return diff
}

func differentEntries(got []KV, want []ExpectedEntry) (diff []string) {
	zero := func(v string) bool { return strings.Trim(v, "0") == "" }
	have := map[string]string{}
	for _, e := range got {
		have[e.Key] = e.Value
	}
	for _, e := range want {
		key, value := strings.ToLower(e.Key), strings.ToLower(e.Value)
		v, ok := have[key]
		delete(have, key)
		switch {
		case !ok && zero(value): // an array's entry, which is left out
		case !ok:
			diff = append(diff, fmt.Sprintf("%s is not there, expected %s", key, value))
		case v != value:
			diff = append(diff, fmt.Sprintf("%s: %s, expected %s", key, v, value))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have)) {
		if !zero(have[key]) {
			diff = append(diff, fmt.Sprintf("%s: %s, expected no such entry", key, have[key]))
		}
	}
	return diff
}

// Recorder makes the expectation that a run meets.
type Recorder struct{ packets []ExpectedPacket }

// Each notes a packet.
func (r *Recorder) Each(o *Outcome) {
	p := ExpectedPacket{Packet: o.Number, Verdict: o.Verdict}
	if o.Result.Fault != nil {
		return // no expectation is met by a fault
	}
	if o.Redirected {
		to := o.Result.Redirect.String()
		p.Redirect = &to
	}
	if o.Result.QueueSelected {
		q := o.Result.Queue
		p.Queue = &q
	}
	if o.Result.HasSkb {
		skb := o.Result.Skb
		p.Mark, p.Priority, p.QueueMapping = &skb.Mark, &skb.Priority, &skb.QueueMapping
	}
	output := ""
	if o.Leaves {
		output = hex.EncodeToString(o.Result.Packet)
	}
	p.Output = &output
	for _, e := range o.Ends() {
		p.Ends = append(p.Ends, ExpectedEnd{To: e.To, Program: e.Program, Verdict: e.Verdict, Output: &e.Output})
	}
	r.packets = append(r.packets, p)
}

// Expectation returns it, after a run whose maps are in its summary.
func (r *Recorder) Expectation(s *Summary) *Expectation {
	e := &Expectation{Verdicts: s.Verdicts, Packets: r.packets, Maps: map[string][]ExpectedEntry{}}
	for name, entries := range s.Maps {
		e.Maps[name] = []ExpectedEntry{}
		for _, kv := range entries {
			e.Maps[name] = append(e.Maps[name], ExpectedEntry{Key: kv.Key, Value: kv.Value})
		}
	}
	return e
}
