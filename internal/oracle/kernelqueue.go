package oracle

import (
	"fmt"
	"io"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
)

// kernelQueue is what a program sends to a map, as the host reads it.
type kernelQueue struct {
	m    *KernelMap
	next func() (record []byte, ok bool, err error)
	io.Closer
}

func (q *kernelQueue) close() { _ = q.Close() }

// perfBytes is the ring of a perf event array.
const perfBytes = 16 << 12

// listen begins to read what programs send to a map, if it is of a type to send
// to. Of a perf event array CPU 0 has a ring, and programs run there.
func (k *KernelProgram) listen(m *KernelMap) error {
	q := &kernelQueue{m: m}
	switch m.Spec.Type {
	case bpf.MapTypePerfEventArray:
		r, err := sys.OpenPerf(m.fd, 1, 1, perfBytes)
		if err != nil {
			return fmt.Errorf("events of map %q: %w", m.Spec.Name, err)
		}
		k.oneCPU = true
		q.Closer, q.next = r, func() ([]byte, bool, error) {
			rec, ok, err := r.Next()
			if rec.Lost > 0 {
				err = fmt.Errorf("events of map %q: %d are lost", m.Spec.Name, rec.Lost)
			}
			return rec.Data, ok, err
		}
	case bpf.MapTypeRingbuf:
		r, err := sys.OpenRing(m.fd, int(m.Spec.MaxEntries))
		if err != nil {
			return fmt.Errorf("records of map %q: %w", m.Spec.Name, err)
		}
		q.Closer, q.next = r, func() ([]byte, bool, error) {
			b, ok := r.Next()
			return b, ok, nil
		}
	default:
		return nil
	}
	k.queues = append(k.queues, q)
	return nil
}

// takeEvents takes out what the program has sent, for each of its maps.
func (k *KernelProgram) takeEvents() ([][][]byte, error) {
	var out [][][]byte
	for _, q := range k.queues {
		for i, m := range k.Maps {
			if m != q.m {
				continue
			}
			if out == nil {
				out = make([][][]byte, len(k.Maps))
			}
			for {
				b, ok, err := q.next()
				if err != nil {
					return nil, err
				}
				if !ok {
					break
				}
				out[i] = append(out[i], b)
			}
		}
	}
	return out, nil
}
