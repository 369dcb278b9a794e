package oracle

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"golang.org/x/sys/unix"
)

// Names of places that RedirectText knows.
const (
	ToInterface = "interface"
	ToCPU       = "cpu"
	ToSocket    = "socket"
	ToCopies    = "copies to interfaces"
)

// RedirectText names where a frame goes: what it is, and which ones.
func RedirectText(what string, which ...uint32) string {
	if what == "" {
		return "nowhere"
	}
	return fmt.Sprint(what, " ", which)
}

// EndText says what a program at a far end made of a frame: where it is and which,
// its verdict, frame and metadata, and where it redirected the frame, "" for nowhere.
func EndText(what string, which uint32, verdict uint32, packet, meta []byte, redirect string) string {
	return fmt.Sprintf("%s: verdict %d, packet %x, metadata %x, on to %q", RedirectText(what, which), verdict, packet, meta, redirect)
}

// Redirects reports whether a verdict of a program sends the frame where a
// helper said.
func Redirects(p *object.Program, verdict uint32) bool {
	if p.Type == object.TC {
		return verdict == uint32(bpf.TCActRedirect)
	}
	return verdict == uint32(bpf.XDPRedirect)
}

// targetMap reports whether entries of a map are targets of redirects.
func targetMap(t bpf.MapType) bool {
	switch t {
	case bpf.MapTypeDevMap, bpf.MapTypeDevMapHash, bpf.MapTypeCPUMap, bpf.MapTypeXSKMap:
		return true
	}
	return false
}

// setEnds gives the entries of a map their programs, by the file descriptors of all.
func (m *KernelMap) setEnds(fds map[string]int) error {
	for _, e := range m.Spec.Initial {
		name := m.Spec.Ends[string(e.Key)]
		if name == "" {
			continue
		}
		fd, ok := fds[name]
		if !ok {
			return fmt.Errorf("map %q names program %q, which is not given", m.Spec.Name, name)
		}
		value := binary.NativeEndian.AppendUint32(bytes.Clone(e.Value[:4]), uint32(fd))
		if err := sys.UpdateElem(m.fd, e.Key, value, 0); err != nil {
			return fmt.Errorf("update of map %q, key %x, program %s: %w", m.Spec.Name, e.Key, name, err)
		}
	}
	return nil
}

// setTargets fills a map of targets that is empty. An entry of a socket map is
// a socket made for it, whatever its value.
func (m *KernelMap) setTargets(entries []object.Entry) error {
	for _, e := range entries {
		value := e.Value
		if m.Spec.Type == bpf.MapTypeXSKMap {
			fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("socket for map %q: %w", m.Spec.Name, err)
			}
			m.sockets = append(m.sockets, fd)
			value = binary.NativeEndian.AppendUint32(nil, uint32(fd))
		}
		if err := sys.UpdateElem(m.fd, e.Key, value, 0); err != nil {
			return fmt.Errorf("update of map %q, key %x: %w", m.Spec.Name, e.Key, err)
		}
	}
	return nil
}
