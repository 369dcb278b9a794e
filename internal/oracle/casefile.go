package oracle

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/skipsw/skipsw/internal/btfvalue"
	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/outfile"
	"github.com/skipsw/skipsw/internal/strictyaml"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// caseFile is the form of a case on disk: a failure that was found and is
// rerun for ever. The reference's answers stand in it, so that it can be rerun
// where there is no kernel to ask.
type caseFile struct {
	Name   string     `yaml:"name"`
	Found  string     `yaml:"found"` // what went wrong, and the seed
	Type   string     `yaml:"type"`
	Accept bool       `yaml:"accept"`
	Insns  []string   `yaml:"insns"`
	Funcs  []fileFunc `yaml:"funcs,omitempty"`
	Maps   []fileMap  `yaml:"maps,omitempty"`
	// Own is how many of the maps are the program's, if those that it calls have
	// others.
	Own     int          `yaml:"own,omitempty"`
	Called  []fileCalled `yaml:"called,omitempty"`
	Packets []filePacket `yaml:"packets"`
}

// fileCalled is a program that another reaches by tail calls; Maps are indexes
// into the file's.
type fileCalled struct {
	Name  string     `yaml:"name"`
	Insns []string   `yaml:"insns"`
	Funcs []fileFunc `yaml:"funcs,omitempty"`
	Maps  []int      `yaml:"maps,omitempty"`
}

// toFileCalled writes down the programs that a program calls.
func toFileCalled(p *object.Program) (out []fileCalled) {
	all := p.AllMaps()
	for _, q := range p.Called {
		c := fileCalled{Name: q.Name, Insns: Listing(q)}
		for _, fn := range q.Funcs[1:] {
			c.Funcs = append(c.Funcs, toFileFunc(fn))
		}
		for _, m := range q.Maps {
			c.Maps = append(c.Maps, slices.Index(all, m))
		}
		out = append(out, c)
	}
	return out
}

// program makes the program; all are the file's maps.
func (c *fileCalled) program(like *object.Program, all []*object.Map) (*object.Program, error) {
	q := &object.Program{Object: like.Object, Name: c.Name, Section: like.Section, Type: like.Type, License: like.License}
	q.Funcs = []object.Func{{Name: c.Name}}
	for _, fn := range c.Funcs {
		q.Funcs = append(q.Funcs, fn.function())
	}
	for _, k := range c.Maps {
		if k < 0 || k >= len(all) {
			return nil, fmt.Errorf("program %s uses map %d of %d", c.Name, k, len(all))
		}
		q.Maps = append(q.Maps, all[k])
	}
	var err error
	q.Insns, err = readListing(c.Insns)
	return q, err
}

// readListing reads what Listing writes.
func readListing(lines []string) ([]bpf.Insn, error) {
	var code []byte
	for i, l := range lines {
		h, _, _ := strings.Cut(l, "|")
		b, err := hex.DecodeString(strings.TrimSpace(h))
		if err != nil || len(b) != 8 {
			return nil, fmt.Errorf("instruction %d: %q is not eight bytes in hex", i, h)
		}
		code = append(code, b...)
	}
	return bpf.Decode(code)
}

type fileFunc struct {
	Name   string    `yaml:"name"`
	Start  int       `yaml:"start"`
	Global bool      `yaml:"global,omitempty"`
	Args   []fileArg `yaml:"args,omitempty"`
}

// fileArg is a parameter of a global function: a number, the context, or memory
// of that many bytes.
type fileArg struct {
	Ctx     bool `yaml:"ctx,omitempty"`
	Dynptr  bool `yaml:"dynptr,omitempty"`
	Mem     int  `yaml:"mem,omitempty"`
	NonNull bool `yaml:"nonnull,omitempty"`
}

func toFileFunc(fn object.Func) fileFunc {
	f := fileFunc{Name: fn.Name, Start: fn.Start, Global: fn.Global}
	for _, a := range fn.Args {
		f.Args = append(f.Args, fileArg{Ctx: a.Kind == object.ArgCtx, Dynptr: a.Kind == object.ArgDynptr, Mem: a.Size, NonNull: a.NonNull})
	}
	return f
}

func (f fileFunc) function() object.Func {
	fn := object.Func{Name: f.Name, Start: f.Start, Global: f.Global}
	for _, a := range f.Args {
		arg := object.Arg{Size: a.Mem, NonNull: a.NonNull}
		switch {
		case a.Ctx:
			arg.Kind = object.ArgCtx
		case a.Dynptr:
			arg.Kind = object.ArgDynptr
		case a.Mem > 0:
			arg.Kind = object.ArgMem
		}
		fn.Args = append(fn.Args, arg)
	}
	return fn
}

