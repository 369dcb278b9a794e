package oracle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"golang.org/x/sys/unix"
)

// Kernel is the running kernel as a judge.
type Kernel struct {
	// Namespace is the network that programs run in, nil for that of the process.
	Namespace *Namespace
}

// AnyAlignment is BPF_F_ANY_ALIGNMENT, for KernelOptions.Flags. It makes kernels for machines that do
// not load unaligned words, such as user-mode Linux, take what others take.
const AnyAlignment = 1 << 1

// Name returns "kernel".
func (Kernel) Name() string { return "kernel" }

// Proves marks the kernel as a Prover.
func (Kernel) Proves() {}

// Load loads the program into the running kernel.
func (j Kernel) Load(p *object.Program) (Loaded, error) {
	k, err := LoadKernel(p, KernelOptions{NoLog: true, Flags: AnyAlignment, Namespace: j.Namespace})
	var rej *KernelReject
	if errors.As(err, &rej) {
		switch rej.Errno {
		case unix.E2BIG, unix.ENOMEM, unix.EFAULT:
			// Too long a walk, too many ways at once, a fault of the verifier
			// itself: nothing said about safety.
			return nil, &Refusal{Kind: NotSupported, Err: rej}
		}
		return nil, &Refusal{Kind: Rejected, Err: rej}
	}
	if errors.Is(err, ErrHarmsKernel) {
		return nil, &Refusal{Kind: NotSupported, Err: err}
	}
	if err != nil {
		return nil, err
	}
	return &kernelLoaded{k: k, meta: p.Type == object.XDP && slices.ContainsFunc(p.Insns, adjustsMeta)}, nil
}

// Why returns the reason for which the kernel rejects a program.
func (Kernel) Why(p *object.Program) string {
	if err := loadAndDrop(p); err != nil {
		return err.Error()
	}
	return ""
}

// KernelAvailable says why the kernel judge cannot be used, nil if it can.
func KernelAvailable() error {
	if err := health(); err != nil {
		return err
	}
	if !canLoad() {
		return errors.New("the kernel judge may not load programs: run as root, or with CAP_BPF and CAP_NET_ADMIN")
	}
	return nil
}

type kernelLoaded struct {
	k    *KernelProgram
	meta bool // the program may make room for metadata
}

// adjustsMeta reports whether an instruction calls bpf_xdp_adjust_meta.
func adjustsMeta(in bpf.Insn) bool { return in.IsCallOf(bpf.HelperXDPAdjustMeta) }

func (l *kernelLoaded) Close() { l.k.Close() }

func (l *kernelLoaded) Run(packet []byte) (Run, error) {
	if len(packet) < l.least(packet) {
		return Run{}, fmt.Errorf("%w: %d bytes", ErrCannotRun, len(packet))
	}
	in := KernelInput{Packet: packet}
	if l.meta {
		in.Context = make([]byte, bpf.SizeofXDPMd)
		binary.NativeEndian.PutUint32(in.Context[bpf.XDPMdDataEnd:], uint32(len(packet)))
	}
	if l.k.src.Type == object.TC {
		in.Context = make([]byte, bpf.SizeofSkBuff)
	}
	r, err := l.k.Run(in)
	if err != nil {
		return Run{}, err
	}
	out := Run{Verdict: r.Verdict, Packet: r.Packet, Events: r.Events, Maps: make([][]object.Entry, len(l.k.Maps))}
	if l.meta {
		// What comes back begins with the metadata, and data counts from there.
		n := binary.NativeEndian.Uint32(r.Context)
		out.Meta, out.Packet = r.Packet[:n:n], r.Packet[n:]
	}
	if l.k.src.Type == object.TC {
		word := func(at int) uint32 { return binary.NativeEndian.Uint32(r.Context[at:]) }
		out.Skb = &Skb{Mark: word(bpf.SkBuffMark), Priority: word(bpf.SkBuffPriority), QueueMapping: NoQueue}
	}
	for i, m := range l.k.Maps {
		if out.Maps[i], err = m.Entries(); err != nil {
			return Run{}, err
		}
	}
	return out, nil
}

// least is the length in bytes of the shortest packet like this one that a
// test run takes. For tc there must be something behind the Ethernet header,
// and where its type promises an IP header, that header.
func (l *kernelLoaded) least(packet []byte) int {
	if l.k.src.Type != object.TC || len(packet) < MinKernelPacket {
		return MinKernelPacket
	}
	switch binary.BigEndian.Uint16(packet[12:]) {
	case unix.ETH_P_IP:
		return MinKernelPacket + 20
	case unix.ETH_P_IPV6:
		return MinKernelPacket + 40
	}
	return MinKernelPacket + 1
}
