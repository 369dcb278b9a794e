package cli

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"
	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/mapfile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// initFlags say what maps hold when the first packet comes.
type initFlags struct{ files []string }

func (f *initFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.files, "map-init", nil, "fill maps before the first packet, `[MAP=]FILE`: JSON as `offload map dump --json`, `offload run --maps --json` and `bpftool map dump -j` write it; without MAP= the file has maps by name")
}

// split parts a flag in the map's name, "" for none, and the file.
func (f *initFlags) split(one string) (name, file string) {
	if name, file, ok := strings.Cut(one, "="); ok {
		return name, file
	}
	return "", one
}

// reads reports whether a file is among those that are read.
func (f *initFlags) reads(path string) bool {
	return slices.ContainsFunc(f.files, func(one string) bool {
		_, file := f.split(one)
		return file == path
	})
}

// fill gives the maps of an image their entries.
func (f *initFlags) fill(b *buildFlags, img *image.Image, path string) error {
	if len(f.files) == 0 {
		return nil
	}
	var obj *object.Object
	if !image.Is(b.data) {
		var err error
		if obj, err = object.LoadBytes(inName(path), b.data, b.objectOptions); err != nil {
			return err
		}
	}
	for _, one := range f.files {
		name, file := f.split(one)
		in, err := b.app.streams.open(file, "map contents", infile.Contents)
		if err != nil {
			return err
		}
		i := filler{img: img, obj: obj, had: map[*image.Map]int{}, keys: map[*image.Map]map[string]bool{}}
		err = mapfile.Read(in, name, i.shape, i.put)
		in.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", inName(file), err)
		}
		i.end()
	}
	return nil
}

// open opens a file that a user names, or standard input.
func (s *streams) open(path, what string, most int64) (io.ReadCloser, error) {
	if path != dash {
		return infile.Open(path, what, most)
	}
	b, err := s.read(path, what, most)
	return io.NopCloser(bytes.NewReader(b)), err
}

// filler fills maps of an image from a file.
type filler struct {
	img  *image.Image
	obj  *object.Object // nil for an image, which has no types
	had  map[*image.Map]int
	keys map[*image.Map]map[string]bool
}

// find returns a map of the image.
func (f *filler) find(name string) *image.Map {
	k := slices.IndexFunc(f.img.Maps, func(m image.Map) bool { return m.Name == name && name != maplayout.PrintsMap })
	if k < 0 {
		return nil
	}
	return &f.img.Maps[k]
}

// shape says what the entries of a map are.
func (f *filler) shape(name string) (s mapfile.Shape, err error) {
	m := f.find(name)
	if m == nil {
		var have []string
		for _, m := range f.img.Maps {
			if m.Name != maplayout.PrintsMap {
				have = append(have, m.Name)
			}
		}
		return s, fmt.Errorf("the program uses no map %q; it has: %s", name, strings.Join(have, ", "))
	}
	switch typ, _ := bpf.MapTypeByName(m.Type); {
	case typ.Queues():
		return s, fmt.Errorf("map %s is a channel to the host and has no entries", name)
	case typ == bpf.MapTypeArrayOfMaps || typ == bpf.MapTypeHashOfMaps:
		return s, fmt.Errorf("map %s holds maps, which no file describes", name)
	case strings.HasPrefix(name, ".rodata"), name == ".kconfig":
		return s, fmt.Errorf("map %s holds constants, which are compiled into the code; --set gives them other values", name)
	}
	f.had[m] = len(m.Initial)
	s = mapfile.Shape{KeySize: int(m.KeySize), ValueSize: int(m.ValueSize)}
	if f.obj != nil {
		if o := f.obj.Map(name); o != nil {
			s.Key, s.Value = o.KeyType, o.ValueType
		}
	}
	if m.IsProgramArray() {
		s.Value = slotType(f.img)
	}
	if m.Holds() != "" {
		s.Value = mapfile.EndType(m.Type, f.img.FarEnds(m))
	}
	return s, nil
}

// slotType is the type of a slot of an image's program arrays.
func slotType(img *image.Image) btf.Type {
	e := &btf.Enum{Name: mapfile.ProgramType, Size: 4}
	for k := range img.Programs {
		e.Values = append(e.Values, btf.EnumValue{Name: img.Programs[k].Name, Value: uint64(k + 1)})
	}
	return e
}

// put adds an entry. What else a map refuses, it does when the card is made.
func (f *filler) put(name string, e mapfile.Entry) error {
	m := f.find(name)
	typ, _ := bpf.MapTypeByName(m.Type)
	switch typ {
	case bpf.MapTypeArray, bpf.MapTypePerCPUArray, bpf.MapTypeProgArray, bpf.MapTypeDevMap, bpf.MapTypeCPUMap, bpf.MapTypeXSKMap:
		if index := binary.LittleEndian.Uint32(e.Key); index >= m.MaxEntries {
			return fmt.Errorf("index %d, and the map has %d entries", index, m.MaxEntries)
		}
	case bpf.MapTypeLRUHash, bpf.MapTypeLRUPerCPUHash:
	default:
		keys := f.keys[m]
		if keys == nil {
			keys = map[string]bool{}
			f.keys[m] = keys
		}
		key := string(e.Key)
		if len(e.Key) == 0 {
			key = fmt.Sprint(len(keys)) // without keys each value is an entry
		}
		if keys[key] = true; len(keys) > int(m.MaxEntries) {
			return fmt.Errorf("the map has room for %d entries", m.MaxEntries)
		}
	}
	m.Initial = append(m.Initial, image.Entry(e))
	return nil
}

// end puts what a stack gives out first in last.
func (f *filler) end() {
	for m, had := range f.had {
		if m.Type == bpf.MapTypeStack.String() {
			slices.Reverse(m.Initial[had:])
		}
	}
}