type fileMap struct {
	Name    string      `yaml:"name"`
	Type    uint32      `yaml:"type"`
	Key     uint32      `yaml:"key"`
	Value   uint32      `yaml:"value"`
	Entries uint32      `yaml:"entries"`
	Flags   uint32      `yaml:"flags,omitempty"`
	Frozen  bool        `yaml:"frozen,omitempty"`
	Initial []fileEntry `yaml:"initial,omitempty"`
	// Programs are the programs in the slots of a program array.
	Programs map[uint32]string `yaml:"programs,omitempty"`
	// Inners are the maps that a map of maps holds, by index: their places in the
	// file's list.
	Inners map[uint32]int `yaml:"inners,omitempty"`
	// Lock is the byte of values that a bpf_spin_lock begins at.
	Lock *uint32 `yaml:"lock,omitempty"`
}

type fileEntry struct {
	Key   string `yaml:"key"`
	Value string `yaml:"value"`
}

type filePacket struct {
	In      string        `yaml:"in"`
	Run     bool          `yaml:"run"` // the reference can run it
	Verdict uint32        `yaml:"verdict"`
	Out     string        `yaml:"out"`
	Meta    string        `yaml:"meta,omitempty"`
	Maps    [][]fileEntry `yaml:"maps,omitempty"`
	// Events are the records sent, by map.
	Events   [][]string `yaml:"events,omitempty"`
	Redirect string     `yaml:"redirect,omitempty"`
}

// Recorded is a case with the reference's answers.
type Recorded struct {
	Case
	Found  string // what went wrong when it was found
	Accept bool   // the reference takes the program
	Runs   []*Run // by packet, nil where the reference cannot run it
}

// WriteCase writes a case to dir/name.yaml with what the reference said.
func WriteCase(dir, name, found string, c *Case, rep *Report) (string, error) {
	f := caseFile{Name: name, Found: found, Type: c.Program.Type.String(), Accept: rep.Accepted}
	f.Insns = Listing(c.Program)
	for _, fn := range c.Program.Funcs[1:] {
		f.Funcs = append(f.Funcs, toFileFunc(fn))
	}
	f.Called = toFileCalled(c.Program)
	all := c.Program.AllMaps()
	if len(all) > len(c.Program.Maps) {
		f.Own = len(c.Program.Maps)
	}
	for _, m := range all {
		var lock *uint32
		if at, ok, _ := m.SpinLock(); ok {
			lock = &at
		}
		f.Maps = append(f.Maps, fileMap{
			Lock: lock,
			Name: m.Name, Type: uint32(m.Type), Key: m.KeySize, Value: m.ValueSize, Entries: m.MaxEntries,
			Flags: m.Flags, Frozen: m.Frozen, Initial: toFile(m.Initial), Programs: m.Programs, Inners: innersOf(m, all),
		})
	}
	for i, p := range c.Packets {
		fp := filePacket{In: hex.EncodeToString(p)}
		if i < len(rep.Runs) && rep.Runs[i] != nil {
			r := rep.Runs[i]
			fp.Run, fp.Verdict, fp.Out = true, r.Verdict, hex.EncodeToString(r.Packet)
			fp.Meta = hex.EncodeToString(r.Meta)
			fp.Redirect = r.Redirect
			for _, m := range r.Maps {
				fp.Maps = append(fp.Maps, toFile(m))
			}
			for _, records := range r.Events {
				fp.Events = append(fp.Events, toHex(records))
			}
		}
		f.Packets = append(f.Packets, fp)
	}
	b, err := yaml.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("case %s: %w", name, err)
	}
	path := filepath.Join(dir, name+".yaml")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return path, outfile.WriteFile(path, b)
}

// Listing returns a line for each slot of a program: its bytes in hex, its
// number and its text.
func Listing(p *object.Program) (out []string) {
	for i := 0; i < len(p.Insns); i++ {
		in, next := p.Insns[i], bpf.Insn{}
		if in.Wide() && i+1 < len(p.Insns) {
			next = p.Insns[i+1]
			out = append(out, line(i, bpf.Text(in, next), in), line(i+1, "", next))
			i++
			continue
		}
		out = append(out, line(i, bpf.Text(in, next), in))
	}
	return out
}

// line is one slot: its bytes, then for the reader its number and text.
func line(slot int, text string, in bpf.Insn) string {
	return fmt.Sprintf("%x | %3d %s", bpf.Encode(nil, []bpf.Insn{in}), slot, text)
}

func toFile(es []object.Entry) (out []fileEntry) {
	for _, e := range es {
		out = append(out, fileEntry{hex.EncodeToString(e.Key), hex.EncodeToString(e.Value)})
	}
	return out
}

// innersOf returns the places of the maps that a map of maps holds.
func innersOf(m *object.Map, all []*object.Map) map[uint32]int {
	if len(m.Inners) == 0 {
		return nil
	}
	out := map[uint32]int{}
	for index, in := range m.Inners {
		out[index] = slices.Index(all, in)
	}
	return out
}

func toHex(records [][]byte) (out []string) {
	for _, b := range records {
		out = append(out, hex.EncodeToString(b))
	}
	return out
}

