package translate

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// FileOptions choose programs of a file and say how they are compiled.
type FileOptions struct {
	Options
	// Program is the name of the program; "" for all of Object's, or the only
	// one of File's.
	Program string
	// Object says how an object is read: the type of programs whose section names
	// none, what a loader sets.
	Object object.Options
}

// Compiled is what became of one program of an object.
type Compiled struct {
	Program *object.Program
	Image   *image.Image // nil when Err is set
	Report  Report
	Err     error // what concerns this program alone: unsafe, or not supported
}

// ErrSeveral is what errors.Is finds in the error of File for a file with
// several programs when none is named.
var ErrSeveral = errors.New("several programs")

// Object compiles the programs of an eBPF object file: it is loaded, each
// program is proven and compiled. The error is about the file or the options;
// what concerns one program is in its Err.
func Object(path string, o FileOptions) ([]Compiled, error) {
	data, err := infile.Read(path, "an object or image", infile.Object)
	if err != nil {
		return nil, err
	}
	return ObjectBytes(path, data, o)
}

// ObjectBytes is Object for a file whose content is read already; path names it
// in errors.
func ObjectBytes(path string, data []byte, o FileOptions) ([]Compiled, error) {
	if err := checkPasses(Passes(), o.Passes); err != nil {
		return nil, err
	}
	progs, err := programs(path, data, o)
	if err != nil {
		return nil, err
	}
	out := make([]Compiled, len(progs))
	prove := prover()
	for k, p := range progs {
		out[k].Program = p
		out[k].compile(o.Options, prove)
	}
	return out, nil
}

// prover proves programs for devices, each once.
func prover() func(*object.Program) (*verify.Program, error) {
	type proof struct {
		p   *verify.Program
		err error
	}
	known := map[*object.Program]proof{}
	return func(p *object.Program) (*verify.Program, error) {
		have, ok := known[p]
		if !ok {
			have.p, have.err = verify.Verify(p, verify.Options{Offload: true})
			known[p] = have
		}
		return have.p, have.err
	}
}

// programs returns the programs of an object, or the one that is named.
func programs(path string, data []byte, o FileOptions) ([]*object.Program, error) {
	obj, err := object.LoadBytes(filepath.Base(path), data, o.Object)
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

func (c *Compiled) compile(o Options, prove func(*object.Program) (*verify.Program, error)) {
	if why := c.Program.Refused; why != nil {
		c.Err = fmt.Errorf("%s: %w", c.Program.Name, why)
		return
	}
	v, err := prove(c.Program)
	if err == nil {
		o.Called, err = VerifyCalled(c.Program, prove)
	}
	if err != nil {
		c.Err = err
		return
	}
	o.Report = &c.Report
	c.Image, c.Err = Compile(v, o)
}

// File returns the image of one program: the file itself when it is an image,
// the compiled program when it is an eBPF object.
func File(path string, o FileOptions) (*image.Image, error) {
	data, err := infile.Read(path, "an object or image", infile.Object)
	if err != nil {
		return nil, err
	}
	return FileBytes(path, data, o)
}

// FileBytes is File for one whose content is read already; path names it in
// errors.
func FileBytes(path string, data []byte, o FileOptions) (*image.Image, error) {
	if image.Is(data) {
		return readImage(path, data, o.Program)
	}
	if o.Program == "" {
		progs, err := programs(path, data, o)
		if err != nil {
			return nil, err
		}
		hooked := slices.DeleteFunc(slices.Clone(progs), func(p *object.Program) bool { return p.Attach != bpf.AtHook })
		switch {
		case len(progs) > 1 && len(hooked) == 1:
			o.Program = hooked[0].Name // the others run in entries of its maps
		case len(progs) > 1:
			return nil, fmt.Errorf("%s: %w, one must be named: %s", path, ErrSeveral, names(progs))
		}
	}
	res, err := ObjectBytes(path, data, o)
	if err != nil {
		return nil, err
	}
	if o.Report != nil {
		*o.Report = res[0].Report
	}
	return res[0].Image, res[0].Err
}

func readImage(path string, data []byte, program string) (*image.Image, error) {
	img, err := image.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if program != "" && img.ProgramNamed(program) == nil {
		have := make([]string, len(img.Programs))
		for k := range img.Programs {
			have[k] = img.Programs[k].Name
		}
		if len(have) == 0 {
			have = []string{"none"}
		}
		return nil, fmt.Errorf("%s: no program %q; it has %s", path, program, strings.Join(have, ", "))
	}
	return img, nil
}

func names(progs []*object.Program) string {
	s := make([]string, len(progs))
	for k, p := range progs {
		s[k] = p.Name
	}
	return strings.Join(s, ", ")
}
