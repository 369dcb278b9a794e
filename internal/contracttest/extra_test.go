package contracttest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// byUse is the extra program whose maps are placed by what it does with them.
const byUse = "by_use"

// longFrame is the extra program that takes frames in several pieces.
const longFrame = "long_frame"

// extra are programs that use what no sample does: a program for each part of
// the contract that would otherwise show in nothing.
var extra = []struct {
	name string
	typ  object.Type
	maps []*object.Map
	text string
}{
	{longFrame, object.XDP, nil, `
		r6 = r1
		*(u64 *)(r10 -8) = 0
		r2 = 9000
		r3 = r10
		r3 += -8
		r4 = 4
		call xdp_load_bytes
		r7 = r0
		r1 = r6
		r2 = 5
		call xdp_adjust_tail
		r7 += r0
		r1 = r6
		call xdp_get_buff_len
		r0 += r7
		r0 &= 3
		exit`},
	{byUse, object.XDP, []*object.Map{
		{Name: "limits", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1},
		{Name: "counts", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1},
	}, `
		*(u32 *)(r10 -4) = 0
		r2 = r10
		r2 += -4
		r1 = map[limits]
		call map_lookup_elem
		r6 = 1
		if r0 == 0 goto none
		r7 = *(u64 *)(r0 +0)
		r6 += r7
		r2 = r10
		r2 += -4
		r1 = map[counts]
		call map_lookup_elem
		if r0 == 0 goto none
		r7 = *(u64 *)(r0 +0)
		r7 += 1
		*(u64 *)(r0 +0) = r7
		r7 &= 1
		r6 += r7
	none:	r0 = r6
		exit`},
	{"ingress", object.XDP, nil, `
		r0 = *(u32 *)(r1 +12)
		exit`},
	{"rx_queue", object.XDP, nil, `
		r0 = *(u32 *)(r1 +16)
		r0 += 2
		exit`},
	{"any_verdict", object.XDP, nil, `
		r2 = *(u32 *)(r1 +0)
		r3 = *(u32 *)(r1 +4)
		r4 = r2
		r4 += 14
		r0 = 1
		if r4 > r3 goto out
		r0 = *(u8 *)(r2 +11)
	out:	exit`},
	{"any_tc_verdict", object.TC, nil, `
		r2 = *(u32 *)(r1 +76)
		r3 = *(u32 *)(r1 +80)
		r4 = r2
		r4 += 14
		r0 = 2
		if r4 > r3 goto out
		r0 = *(u8 *)(r2 +11)
	out:	exit`},
	{"cut", object.XDP, nil, `
		r2 = -4
		call xdp_adjust_tail
		r0 = 2
		exit`},
	{"grow", object.TC, nil, `
		r2 = *(u32 *)(r1 +0)
		r2 += 4
		r3 = 0
		call skb_change_tail
		r0 = 0
		exit`},
	{"cut_much", object.XDP, nil, `
		r2 = *(u32 *)(r1 +4)
		r3 = *(u32 *)(r1 +0)
		r2 = -60
		call xdp_adjust_tail
		if r0 == 0 goto done
		r0 = 1
		exit
	done:	r0 = 2
		exit`},
	{"push", object.XDP, nil, `
		r2 = -8
		call xdp_adjust_head
		r0 = 2
		exit`},
	{"clock", object.XDP, nil, `
		call ktime_get_ns
		r6 = r0
		call ktime_get_boot_ns
		r7 = r0
		r0 = 2
		if r7 >= r6 goto out
		r0 = 1
	out:	exit`},
	{"mark", object.TC, nil, `
		r2 = 2
		*(u32 *)(r1 +8) = r2
		r0 = *(u32 *)(r1 +8)
		exit`},
	{"or_in_map", object.XDP, []*object.Map{{Name: "flags", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}}, `
		r1 = 0
		*(u32 *)(r10 -4) = r1
		r2 = r10
		r2 += -4
		r1 = map[flags]
		call map_lookup_elem
		if r0 == 0 goto out
		r1 = 5
		lock *(u64 *)(r0 +0) |= r1
	out:	r0 = 2
		exit`},
	{"fetch_in_map", object.XDP, []*object.Map{{Name: "tickets", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}}, `
		r1 = 0
		*(u32 *)(r10 -4) = r1
		r2 = r10
		r2 += -4
		r1 = map[tickets]
		call map_lookup_elem
		r1 = 3
		if r0 == 0 goto out
		r1 = 1
		r1 = atomic_fetch_add((u64 *)(r0 +0), r1)
		r1 &= 1
		r1 += 1
	out:	r0 = r1
		exit`},
	{"store_in_map", object.XDP, []*object.Map{{Name: "last", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}}, `
		r1 = 0
		*(u32 *)(r10 -4) = r1
		r2 = r10
		r2 += -4
		r1 = map[last]
		call map_lookup_elem
		if r0 == 0 goto out
		r1 = 5
		*(u64 *)(r0 +0) = r1
	out:	r0 = 2
		exit`},
	{"put_in_hash", object.XDP, []*object.Map{{Name: "table", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 16, MaxEntries: 8}}, `
		r6 = *(u32 *)(r1 +0)
		r3 = *(u32 *)(r1 +4)
		r4 = r6
		r4 += 14
		if r4 > r3 goto out
		r2 = *(u8 *)(r6 +11)
		r2 &= 7
		*(u32 *)(r10 -4) = r2
		*(u64 *)(r10 -24) = r2
		*(u64 *)(r10 -16) = r2
		r2 = r10
		r2 += -4
		r3 = r10
		r3 += -24
		r4 = 0
		r1 = map[table]
		call map_update_elem
		r7 = *(u8 *)(r6 +11)
		r2 = r10
		r2 += -4
		r1 = map[table]
		call map_lookup_elem
		if r0 == 0 goto out
		r0 = *(u64 *)(r0 +8)
		if r0 == r7 goto out
		r2 = r10
		r2 += -4
		r1 = map[table]
		call map_delete_elem
	out:	r0 = 2
		exit`},
	{"event_of_value", object.XDP, []*object.Map{
		{Name: "events", Type: bpf.MapTypePerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 4},
		{Name: "table", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 8},
	}, `
		r6 = r1
		r1 = 0
		*(u32 *)(r10 -4) = r1
		r2 = r10
		r2 += -4
		r1 = map[table]
		call map_lookup_elem
		if r0 == 0 goto out
		r4 = r0
		r1 = r6
		r2 = map[events]
		r3 = 0xffffffff ll
		r5 = 16
		call perf_event_output
	out:	r0 = 2
		exit`},
	{"redirect", object.XDP, nil, `
		r1 = 2
		r2 = 0
		call redirect
		exit`},
	{"redirect_cpu", object.XDP, []*object.Map{targets(bpf.MapTypeCPUMap)}, `
		r1 = map[targets]
		r2 = 0
		r3 = 0
		call redirect_map
		exit`},
	{"redirect_socket", object.XDP, []*object.Map{targets(bpf.MapTypeXSKMap)}, `
		r1 = map[targets]
		r2 = 0
		r3 = 0
		call redirect_map
		exit`},
	{"redirect_all", object.XDP, []*object.Map{targets(bpf.MapTypeDevMap)}, `
		r1 = map[targets]
		r2 = 0
		r3 = 8
		call redirect_map
		exit`},
	{"redirect_others", object.XDP, []*object.Map{targets(bpf.MapTypeDevMapHash)}, `
		r1 = map[targets]
		r2 = 0
		r3 = 24
		call redirect_map
		exit`},
	{"tunnel_key", object.TC, nil, `
		r6 = r1
		*(u64 *)(r10 -48) = 7
		*(u64 *)(r10 -40) = 0
		*(u64 *)(r10 -32) = 0
		*(u64 *)(r10 -24) = 0
		*(u64 *)(r10 -16) = 0
		*(u64 *)(r10 -8) = 0
		r2 = r10
		r2 += -48
		r3 = 44
		r4 = 0
		call skb_set_tunnel_key
		r1 = r6
		r2 = r10
		r2 += -8
		r3 = 8
		call skb_set_tunnel_opt
		r1 = r6
		r2 = r10
		r2 += -48
		r3 = 44
		r4 = 0
		call skb_get_tunnel_key
		r1 = r6
		r2 = r10
		r2 += -16
		r3 = 16
		call skb_get_tunnel_opt
		r0 = *(u8 *)(r10 -48)
		exit`},
	{"select_queue", object.XDP, nil, `
		r2 = 300
		*(u32 *)(r1 +16) = r2
		r0 = 2
		exit`},
}

// targets returns a map of targets of redirects with one entry.
func targets(typ bpf.MapType) *object.Map {
	return &object.Map{Name: "targets", Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 4, Initial: []object.Entry{{Key: make([]byte, 4), Value: []byte{2, 0, 0, 0}}}}
}

// extras makes samples of the extra programs, to be run on the packets of
// another.
func extras(packets [][]byte) ([]sample, error) {
	var out []sample
	for _, e := range extra {
		var names []string
		for _, m := range e.maps {
			names = append(names, m.Name)
		}
		l, err := bpf.Parse(e.text, names...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		p := &object.Program{
			Name: e.name, Type: e.typ, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: e.name}}, Maps: e.maps,
			Section: strings.ToLower(e.typ.String()), Fragments: e.name == longFrame,
		}
		s := sample{name: "extra/" + e.name, packets: packets, confined: new(sync.Map), byUse: e.name == byUse}
		if s.proven, err = verify.Verify(p, verify.Options{Offload: true}); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		if s.want, err = s.answer(judge.Interpreter{}); err != nil {
			// What the interpreter does not have is compiled only.
			s.packets = nil
		}
		out = append(out, s)
	}
	return out, nil
}
