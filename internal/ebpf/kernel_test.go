package ebpf_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/hosttables"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

var update = flag.Bool("update", false, "record the kernel's answers to the samples anew (needs root)")

// answers is the file of the kernel's recorded answers.
const answers = pcaps + "/kernel.json"

// answer sums up what the kernel did with the packets of a capture.
type answer struct {
	Packets  int            `json:"packets"` // those that it takes
	Verdicts map[uint32]int `json:"verdicts"`
	// Digest is over verdict and frame of each packet and the maps at the end.
	Digest string `json:"digest"`
}

type digest struct {
	answer
	h hash.Hash
}

func newDigest() *digest {
	return &digest{answer: answer{Verdicts: map[uint32]int{}}, h: sha256.New()}
}

func (d *digest) bytes(b []byte) {
	d.h.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(b))))
	d.h.Write(b)
}

func (d *digest) packet(verdict uint32, frame []byte) {
	d.Packets++
	d.Verdicts[verdict]++
	d.h.Write(binary.LittleEndian.AppendUint32(nil, verdict))
	d.bytes(frame)
}

func (d *digest) entries(name string, entries []object.Entry) {
	d.bytes([]byte(name))
	for _, e := range entries {
		d.bytes(e.Key)
		d.bytes(e.Value)
	}
}

func (d *digest) sum() answer {
	d.Digest = hex.EncodeToString(d.h.Sum(nil))
	return d.answer
}

// sample is a sample program with those that it may tail-call.
type sample struct {
	name string // object/program
	prog *object.Program
	tail []*object.Program
}

