package histories

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// plant is a race that somebody could have made.
type plant struct {
	of, name string
	// words changes an image and reports whether it found what to change.
	words func(img *image.Image) bool
	// program changes the program.
	program func(string) string
	// host does an operation in the host's place; wait lets the cores go on.
	host func(st *stage, o *operation, wait func())
	// hasty has the host not wait for the lock.
	hasty bool
}

// unlocked has a routine go on although it did not get the first lock that it tries for:
// its branch on the word as it was is always taken.
func unlocked(routine string) func(img *image.Image) bool {
	return change(routine, func(ins []nfpisa.Instr) (int, nfpisa.Instr) {
		tried := false
		for k := range ins {
			i := &ins[k]
			tried = tried || i.Class == nfpisa.ClassCmd && i.Cmd.Op == nfpisa.MemTestSet.Op && i.Cmd.Token == nfpisa.MemTestSet.Token
			if tried && i.Class == nfpisa.ClassBrBit {
				return k, nfpisa.Br(int(i.Target))
			}
		}
		return -1, nfpisa.Instr{}
	})
}

// credulous has a lookup not look whether an entry is still its bucket's: the first
// branch behind the last comparison of words that is no jump.
var credulous = change("map_lookup_elem", func(ins []nfpisa.Instr) (int, nfpisa.Instr) {
	for k := 1; k < len(ins)-1; k++ {
		i, was := &ins[k], &ins[k-1]
		if i.Class == nfpisa.ClassBranch && i.Cond == nfpisa.CondNE && was.Class == nfpisa.ClassALU && was.ALU == nfpisa.ALUXor &&
			(was.A == nfpisa.X(int(maplayout.HashBucket/4)) || was.B == nfpisa.X(int(maplayout.HashBucket/4))) {
			return k, nfpisa.Nop()
		}
	}
	return -1, nfpisa.Instr{}
})

// uncleared has an update leave in a new entry what other CPUs had there: the branch in
// front of the zeros is always taken.
var uncleared = change("map_update_elem", func(ins []nfpisa.Instr) (int, nfpisa.Instr) {
	zeros := 0
	for k := range ins {
		if i := &ins[k]; i.Class != nfpisa.ClassImmed || i.Imm != 0 {
			zeros = 0
		} else if zeros++; zeros == 8 {
			return k - 8, nfpisa.Br(int(ins[k-8].Target))
		}
	}
	return -1, nfpisa.Instr{}
})

// piecewise has a lookup not look whether the entry has been written since it began
// to compare: the branch in front of the jump from a comparison.
var piecewise = change("map_lookup_elem", func(ins []nfpisa.Instr) (int, nfpisa.Instr) {
	for k := len(ins) - 2; k > 0; k-- {
		i, was, jump := &ins[k], &ins[k-1], &ins[k+1]
		if i.Class == nfpisa.ClassBranch && i.Cond == nfpisa.CondNE && was.ALU == nfpisa.ALUXor && jump.Class == nfpisa.ClassBranch && jump.Cond == nfpisa.CondAlways {
			return k, nfpisa.Nop()
		}
	}
	return -1, nfpisa.Instr{}
})

// overwriting has a push write the bit as a word.
var overwriting = change("map_push_elem", func(ins []nfpisa.Instr) (int, nfpisa.Instr) {
	for k := range ins {
		if i := ins[k]; i.Class == nfpisa.ClassCmd && i.Cmd.Op == nfpisa.MemSet.Op && i.Cmd.Token == nfpisa.MemSet.Token {
			i.Cmd.Op, i.Cmd.Token = nfpisa.MemWrite32.Op, nfpisa.MemWrite32.Token
			return k, i
		}
	}
	return -1, nfpisa.Instr{}
})

// unmarked has reservations not say that a record is still written.
var unmarked = change("ringbuf_reserve", func(ins []nfpisa.Instr) (int, nfpisa.Instr) {
	for k := range ins {
		if i := &ins[k]; i.Class == nfpisa.ClassALU && i.ALU == nfpisa.ALUOr && i.Dst == nfpisa.X(0) {
			return k, nfpisa.Mov(nfpisa.X(0), i.Left())
		}
	}
	return -1, nfpisa.Instr{}
})

