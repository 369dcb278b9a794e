package packetrun_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/sim"
)

// skbOf is what stays with packets, by their number.
var skbOf = map[int]sim.Skb{3: {Mark: 0x2a, Priority: 7, QueueMapping: 0}}

// outcome is one of a packet that leaves, or does not.
func outcome(n int, verdict string, packet []byte) *packetrun.Outcome {
	return &packetrun.Outcome{
		Number: n, Verdict: verdict, Leaves: packet != nil, In: pcap.Packet{Data: []byte{1, 2}},
		Result: &sim.Result{Packet: packet, QueueSelected: n == 2, Queue: 5, HasSkb: n == 3, Skb: skbOf[n]},
	}
}

// TestExpectation holds one run against its own record and against what differs
// from it in one thing.
func TestExpectation(t *testing.T) {
	outcomes := []*packetrun.Outcome{outcome(1, "XDP_TX", []byte{1, 2, 3}), outcome(2, "XDP_PASS", []byte{4}), outcome(3, "XDP_DROP", nil)}
	sum := &packetrun.Summary{
		Packets: 3, Verdicts: map[string]int{"XDP_TX": 1, "XDP_PASS": 1, "XDP_DROP": 1},
		Maps: map[string][]packetrun.KV{"m": {{Key: "00", Value: "01"}, {Key: "02", Value: "00"}}},
	}
	var rec packetrun.Recorder
	for _, o := range outcomes {
		rec.Each(o)
	}
	record, err := json.Marshal(rec.Expectation(sum))
	require.NoError(t, err)
	for _, c := range []struct {
		name     string
		from, to string // in the record
		want     []string
	}{
		{"itself", "", "", nil},
		{"verdict", `"verdict":"XDP_TX"`, `"verdict":"XDP_DROP"`, []string{"packet 1: XDP_TX, expected XDP_DROP"}},
		{"output", "010203", "0102ff", []string{"packet 1: output differs from byte 2 on: 3 bytes, from 0 on 010203; expected 3 bytes, from 0 on 0102ff"}},
		{"no output", `"output":""`, `"output":"07"`, []string{"packet 3: output differs from byte 0 on: none; expected 1 bytes, from 0 on 07"}},
		{"queue", `"queue":5`, `"queue":6`, []string{"packet 2: queue 5, expected queue 6"}},
		{"mark", `"mark":42`, `"mark":43`, []string{"packet 3: mark 0x2a, expected 0x2b"}},
		{"priority", `"priority":7`, `"priority":0`, []string{"packet 3: priority 0x7, expected 0x0"}},
		{"queue mapping", `"queue_mapping":0`, `"queue_mapping":4`, []string{"packet 3: queue mapping 0x0, expected 0x4"}},
		{"a mark that nobody knows", `"packet":1`, `"packet":1,"mark":9`, []string{"packet 1: no mark, expected 0x9"}},
		{"another packet", `"packet":3`, `"packet":4`, []string{"packet 4: the packet did not come"}},
		{"counts", `"XDP_PASS":1`, `"XDP_PASS":2`, []string{"verdicts: 1 packets XDP_PASS, expected 2"}},
		{"an entry", `"value":"01"`, `"value":"03"`, []string{"map m: 00: 01, expected 03"}},
		{"an entry more", `"value":"00"}`, `"value":"00"},{"key":"07","value":"09"}`, []string{"map m: 07 is not there, expected 09"}},
		{"an entry of zeros more", `"value":"00"}`, `"value":"00"},{"key":"07","value":"00"}`, nil},
		{"an entry less", `{"key":"00","value":"01"},`, ``, []string{"map m: 00: 01, expected no such entry"}},
		{"another map", `"m":[`, `"n":[`, []string{"map n: the program has no such map"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := record
			if c.from != "" {
				require.Contains(t, string(record), c.from)
				text = bytes.Replace(record, []byte(c.from), []byte(c.to), 1)
			}
			want, err := packetrun.ReadExpectation(text)
			require.NoError(t, err)
			cmp := packetrun.NewComparison(want)
			for _, o := range outcomes {
				cmp.Each(o)
			}
			var got []string
			for _, k := range cmp.Cases(sum) {
				for _, d := range k.Differences {
					got = append(got, k.Name+": "+d)
				}
			}
			require.Equal(t, c.want, got)
		})
	}
	for _, bad := range []string{`{`, `{"verdict":{}}`, `{"packets":[{"packet":0}]}`, `{"packets":[{"packet":1},{"packet":1}]}`, `{"packets":[{"packet":1,"output":"0"}]}`, `{"maps":{"m":[{"key":"0"}]}}`, `{} {}`} {
		_, err := packetrun.ReadExpectation([]byte(bad))
		require.Error(t, err, bad)
	}
}

// TestJUnit reads what was written by the rules of XML.
func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, packetrun.WriteJUnit(&b, "a\x01<\"'&\u202e\xff.o", []packetrun.Case{{Name: "packet 1"}, {Name: "map <m>", Differences: []string{"x]]>", "y"}}}))
	dec := xml.NewDecoder(&b)
	cases, failures := 0, 0
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch e := tok.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "testcase":
				cases++
			case "failure":
				failures++
			}
		}
	}
	require.Equal(t, []int{2, 1}, []int{cases, failures})
}

// TestStays has what stays with a packet in its line, where it is not what it would be
// without a program, and all of it in JSON, where it is known.
func TestStays(t *testing.T) {
	require.Contains(t, outcome(2, "XDP_PASS", []byte{4}).Line(nil), "  queue 5")
	line := outcome(3, "TC_ACT_OK", []byte{4}).Line(nil)
	require.Contains(t, line, "  mark 0x2a  priority 0x7")
	require.NotContains(t, line, "queue")
	text, err := json.Marshal(outcome(3, "TC_ACT_OK", []byte{4}).JSON(nil))
	require.NoError(t, err)
	require.Contains(t, string(text), `"mark":42,"priority":7,"queue_mapping":0`)
	text, err = json.Marshal(outcome(1, "XDP_TX", []byte{4}).JSON(nil))
	require.NoError(t, err)
	require.NotContains(t, string(text), "mark")
}