// ReadCase reads a case file.
func ReadCase(path string) (*Recorded, error) {
	b, err := infile.Read(path, "a case", infile.Source)
	if err != nil {
		return nil, err
	}
	var f caseFile
	if err := strictyaml.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r, err := f.recorded()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (f *caseFile) recorded() (*Recorded, error) {
	p := &object.Program{
		Object: f.Name, Name: "prog", Section: f.Type, License: "GPL", Funcs: []object.Func{{Name: "prog"}},
	}
	switch f.Type {
	case "xdp":
		p.Type = object.XDP
	case "tc":
		p.Type = object.TC
	default:
		return nil, fmt.Errorf("type %q is neither xdp nor tc", f.Type)
	}
	var err error
	if p.Insns, err = readListing(f.Insns); err != nil {
		return nil, err
	}
	for _, fn := range f.Funcs {
		p.Funcs = append(p.Funcs, fn.function())
	}
	for _, m := range f.Maps {
		spec := &object.Map{
			Name: m.Name, Type: bpf.MapType(m.Type), KeySize: m.Key, ValueSize: m.Value, MaxEntries: m.Entries,
			Flags: m.Flags, Frozen: m.Frozen, Programs: m.Programs,
		}
		if m.Lock != nil {
			spec.ValueType = btfvalue.Locked(m.Value, *m.Lock)
		}
		if spec.Initial, err = fromFile(m.Initial); err != nil {
			return nil, fmt.Errorf("map %s: %w", m.Name, err)
		}
		p.Maps = append(p.Maps, spec)
	}
	all := p.Maps
	for i, m := range f.Maps {
		for index, k := range m.Inners {
			if k < 0 || k >= len(all) {
				return nil, fmt.Errorf("map %s holds map %d of %d", m.Name, k, len(all))
			}
			if all[i].Inners == nil {
				all[i].Inner, all[i].Inners = all[k], map[uint32]*object.Map{}
			}
			all[i].Inners[index] = all[k]
		}
	}
	if f.Own < 0 || f.Own > len(all) {
		return nil, fmt.Errorf("%d own maps of %d", f.Own, len(all))
	}
	if f.Own > 0 {
		p.Maps = all[:f.Own:f.Own]
	}
	for k := range f.Called {
		q, err := f.Called[k].program(p, all)
		if err != nil {
			return nil, fmt.Errorf("program %s: %w", f.Called[k].Name, err)
		}
		p.Called = append(p.Called, q)
	}
	r := &Recorded{Case: Case{Program: p}, Found: f.Found, Accept: f.Accept}
	for i, fp := range f.Packets {
		in, err := hex.DecodeString(fp.In)
		if err != nil {
			return nil, fmt.Errorf("packet %d: %w", i, err)
		}
		run, err := fp.result(len(all))
		if err != nil {
			return nil, fmt.Errorf("packet %d: %w", i, err)
		}
		r.Packets = append(r.Packets, in)
		r.Runs = append(r.Runs, run)
	}
	return r, nil
}

func (fp *filePacket) result(maps int) (*Run, error) {
	if !fp.Run {
		return nil, nil
	}
	out, err := hex.DecodeString(fp.Out)
	if err != nil {
		return nil, err
	}
	meta, err := hex.DecodeString(fp.Meta)
	if err != nil {
		return nil, err
	}
	r := &Run{Verdict: fp.Verdict, Packet: out, Meta: meta, Redirect: fp.Redirect, Maps: make([][]object.Entry, maps), Events: make([][][]byte, maps)}
	if len(fp.Maps) > maps || len(fp.Events) > maps {
		return nil, fmt.Errorf("answers for %d maps of %d", len(fp.Maps), maps)
	}
	for i, m := range fp.Maps {
		if r.Maps[i], err = fromFile(m); err != nil {
			return nil, err
		}
	}
	for i, records := range fp.Events {
		for _, text := range records {
			b, err := hex.DecodeString(text)
			if err != nil {
				return nil, fmt.Errorf("record %q is not hex", text)
			}
			r.Events[i] = append(r.Events[i], b)
		}
	}
	return r, nil
}

func fromFile(es []fileEntry) (out []object.Entry, err error) {
	for _, e := range es {
		k, kerr := hex.DecodeString(e.Key)
		v, verr := hex.DecodeString(e.Value)
		if kerr != nil || verr != nil {
			return nil, fmt.Errorf("entry %q: %q is not hex", e.Key, e.Value)
		}
		out = append(out, object.Entry{Key: k, Value: v})
	}
	return out, nil
}

// Replay is the judge that answers what a case file records. It knows that
// one program only.
type Replay struct{ Recorded *Recorded }

// Name returns "recorded".
func (r Replay) Name() string { return "recorded" }

// Load takes the recorded program.
func (r Replay) Load(p *object.Program) (Loaded, error) {
	if p != r.Recorded.Program {
		panic("BUG: a recorded case is asked about another program")
	}
	if !r.Recorded.Accept {
		return nil, &Refusal{Kind: Rejected, Err: fmt.Errorf("recorded as refused: %s", r.Recorded.Found)}
	}
	return &replaying{r: r.Recorded}, nil
}

type replaying struct {
	r    *Recorded
	next int
}

func (l *replaying) Close() {}

func (l *replaying) Run([]byte) (Run, error) {
	r := l.r.Runs[l.next]
	l.next++
	if r == nil {
		return Run{}, ErrCannotRun
	}
	return *r, nil
}