// change puts another instruction in the place of the one of a routine that a
// function finds.
func change(routine string, find func([]nfpisa.Instr) (int, nfpisa.Instr)) func(*image.Image) bool {
	return func(img *image.Image) bool {
		for _, s := range img.Symbols {
			if s.Kind != image.SymRuntime || s.Name != "m."+routine {
				continue
			}
			var ins []nfpisa.Instr
			for _, w := range img.Words[s.Word : s.Word+s.Size] {
				i, err := nfpisa.Decode(w, img.Machine.Mode)
				if err != nil {
					return false
				}
				ins = append(ins, i)
			}
			k, by := find(ins)
			if k < 0 {
				return false
			}
			word, err := nfpisa.Encode(by, img.Machine.Mode)
			if err != nil {
				return false
			}
			at := s.Word + uint32(k)
			img.Words[at] = word
			img.Relocs = slices.DeleteFunc(img.Relocs, func(r image.Reloc) bool { return r.Word == at })
			return true
		}
		return false
	}
}

// replace exchanges a line of the program.
func replace(old, by string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, by, 1) }
}

// pause is a command to the value at r7 that changes nothing, which no other may
// be put together with.
const pause = "r4 = *(u32 *)(r6 +40)\nlock *(u64 *)(r7 +0) += r4\n"

// soon gives a lock back before the last of what it protects is written.
func soon(s string) string {
	const last, free = "	*(u64 *)(r8 +24) = r3\n", "	r1 = r8\n	r1 += 8\n	call spin_unlock\n"
	s = strings.Replace(s, "	free: r1 = r8\n	r1 += 8\n	call spin_unlock\n", "	free:"+free+"	freed:", 1)
	return strings.Replace(s, last, "	*(u64 *)(r10 -56) = r3\n"+free+"	r3 = *(u64 *)(r10 -56)\n"+last+"	goto freed\n", 1)
}

// late reads the last number of a value when its lock is given back.
func late(s string) string {
	s = strings.Replace(s, "r3 = *(u64 *)(r8 +24)\n", "r3 = r1\n", 1)
	return strings.Replace(s, "	r0 = *(u64 *)(r10 -24)\n", "	r0 = *(u64 *)(r10 -24)\n	if r7 != 0 goto done\n	r2 = *(u64 *)(r6 +24)\n	r3 = *(u64 *)(r8 +24)\n	if r2 == r3 goto done\n	r0 = 3\n", 1)
}

// hostBeside writes a value although somebody may hold its lock.
func hostBeside(st *stage, o *operation, _ func()) {
	if o.kind != put {
		hostSpin(st.m, o)
		return
	}
	number := bytesOf(o.value, 8)
	o.status = status(st.m.Update(bytesOf(uint64(o.key), 4), slices.Concat(number, make([]byte, 8), number, number), 0)) + 1
}

// bargingAt has the program go on with a lock that it did not get, at the n-th place
// in the code that takes one.
func bargingAt(n int) func(*image.Image) bool {
	return func(img *image.Image) bool { return forced(img, 0, uint32(len(img.Words)), n) }
}

// twoSteps compares and exchanges without either being atomic.
func twoSteps(s string) string {
	return strings.Replace(s, "r0 = atomic_cmpxchg((u64 *)(r8 +0), r0, r9)", `r7 = r8
	r8 = *(u64 *)(r7 +0)
	`+pause+`if r8 != r0 goto compared
	*(u64 *)(r7 +0) = r9
	compared: r0 = r8`, 1)
}

// bargingUpdate has updates of a hash map go on without the value's lock.
func bargingUpdate(img *image.Image) bool {
	for _, s := range img.Symbols {
		if s.Name == "m.map_update_elem" {
			return forced(img, s.Word, s.Word+s.Size, 1)
		}
	}
	return false
}

