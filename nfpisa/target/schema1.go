package target

import (
	"fmt"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/internal/strictyaml"
)

// schema1 is the file format before Schema: it said less of the contract, and
// the parts filled in the rest. A file of it is read as one of Schema, with the
// rest as the built-in target of its kind has it.
type schema1 struct {
	Name string `json:"name"`
	ABI  int    `json:"abi"`
	Core struct {
		Contexts  int      `json:"contexts"`
		CodeStart CodeAddr `json:"code_start"`
		CodeWords int      `json:"code_words"`
		Done      CodeAddr `json:"done"`
		Padding   int      `json:"padding"`
	} `json:"core"`
	Registers struct {
		GPRs     int   `json:"gprs"`
		KeepA    []GPR `json:"keep_a"`
		KeepB    []GPR `json:"keep_b"`
		XferIn   int   `json:"xfer_in"`
		XferOut  int   `json:"xfer_out"`
		StackGPR GPR   `json:"stack_gpr"` // of bank A
	} `json:"registers"`
	LocalMemory struct {
		Stack        int `json:"stack"`
		PointerDelay int `json:"pointer_delay"`
	} `json:"local_memory"`
	// PacketVector gives words; -1 where there is none.
	PacketVector struct {
		Length   int    `json:"length"`
		LenBits  uint8  `json:"len_bits"`
		Pointer  int    `json:"pointer"`
		Flags    int    `json:"flags"` // bit 4 says that a queue was selected
		Queue    int    `json:"queue"` // bits 7:0
		Ingress  int    `json:"ingress"`
		RxQueue  int    `json:"rx_queue"`
		MaxQueue uint32 `json:"max_queue"`
	} `json:"packet_vector"`
	// Exit has codes by the number of the verdict, for bits 23:16 of A0.
	Exit struct {
		Kind     string `json:"kind"`
		XDP      []int  `json:"xdp"`
		TC       []int  `json:"tc"`
		XDPOther uint8  `json:"xdp_other"`
		TCOther  uint8  `json:"tc_other"`
	} `json:"exit"`
	Maps struct {
		Kind       string   `json:"kind"`
		Types      []string `json:"types"`
		Base       uint64   `json:"base"`
		Size       uint64   `json:"size"`
		MaxMaps    int      `json:"max_maps"`
		MaxEntries uint64   `json:"max_entries"` // of all maps
		MaxKey     int      `json:"max_key"`
		MaxValue   int      `json:"max_value"`
		MaxElement int      `json:"max_element"`
		Atomics    []string `json:"atomics"`
		Stores     bool     `json:"stores"`
	} `json:"maps"`
	Helpers    map[string]CodeAddr `json:"helpers"`
	SkbScratch bool                `json:"skb_scratch"`
	Inline     []string            `json:"inline"`
	AdjustHead *AdjustHead         `json:"adjust_head,omitempty"`
	AdjustTail bool                `json:"adjust_tail"`
	Random     bool                `json:"random"`
	Latency    map[string]int      `json:"latency"`
}

// latency1 is what every file of the format had in its latency, which nobody
// read.
var latency1 = map[string]int{"lm": 1, "cls": 35, "ctm": 75, "imem": 200, "emem": 200}

