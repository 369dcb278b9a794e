package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/mapfile"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// holdsEnds reports whether entries of a map may hold programs for the far end of a
// redirect.
func holdsEnds(m offload.Map) bool {
	i := m.Info()
	return (&object.Map{Type: i.Type, ValueSize: i.ValueSize}).Holds() != bpf.AtHook
}

// farEnd turns "VALUE,PROGRAM", and VALUE alone, into a value of the map's C type.
func (f *updateFlags) farEnd(d offload.Device, typ btf.Type, text string) (string, error) {
	value, program, named := strings.Cut(text, ",")
	if _, err := strconv.ParseUint(value, 0, 32); err != nil {
		return text, nil // bytes, or a list in braces
	}
	if s, ok := typ.(*btf.Struct); !ok || !isEnd(s) {
		if named {
			return "", fmt.Errorf("program %s: %w", program, offload.NotSupported("a program in an entry of a map of "+d.Name(), "no program that uses the map is on the device, or the device is not a simulated card"))
		}
		return text, nil
	}
	if !named {
		program = "0"
	}
	return fmt.Sprintf("{%s, %s}", value, program), nil
}

// isEnd reports whether a type is that of entries with programs.
func isEnd(s *btf.Struct) bool {
	if len(s.Members) != 2 {
		return false
	}
	e, ok := s.Members[1].Type.(*btf.Enum)
	return ok && e.Name == mapfile.ProgramType
}

// fillEnd puts a program of an object into an entry.
func (f *updateFlags) fillEnd(ctx context.Context, w io.Writer, d offload.Device, m offload.Map, key []byte, text string, flags uint64) error {
	value, program, named := strings.Cut(text, ",")
	number, err := strconv.ParseUint(value, 0, 32)
	if !named || err != nil || program == "" {
		return usagef("--obj: %q is not VALUE,PROGRAM, an interface or the size of a queue and a program of %s", text, inName(f.object))
	}
	b, err := f.app.streams.read(f.object, "an object", infile.Object)
	if err != nil {
		return err
	}
	res, err := offload.FillEnd(ctx, d, offload.EndRequest{
		Map: m.Info().ID, Key: key, Value: uint32(number), Flags: flags, Read: f.reader(b, program),
	})
	if err != nil {
		return err
	}
	if res.Attachment.ID != 0 {
		fmt.Fprintf(w, "%s: %s\n", d.Name(), attachmentLine(res.Attachment))
	}
	return nil
}