// forced has the n-th try for a lock in a range of words end as if it had got it.
func forced(img *image.Image, from, to uint32, n int) bool {
	for k := from; k < to; k++ {
		i, err := nfpisa.Decode(img.Words[k], img.Machine.Mode)
		if err != nil {
			return false
		}
		if i.Class != nfpisa.ClassCmd || i.Cmd.Op != nfpisa.MemTestSet.Op || i.Cmd.Token != nfpisa.MemTestSet.Token {
			continue
		}
		if n--; n >= 0 {
			continue
		}
		for k++; k < to; k++ {
			if i, err = nfpisa.Decode(img.Words[k], img.Machine.Mode); err != nil {
				return false
			}
			if i.Class == nfpisa.ClassBrBit {
				break
			}
		}
		by := nfpisa.Nop()
		if !i.Taken { // to where the lock is held
			by = nfpisa.Br(0).WithTarget(int(i.Target)).WithDefer(int(i.Defer))
		}
		word, err := nfpisa.Encode(by, img.Machine.Mode)
		img.Words[k] = word
		if i.Taken {
			img.Relocs = slices.DeleteFunc(img.Relocs, func(r image.Reloc) bool { return r.Word == k })
		}
		return err == nil
	}
	return false
}

var plants = []plant{
	{of: "hash", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "hash", name: "deletions do not wait for the lock", words: unlocked("map_delete_elem")},
	{of: "hash", name: "lookups follow entries to other buckets", words: credulous},
	{of: "lru_hash", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "lru_hash", name: "lookups follow entries to other buckets", words: credulous},
	{of: "lru_hash", name: "the host does not wait for the lock", hasty: true},
	{of: "lru_hash, full", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "lru_hash, full", name: "deletions do not wait for the lock", words: unlocked("map_delete_elem")},
	{of: "lru_hash, full", name: "the host does not wait for the lock", hasty: true},

	{of: "hash, long keys", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "hash, long keys", name: "deletions do not wait for the lock", words: unlocked("map_delete_elem")},
	{of: "hash, long keys", name: "lookups compare pieces of two keys", words: piecewise},

	{of: "hash, walks", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "hash, walks", name: "the host does not wait for the lock", hasty: true},
	{of: "hash, walks", name: "the host walks by place", host: func(st *stage, o *operation, wait func()) {
		if o.kind != walk {
			st.operateAs(o, wait)
			return
		}
		o.status = 1
		for n := 0; n < len(st.m.Entries()); n++ {
			o.out = (o.out | 1<<st.number(st.m.Entries()[n].Key)) + 256
			wait()
		}
	}},

	{of: "array_of_maps", name: "memory is used again before packets end", host: hostReuses},
	{of: "array_of_maps", name: "a map is there before its value", host: hostFillsLate},
	{of: "array_of_maps", name: "an entry is empty while its map is replaced", host: hostEmpties},

	{of: "array", name: "an addition in two steps", program: replace("r1 = atomic_fetch_add((u64 *)(r0 +0), r1)",
		"r7 = r0\nr8 = *(u64 *)(r7 +0)\n"+pause+"r9 += r8\n*(u64 *)(r7 +0) = r9\nr1 = r8")},
	{of: "array", name: "an exchange in two steps", program: replace("r1 = atomic_xchg((u64 *)(r0 +0), r1)",
		"r7 = r0\nr8 = *(u64 *)(r7 +0)\n"+pause+"*(u64 *)(r7 +0) = r9\nr1 = r8")},
	{of: "array", name: "a write in two halves", program: replace("*(u64 *)(r0 +0) = r9", "r7 = r0\n*(u32 *)(r7 +0) = r9\n"+pause+"r9 >>= 32\n*(u32 *)(r7 +4) = r9\nr0 = 1")},
	{of: "array, compared", name: "a comparison and a write", program: twoSteps},
	{of: "array, compared", name: "comparisons do not wait for the lock", words: bargingAt(0)},
	{of: "array, compared", name: "writes do not wait for the lock", words: bargingAt(1)},
	{of: "array, compared", name: "additions do not wait for the lock", words: bargingAt(2)},
	{of: "array, compared", name: "exchanges do not wait for the lock", words: bargingAt(3)},
	{of: "array, compared", name: "the host does not wait for the lock", hasty: true},
	{of: "hash, compared", name: "a comparison and a write", program: twoSteps},
	{of: "hash, compared", name: "comparisons do not wait for the lock", words: bargingAt(0)},
	{of: "hash, compared", name: "updates do not wait for the lock", words: bargingUpdate},
	{of: "hash, compared", name: "the host does not wait for the lock", hasty: true},

	{of: "array, locks", name: "updates do not take the lock", program: replace("r4 = 4\n", "r4 = 0\n")},
	{of: "array, locks", name: "the lock is given back before the last number is written", program: soon},
	{of: "array, locks", name: "numbers are read behind the lock", program: late},
	{of: "array, locks", name: "the host does not wait for the lock", hasty: true, host: hostBeside},
	{of: "array, locks", name: "the lock is taken although it is held", words: bargingAt(0)},
	{of: "hash, locks", name: "updates do not take the lock", program: replace("r4 = 4\n", "r4 = 0\n")},
	{of: "hash, locks", name: "the lock is given back before the last number is written", program: soon},
	{of: "hash, locks", name: "numbers are read behind the lock", program: late},
	{of: "hash, locks", name: "the host does not wait for the lock", hasty: true, host: hostBeside},
	{of: "hash, locks", name: "updates do not wait for the lock", words: bargingUpdate},

	{of: "percpu_array", name: "a write in two steps", program: replace("*(u64 *)(r0 +0) = r9", "r7 = r0\nr1 = 7\n*(u64 *)(r7 +0) = r1\n"+pause+"*(u64 *)(r7 +0) = r9")},
	{of: "percpu_array", name: "a write that is taken back", program: replace("*(u64 *)(r0 +0) = r9",
		"r7 = r0\nr8 = *(u64 *)(r7 +0)\n*(u64 *)(r7 +0) = r9\n"+pause+"*(u64 *)(r7 +0) = r8\n"+pause+"*(u64 *)(r7 +0) = r9")},
	{of: "percpu_array", name: "a write in two halves", program: replace("*(u64 *)(r0 +0) = r9",
		"r7 = r0\n*(u32 *)(r7 +0) = r9\n"+pause+"r9 >>= 32\n*(u32 *)(r7 +4) = r9")},

	{of: "percpu_hash", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "percpu_hash", name: "lookups follow entries to other buckets", words: credulous},
	{of: "percpu_hash", name: "a new entry has the values of the one before", words: uncleared},
	{of: "lru_percpu_hash", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "lru_percpu_hash", name: "a new entry has the values of the one before", words: uncleared},
	{of: "lru_percpu_hash", name: "the host does not wait for the lock", hasty: true},

	{of: "lpm_trie", name: "updates do not wait for the lock", words: unlocked("map_update_elem")},
	{of: "lpm_trie", name: "deletions do not wait for the lock", words: unlocked("map_delete_elem")},
	{of: "lpm_trie", name: "the host does not wait for the lock", hasty: true},
	{of: "lpm_trie", name: "nodes are used again before packets end", host: func(st *stage, o *operation, _ func()) {
		hostTrie(st.m, o)
		mem := st.m.Region().Data
		word := func(at uint64) uint32 { return binary.LittleEndian.Uint32(mem[at:]) }
		low := uint32(st.m.Region().Base)
		for kept := uint64(maplayout.LPMKept); word(kept) != word(uint64(maplayout.LPMGone)); {
			// As long as it goes, without the turn of the ring.
			node := uint64(word(uint64(word(kept)-low)) - low)
			binary.LittleEndian.PutUint32(mem[node+uint64(maplayout.LPMLength):], word(uint64(maplayout.LPMFree)))
			binary.LittleEndian.PutUint32(mem[node+uint64(maplayout.LPMAddr):], 0)
			binary.LittleEndian.PutUint32(mem[maplayout.LPMFree:], low+uint32(node))
			binary.LittleEndian.PutUint32(mem[kept:], word(kept)+4)
		}
	}},
	{of: "lpm_trie", name: "the host removes a prefix to change it", host: func(st *stage, o *operation, wait func()) {
		if o.kind == put {
			gone := *o
			gone.kind = remove
			hostTrie(st.m, &gone)
			wait()
		}
		hostTrie(st.m, o)
	}},
	{of: "lpm_trie", name: "the host puts in a prefix before its value", host: func(st *stage, o *operation, wait func()) {
		if o.kind != put && o.kind != putNew {
			hostTrie(st.m, o)
			return
		}
		p := prefixes[o.key]
		key := append(bytesOf(uint64(p.length), 4), bytesOf(uint64(swap(p.address)), 4)...)
		hostTrie(st.m, o)
		if v, ok := st.m.Find(key); ok && o.status == 0 {
			copy(st.m.Region().Data[v-st.m.Region().Base:], bytesOf(0xff, 8))
			wait()
			copy(st.m.Region().Data[v-st.m.Region().Base:], bytesOf(o.value, 8))
		}
	}},
	{of: "lpm_trie", name: "the host takes the root away while it puts in", host: func(st *stage, o *operation, wait func()) {
		if o.kind != put && o.kind != putNew {
			hostTrie(st.m, o)
			return
		}
		root := st.m.Region().Data[maplayout.LPMRoot:][:4]
		was := binary.LittleEndian.Uint32(root)
		binary.LittleEndian.PutUint32(root, 0)
		wait()
		binary.LittleEndian.PutUint32(root, was)
		hostTrie(st.m, o)
	}},

	{of: "queue", name: "pushes do not wait for the lock", words: unlocked("map_push_elem")},
	{of: "queue", name: "pops do not wait for the lock", words: unlocked("map_pop_elem")},
	{of: "queue", name: "the host does not wait for the lock", hasty: true},
	{of: "stack", name: "pushes do not wait for the lock", words: unlocked("map_push_elem")},
	{of: "stack", name: "pops do not wait for the lock", words: unlocked("map_pop_elem")},
	{of: "stack", name: "the host does not wait for the lock", hasty: true},

	{of: "bloom_filter", name: "words are written in the place of bits", words: overwriting},
	{of: "bloom_filter", name: "the host puts in with what it read before", host: func(st *stage, o *operation, wait func()) {
		mem := st.m.Region().Data
		was := slices.Clone(mem)
		hostBloom(st.m, o)
		if o.kind == put {
			for i := range was {
				was[i] |= mem[i]
			}
			wait()
			copy(mem, was)
		}
	}},
	{of: "bloom_filter", name: "the host clears a word while it puts in", host: func(st *stage, o *operation, wait func()) {
		hostBloom(st.m, o)
		if o.kind == put {
			word := st.m.Region().Data[:4]
			was := slices.Clone(word)
			clear(word)
			wait()
			for i := range was {
				word[i] |= was[i]
			}
		}
	}},

	{of: "ringbuf", name: "records are given to the host while they are written", words: unmarked},
	{of: "ringbuf", name: "reservations do not wait for the lock", words: unlocked("ringbuf_reserve")},
	{of: "ringbuf", name: "the host takes records that are still written", host: func(st *stage, o *operation, _ func()) {
		q, _ := st.m.Queue()
		mem := st.m.Region().Data
		consumer := binary.LittleEndian.Uint64(mem[maplayout.RecordsConsumer:])
		o.status = errAgain
		if consumer == binary.LittleEndian.Uint64(mem[maplayout.RecordsProducer:]) {
			return
		}
		at := q.At(consumer)
		n := uint64(binary.BigEndian.Uint32(mem[at:]) &^ (bpf.RingbufBusyBit | bpf.RingbufDiscardBit))
		o.status, o.out = 0, binary.LittleEndian.Uint64(mem[at+uint64(maplayout.RecordData):])
		binary.LittleEndian.PutUint64(mem[maplayout.RecordsConsumer:], consumer+q.Taken(n))
	}},
}

// enough histories show each planted race.
const enough = 3000

// TestPlanted: each planted race is found, three of each type of map.
func TestPlanted(t *testing.T) {
	count := map[string]int{}
	for _, p := range plants {
		count[p.of]++
		t.Run(p.of+": "+p.name, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(subjects, func(s *subject) bool { return s.name == p.of })
			s := *subjects[i]
			if p.program != nil {
				changed := p.program(s.program)
				require.NotEqual(t, s.program, changed)
				s.program = changed
			}
			img := s.image(t)
			if p.words != nil {
				require.True(t, p.words(img))
			}
			st := stageOf(t, &s, img)
			st.plant = &p
			for seed := range uint64(enough) {
				h, locked := st.run(t, seed)
				bad := slices.ContainsFunc(h, func(o operation) bool { return o.status == faulted })
				if locked || bad || !fits(s.model, h) {
					t.Logf("found by history %d (a lock is left: %v, a fault: %v)", seed+1, locked, bad)
					return
				}
			}
			t.Fatalf("%d histories, and all are those of a map", enough)
		})
	}
	for _, s := range subjects {
		require.GreaterOrEqual(t, count[s.name], 3, s.name)
	}
}