// parse1 reads a file of the format before Schema.
func parse1(data []byte) (*Target, error) {
	f := new(schema1)
	if err := strictyaml.UnmarshalWhole(data, f); err != nil {
		return nil, fmt.Errorf("read as a file without schema: %w", err)
	}
	like := "skipsw"
	if f.Maps.Kind == MapsFirmware {
		like = "agilio"
	}
	t, err := Builtin(like)
	if err != nil {
		return nil, err
	}
	t.Name, t.ABI, t.SkbScratch = f.Name, f.ABI, f.SkbScratch
	c := &t.Core
	c.Contexts, c.CodeStart, c.CodeWords, c.Done, c.Padding = f.Core.Contexts, f.Core.CodeStart, f.Core.CodeWords, f.Core.Done, f.Core.Padding
	r := &t.Registers
	r.GPRs, r.KeepA, r.KeepB, r.XferIn, r.XferOut = f.Registers.GPRs, f.Registers.KeepA, f.Registers.KeepB, f.Registers.XferIn, f.Registers.XferOut
	t.Entry.Stack = Reg{Num: f.Registers.StackGPR}
	t.LocalMemory.Stack, t.LocalMemory.PointerDelay = f.LocalMemory.Stack, f.LocalMemory.PointerDelay
	if err := f.vector(&t.PacketVector); err != nil {
		return nil, err
	}
	if err := f.exit(&t.Exit); err != nil {
		return nil, err
	}
	f.maps(t)
	f.helpers(t)
	if !maps.Equal(f.Latency, latency1) {
		return nil, fmt.Errorf("latency is %v, which nobody reads; a file with schema %d has memories for it", f.Latency, Schema)
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	return t, nil
}

// vector fills in the packet vector.
func (f *schema1) vector(v *PacketVector) error {
	o := &f.PacketVector
	word := func(name string, w int, low, bits uint8) (*Field, error) {
		if w == -1 {
			return nil, nil
		}
		if w < 0 || w >= v.Words {
			return nil, fmt.Errorf("packet_vector.%s is %d, must be -1 to %d", name, w, v.Words-1)
		}
		return &Field{LMWord(w), low, bits}, nil
	}
	var length, pointer, queue *Field
	for _, p := range []struct {
		name      string
		word      int
		low, bits uint8
		to        **Field
	}{
		{"length", o.Length, 0, o.LenBits, &length},
		{"pointer", o.Pointer, 0, 32, &pointer},
		{"flags", o.Flags, 4, 1, &v.QueueSet},
		{"queue", o.Queue, 0, 8, &queue},
		{"ingress", o.Ingress, 0, 32, &v.Ingress},
		{"rx_queue", o.RxQueue, 0, 32, &v.RxQueue},
	} {
		var err error
		if *p.to, err = word(p.name, p.word, p.low, p.bits); err != nil {
			return err
		}
	}
	if length == nil || pointer == nil {
		return fmt.Errorf("packet_vector.length and packet_vector.pointer must be there")
	}
	v.Length, v.Pointer, v.Queue = *length, *pointer, nil
	if queue != nil {
		v.Queue = &Queue{Word: queue.Word, Low: queue.Low, Bits: queue.Bits, OutOfRange: o.MaxQueue}
	}
	return nil
}

// exit fills in the exit word.
func (f *schema1) exit(e *Exit) error {
	o := &f.Exit
	e.Kind, e.Shift, e.XDPOther, e.TCOther = o.Kind, 0, o.XDPOther, o.TCOther
	if o.Kind == ExitCode {
		e.Shift = 16
	}
	for _, p := range []struct {
		field string
		codes []int
		names []string
		to    *map[string]uint8
	}{{"exit.xdp", o.XDP, xdpVerdicts, &e.XDP}, {"exit.tc", o.TC, tcVerdicts, &e.TC}} {
		*p.to = nil
		if len(p.codes) > len(p.names) {
			return fmt.Errorf("%s has %d codes, must be at most %d", p.field, len(p.codes), len(p.names))
		}
		for k, c := range p.codes {
			if c < 0 || c > 0xff {
				return fmt.Errorf("%s has %#x, must be 8 bits", p.field, c)
			}
			if *p.to == nil {
				*p.to = map[string]uint8{}
			}
			(*p.to)[p.names[k]] = uint8(c)
		}
	}
	return nil
}

// maps fills in what there is for maps. Regions that its own could not share pointers
// with are left out.
func (f *schema1) maps(t *Target) {
	m, o := &t.Maps, &f.Maps
	m.Kind, m.Types, m.MaxMaps, m.TotalEntries = o.Kind, o.Types, o.MaxMaps, o.MaxEntries
	m.MaxEntries = min(m.MaxEntries, o.MaxEntries)
	m.MaxKey, m.MaxValue, m.MaxElement, m.Atomics, m.Stores = o.MaxKey, o.MaxValue, o.MaxElement, o.Atomics, o.Stores
	if o.Kind == MapsDirect {
		m.Regions[0].Base, m.Regions[0].Size = o.Base, o.Size
		for _, r := range m.Regions[1:] {
			if r.Base>>32 != o.Base>>32 {
				m.Regions = m.Regions[:1]
				delete(t.Memories, r.Memory)
			}
		}
	}
}

// helpers fills in who does the work of helpers.
func (f *schema1) helpers(t *Target) {
	rows := map[string]Helper{}
	if t.Direct() {
		for _, name := range []string{"map_lookup_elem", "map_update_elem", "map_delete_elem"} {
			rows[name] = Helper{By: HelperRoutine}
		}
	}
	for name, at := range f.Helpers {
		rows[name] = Helper{By: HelperFirmware, Address: at}
	}
	inline := slices.Clone(f.Inline)
	for name, is := range map[string]bool{"get_prandom_u32": f.Random, "xdp_adjust_head": f.AdjustHead != nil, "xdp_adjust_tail": f.AdjustTail} {
		if is {
			inline = append(inline, name)
		}
	}
	for _, name := range inline {
		rows[name] = Helper{By: HelperInline}
	}
	t.Helpers, t.AdjustHead = rows, f.AdjustHead
	t.Clock = nil // which these files do not know
	if !f.AdjustTail {
		t.AdjustTail = nil
	}
	if !t.HasHelper("perf_event_output") {
		t.Event = nil
	}
}
