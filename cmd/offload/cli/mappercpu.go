package cli

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// entryPrinter prints entries of a map with the types that the device knows.
type entryPrinter struct {
	types offload.MapTypes
	// one is the bytes of one value, where an entry of a per-CPU map has several.
	one int
}

func printerOf(m offload.Map, t offload.MapTypes) entryPrinter {
	return entryPrinter{types: t, one: int(m.Info().ValueSize)}
}

// cpuValue is the value of a CPU in JSON output.
type cpuValue struct {
	CPU       int    `json:"cpu"`
	Value     string `json:"value"` // hexadecimal bytes
	ValueText string `json:"value_text"`
}

// byCPU returns the values of a per-CPU map that are not all zero, and how many are; ok is
// false for other maps.
func (p *entryPrinter) byCPU(value []byte) (set []cpuValue, zero int, ok bool) {
	part := bpf.CPUValueBytes(p.one)
	if len(value) <= p.one || len(value)%part != 0 {
		return nil, 0, false
	}
	for cpu := range len(value) / part {
		v := value[cpu*part:][:p.one]
		if len(bytes.Trim(v, "\x00")) == 0 {
			zero++
			continue
		}
		set = append(set, cpuValue{cpu, hex.EncodeToString(v), offload.Format(p.types.Value, v)})
	}
	return set, zero, true
}

// text returns a value as people read it.
func (p *entryPrinter) text(value []byte) string {
	set, zero, ok := p.byCPU(value)
	if !ok {
		return offload.Format(p.types.Value, value)
	}
	var all []string
	for _, v := range set {
		all = append(all, fmt.Sprintf("cpu %d: %s", v.CPU, v.ValueText))
	}
	switch {
	case len(set) == 0:
		return fmt.Sprintf("0 on all of %d CPUs", zero)
	case zero > 0:
		all = append(all, fmt.Sprintf("%d others: 0", zero))
	}
	return strings.Join(all, ", ")
}

// forEachCPU returns a value for all CPUs of a per-CPU map from the value of one.
func forEachCPU(m offload.Map, one []byte) []byte {
	part := bpf.CPUValueBytes(len(one))
	all := make([]byte, m.ValueBytes())
	for at := 0; at+len(one) <= len(all); at += part {
		copy(all[at:], one)
	}
	return all
}
