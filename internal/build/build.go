// Package build takes a file from the command line, an eBPF object or a
// compiled image, through the pipeline: load, verify, compile.
//
// It never knows devices or the simulator.
package build

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Options choose what is built and for which target.
type Options struct {
	Program string // name of the program; "" for the only one, or all
	Type    string // "xdp" or "tc", for sections whose name says no type
	Target  string // name of a target, or path of a target file
	// Load finds the target; nil is target.Load.
	Load func(name string) (*target.Target, error)
}

// Result is what became of one program.
type Result struct {
	Program *object.Program
	Image   *image.Image // nil when Err is set
	Err     error
}

// ErrChoose is the error of Image for a file with several programs.
var ErrChoose = errors.New("several programs")

// Kind is what a file holds.
type Kind uint8

// The kinds of file.
const (
	Object Kind = iota // eBPF object
	Image              // compiled image
)

// Detect tells an eBPF object from a compiled image by the ELF machine. A file
// that is no ELF at all counts as an object, whose loader explains it.
func Detect(path string) (Kind, error) {
	f, err := os.Open(path)
	if err != nil {
		return Object, err
	}
	defer f.Close()
	var head [20]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:4]) != elf.ELFMAG {
		return Object, nil
	}
	const emNFP = 250
	if machine := uint16(head[18]) | uint16(head[19])<<8; machine == emNFP {
		return Image, nil
	}
	return Object, nil
}

// Programs loads the object at path and returns its programs, or the one
// named in the options.
func Programs(path string, o Options) ([]*object.Program, error) {
	lo := object.Options{}
	if o.Type != "" {
		t, err := object.ParseType(o.Type)
		if err != nil {
			return nil, err
		}
		lo.Type = t
	}
	obj, err := object.Load(path, lo)
	if err != nil {
		return nil, err
	}
	if o.Program == "" {
		return obj.Programs, nil
	}
	for _, p := range obj.Programs {
		if p.Name == o.Program {
			return []*object.Program{p}, nil
		}
	}
	return nil, fmt.Errorf("%s: no program %q; it has %s", path, o.Program, names(obj.Programs))
}

// Compile builds every selected program of an object. The error is about the
// file or the options; what concerns one program is in its Result.
func Compile(path string, o Options) ([]Result, error) {
	load := o.Load
	if load == nil {
		load = target.Load
	}
	t, err := load(o.Target)
	if err != nil {
		return nil, err
	}
	progs, err := Programs(path, o)
	if err != nil {
		return nil, err
	}
	out := make([]Result, len(progs))
	for i, p := range progs {
		out[i].Program = p
		out[i].Image, out[i].Err = compile(p, t)
	}
	return out, nil
}

func compile(p *object.Program, t *target.Target) (*image.Image, error) {
	if p.Refused != nil {
		return nil, p.Refused
	}
	v, err := verify.Verify(p, verify.Options{Offload: true})
	if err != nil {
		return nil, err
	}
	return translate.Compile(v, translate.Options{Target: t})
}

// One returns the image of one program: the file itself when it is an image,
// the compiled program when it is an object.
func One(path string, o Options) (*image.Image, error) {
	kind, err := Detect(path)
	if err != nil {
		return nil, err
	}
	if kind == Image {
		return readImage(path, o)
	}
	if o.Program == "" {
		progs, err := Programs(path, o)
		if err != nil {
			return nil, err
		}
		if len(progs) > 1 {
			return nil, fmt.Errorf("%s: %w, choose one with --prog: %s", path, ErrChoose, names(progs))
		}
	}
	res, err := Compile(path, o)
	if err != nil {
		return nil, err
	}
	return res[0].Image, res[0].Err
}

func readImage(path string, o Options) (*image.Image, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	img, err := image.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if o.Program != "" && (len(img.Programs) == 0 || img.Programs[0].Name != o.Program) {
		have := "none"
		if len(img.Programs) > 0 {
			have = img.Programs[0].Name
		}
		return nil, fmt.Errorf("%s: no program %q; it has %s", path, o.Program, have)
	}
	return img, nil
}

// WriteFile writes an image so that a failure leaves no half-written file.
func WriteFile(path string, img *image.Image) error {
	data, err := img.Marshal()
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".offload-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func names(progs []*object.Program) string {
	s := make([]string, len(progs))
	for i, p := range progs {
		s[i] = p.Name
	}
	return strings.Join(s, ", ")
}