func loadSamples(t testing.TB) []sample {
	files, err := filepath.Glob(filepath.Join(samples, "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var out []sample
	for _, f := range files {
		o, err := object.Load(f, object.Options{})
		require.NoError(t, err)
		for _, p := range o.Programs {
			if p.Attach != bpf.AtHook {
				continue // the kernel's test runs take none
			}
			s := sample{name: o.Name + "/" + p.Name, prog: p}
			for _, q := range o.Programs {
				if q != p {
					s.tail = append(s.tail, q)
				}
			}
			out = append(out, s)
		}
	}
	return out
}

func loadCaptures(t testing.TB) map[string][]pcap.Packet {
	files, err := filepath.Glob(filepath.Join(pcaps, "*.pcap"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := make(map[string][]pcap.Packet)
	for _, f := range files {
		packets, err := pcap.ReadFile(f)
		require.NoError(t, err)
		out[filepath.Base(f)] = packets
	}
	return out
}

// asks reports whether the kernel runs a program of type t on a frame: it
// wants an Ethernet header, and a whole IP header in front of tc programs.
func asks(t object.Type, frame []byte) bool {
	if len(frame) < oracle.MinKernelPacket {
		return false
	}
	if t == object.TC {
		switch binary.BigEndian.Uint16(frame[12:]) {
		case 0x0800:
			return len(frame) >= 34
		case 0x86dd:
			return len(frame) >= 54
		}
	}
	return true
}

// asksKernel reports whether the kernel can be asked: not without the rights to,
// nor while its BPF JIT is deadlocked, which only a restart of the machine ends.
func asksKernel(t testing.TB) bool {
	t.Helper()
	err := oracle.KernelAvailable()
	if err != nil {
		t.Logf("compared with recorded answers at most: %v", err)
	}
	return err == nil
}

// general is a capture of everything, on which all samples run.
const general = "count_by_proto.pcap"

// runsOn reports whether a sample's answers to a capture are recorded: its own, the general one,
// and an eighth of the others, chosen by both names.
func runsOn(sample, capture string) bool {
	if must(sample, capture) {
		return true
	}
	h := fnv.New32a()
	h.Write([]byte(sample + " " + capture))
	return h.Sum32()%8 == 0
}

// must reports whether a capture is a sample's own or the general one.
func must(sample, capture string) bool {
	own := strings.TrimSuffix(strings.TrimSuffix(strings.Split(sample, "/")[0], ".o"), "_v1") + ".pcap"
	return capture == own || capture == general
}

// TestSamplesLikeKernel runs every sample on its capture, the general one, and some of the
// others. Verdicts, packets and maps must be those that the kernel gave when its answers were
// recorded. What a program is told of the time is the stamp of the packet's capture.
// As root the running kernel is asked packet by packet, too.
func TestSamplesLikeKernel(t *testing.T) {
	captures := loadCaptures(t)
	recorded := make(map[string]map[string]answer)
	if !*update {
		b, err := os.ReadFile(answers)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &recorded))
	}
	root := asksKernel(t)
	require.True(t, root || !*update, "-update needs root: it asks the kernel")
	var network *oracle.Namespace
	if root {
		network = oracletest.Namespace(t, "")
	}
	total := 0
	for _, s := range loadSamples(t) {
		if *update {
			recorded[s.name] = make(map[string]answer)
		}
		t.Run(s.name, func(t *testing.T) {
			vm, err := ebpf.New(s.prog, ebpf.Options{Tail: s.tail, Network: hosttables.Network(testnet.Tables())})
			require.NoError(t, err)
			var k *oracle.KernelProgram
			pinned, clock, err := oracle.PinClock(s.prog)
			require.NoError(t, err)
			if root {
				k, err = oracle.LoadKernel(pinned, oracle.KernelOptions{Tail: s.tail, Namespace: network})
				require.NoError(t, err)
				defer k.Close()
			}
			for name, packets := range captures {
				// Captures may have come since the answers were recorded.
				if _, known := recorded[s.name][name]; *update && !runsOn(s.name, name) || !*update && !known && !must(s.name, name) {
					continue
				}
				require.NoError(t, vm.Reset())
				ours, kernels := newDigest(), newDigest()
				if root {
					require.NoError(t, k.Reset())
				}
				for i, p := range packets {
					where := fmt.Sprintf("%s packet %d", name, i+1)
					if !asks(s.prog.Type, p.Data) {
						continue
					}
					now := uint64(p.Time.UnixNano())
					got, err := vm.Run(ebpf.Input{Packet: p.Data, Now: now})
					require.NoError(t, err, where)
					// A test run puts metadata in front of the frame.
					frame := slices.Concat(got.Meta, got.Packet)
					ours.packet(uint32(got.R0), frame)
					if !root {
						continue
					}
					if clock != nil {
						e := oracle.ClockEntry(now)
						require.NoError(t, k.Map(clock.Name).Update(e.Key, e.Value), where)
					}
					want, err := k.Run(oracle.KernelInput{Packet: p.Data})
					require.NoError(t, err, where)
					kernels.packet(want.Verdict, want.Packet)
					require.Equal(t, want.Verdict, uint32(got.R0), where)
					require.Equal(t, want.Packet, frame, where)
				}
				own := *s.prog
				own.Called = nil
				for _, m := range own.AllMaps() {
					if !oracle.PlainMap(m.Type) {
						continue
					}
					got := vm.MapOf(m).Entries()
					ours.entries(m.Name, got)
					if root {
						at := slices.IndexFunc(k.Maps, func(in *oracle.KernelMap) bool { return in.Spec == m })
						want, err := k.Maps[at].Entries()
						require.NoError(t, err)
						kernels.entries(m.Name, want)
						require.Equal(t, want, got, "%s map %s", name, m.Name)
					}
				}
				if *update {
					recorded[s.name][name] = kernels.sum()
				}
				require.Equal(t, recorded[s.name][name], ours.sum(), name)
				total += ours.Packets
			}
		})
	}
	if *update && !t.Failed() {
		b, err := json.MarshalIndent(recorded, "", "\t")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(answers, append(b, '\n'), 0o644))
	}
	t.Logf("%d runs, kernel asked now: %v", total, root)
}

// TestRunts runs every sample on the frames that the kernel is not asked
// about: no access may leave the packet.
func TestRunts(t *testing.T) {
	captures := loadCaptures(t)
	runts := 0
	for _, s := range loadSamples(t) {
		vm, err := ebpf.New(s.prog, ebpf.Options{Tail: s.tail})
		require.NoError(t, err)
		for name, packets := range captures {
			for i, p := range packets {
				if !asks(s.prog.Type, p.Data) {
					runts++
					_, err := vm.Run(ebpf.Input{Packet: p.Data})
					require.NoError(t, err, "%s: %s packet %d", s.name, name, i+1)
				}
			}
		}
	}
	require.NotZero(t, runts)
}

// TestRefusedSamples: the kernel agrees that these programs are unsafe.
func TestRefusedSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(samples, "refused", "*.o"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		o, err := object.Load(f, object.Options{Type: object.XDP})
		require.NoError(t, err)
		if !asksKernel(t) {
			continue
		}
		k, err := oracle.LoadKernel(o.Programs[0], oracle.KernelOptions{})
		if o.Name == "notype.o" {
			require.NoError(t, err)
			k.Close()
			continue
		}
		var reject *oracle.KernelReject
		require.ErrorAs(t, err, &reject, o.Name)
	}
}
