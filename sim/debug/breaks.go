package debug

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// BreakKind is what a breakpoint waits for.
type BreakKind uint8

// The kinds of breakpoints.
const (
	BreakLine    BreakKind = iota // the first word of a C line, coming from another line
	BreakInsn                     // the same of an eBPF instruction
	BreakWord                     // a word
	BreakMap                      // a command to a map, behind it
	BreakVerdict                  // a packet that ended with a verdict
	BreakFault                    // a packet that ended with a fault
)

// Break is a breakpoint.
type Break struct {
	ID   int
	Kind BreakKind
	// File and Line are of the line with code that was found for the one that was
	// named; Program is of an instruction.
	File    string
	Line    int
	Program string
	Insn    int
	Word    int
	Name    string // of the map or verdict
	Hits    int
}

// String names the breakpoint as ParseBreak reads it.
func (b *Break) String() string {
	switch b.Kind {
	case BreakLine:
		return fmt.Sprintf("%s:%d", filepath.Base(b.File), b.Line)
	case BreakInsn:
		return fmt.Sprintf("insn %d of %s", b.Insn, b.Program)
	case BreakWord:
		return fmt.Sprintf("word %d", b.Word)
	case BreakMap:
		return "map " + b.Name
	case BreakVerdict:
		return "verdict " + b.Name
	}
	return "fault"
}

// ParseBreak reads what to stop at: "34" or "FILE:34" for a C line, "insn 12" for an
// instruction of the first program, "word 120" for a word by its control-store
// address, "map NAME", "verdict XDP_DROP", "fault".
func ParseBreak(img *image.Image, text string) (*Break, error) {
	kind, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	rest = strings.TrimSpace(rest)
	switch kind {
	case "insn":
		return insnBreak(img, rest)
	case "word":
		n, err := strconv.Atoi(rest)
		if first := int(img.Machine.CodeStart); err != nil || n < first || n >= first+len(img.Words) {
			return nil, fmt.Errorf("word %q: the code has the words %d to %d", rest, first, first+len(img.Words)-1)
		}
		return &Break{Kind: BreakWord, Word: n}, nil
	case "map":
		if !slices.Contains(mapNames(img), rest) {
			return nil, fmt.Errorf("no map %q; there are: %s", rest, strings.Join(mapNames(img), ", "))
		}
		return &Break{Kind: BreakMap, Name: rest}, nil
	case "verdict":
		names := verdicts(img)
		if !slices.Contains(names, rest) {
			return nil, fmt.Errorf("no verdict %q; there are: %s", rest, strings.Join(names, ", "))
		}
		return &Break{Kind: BreakVerdict, Name: rest}, nil
	case "fault":
		if rest != "" {
			return nil, fmt.Errorf("fault takes nothing, not %q", rest)
		}
		return &Break{Kind: BreakFault}, nil
	case "line":
		kind = rest
	}
	file, number := "", kind
	if i := strings.LastIndexByte(kind, ':'); i >= 0 {
		file, number = kind[:i], kind[i+1:]
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return nil, fmt.Errorf("nothing to stop at: %q; a line is 34 or FILE:34, others are insn N, word N, map NAME, verdict NAME, fault", text)
	}
	return LineBreak(img, file, n)
}

// verdicts returns the names of the verdicts that packets of an image's programs
// may get.
func verdicts(img *image.Image) (out []string) {
	for v := range uint32(16) {
		name := packetrun.VerdictName(programType(img), v)
		if _, err := strconv.Atoi(name); err != nil {
			out = append(out, name)
		}
	}
	if programType(img) == "tc" {
		out = append(out, packetrun.VerdictName("tc", ^uint32(0)))
	}
	return out
}

func programType(img *image.Image) string {
	if len(img.Programs) == 0 {
		return ""
	}
	return img.Programs[0].Type
}

// LineBreak makes a breakpoint at a C line, or the next line of the file that has
// code. The file may be named by the last parts of its path; "" is the one of the
// first program.
func LineBreak(img *image.Image, file string, line int) (*Break, error) {
	if file == "" {
		if file = mainFile(img); file == "" {
			return nil, fmt.Errorf("the image knows no C lines")
		}
	}
	best, found := 0, ""
	for k := range img.Lines {
		l := &img.Lines[k]
		if n := int(l.LineNo); n >= line && (best == 0 || n < best) && sameFile(l.File, file) {
			best, found = n, l.File
		}
	}
	if best == 0 {
		return nil, fmt.Errorf("no code at or behind line %d of %s", line, file)
	}
	return &Break{Kind: BreakLine, File: found, Line: best}, nil
}

// sameFile reports whether a path ends in the parts of another.
func sameFile(path, want string) bool {
	path, want = filepath.Clean(path), filepath.Clean(want)
	return path == want || strings.HasSuffix(path, "/"+strings.TrimPrefix(want, "./")) || strings.HasSuffix(want, "/"+path)
}

// mainFile returns the file of the first program's first line.
func mainFile(img *image.Image) string {
	for k := range img.Lines {
		if img.Lines[k].LineNo > 0 {
			return img.Lines[k].File
		}
	}
	return ""
}

func insnBreak(img *image.Image, text string) (*Break, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("insn takes the number of an eBPF instruction, not %q", text)
	}
	program := ""
	if len(img.Programs) > 0 {
		program = img.Programs[0].Name
	}
	for k := range img.Words {
		if owner, symbol := Owner(img, k); symbol == "" && owner == program {
			if l := img.LineOf(k); l != nil && int(l.Insn) == n {
				return &Break{Kind: BreakInsn, Program: program, Insn: n}, nil
			}
		}
	}
	return nil, fmt.Errorf("instruction %d of program %s has no word of its own; offload explain lists those that have", n, program)
}

// Owner returns the program, or else the routine, that a word of an image belongs
// to.
func Owner(img *image.Image, word int) (program, symbol string) {
	for _, s := range img.Symbols {
		if s.Kind != image.SymLabel && word >= int(s.Word) && word < int(s.Word+s.Size) {
			if s.Kind == image.SymProgram {
				return s.Name, ""
			}
			return "", s.Name
		}
	}
	if len(img.Symbols) == 0 && len(img.Programs) > 0 {
		return img.Programs[0].Name, ""
	}
	return "", "padding"
}

// Add sets a breakpoint.
func (s *Session) Add(b *Break) *Break {
	b.ID = s.nextID
	s.nextID++
	s.breaks = append(s.breaks, b)
	return b
}

// Remove takes the breakpoints away that a function picks, and reports how many.
func (s *Session) Remove(which func(*Break) bool) int {
	n := len(s.breaks)
	s.breaks = slices.DeleteFunc(s.breaks, which)
	return n - len(s.breaks)
}

// Breaks returns the breakpoints that are set.
func (s *Session) Breaks() []*Break { return s.breaks }

// hits returns the breakpoints that an event is for.
func (s *Session) hits(e *event) (out []*Break) {
	for _, b := range s.breaks {
		if s.hit(b, e) {
			out = append(out, b)
		}
	}
	return out
}

func (s *Session) hit(b *Break, e *event) bool {
	img := s.o.Image
	if b.Kind == BreakMap {
		return slices.Contains(e.touched, b.Name)
	}
	if e.at.Done {
		switch b.Kind {
		case BreakFault:
			return e.result.Fault != nil
		case BreakVerdict:
			return e.result.Fault == nil && packetrun.VerdictName(programType(img), e.result.Verdict) == b.Name
		}
		return false
	}
	switch b.Kind {
	case BreakWord:
		return e.word == b.Word-int(img.Machine.CodeStart)
	case BreakLine:
		return onLine(img, e.word, b.File, b.Line) && !(e.prev >= 0 && onLine(img, e.prev, b.File, b.Line))
	case BreakInsn:
		return onInsn(img, e.word, b.Program, b.Insn) && !(e.prev >= 0 && onInsn(img, e.prev, b.Program, b.Insn))
	}
	return false
}

func onLine(img *image.Image, word int, file string, line int) bool {
	l := img.LineOf(word)
	return l != nil && int(l.LineNo) == line && l.File == file
}

func onInsn(img *image.Image, word int, program string, insn int) bool {
	l := img.LineOf(word)
	if l == nil || int(l.Insn) != insn {
		return false
	}
	owner, symbol := Owner(img, word)
	return symbol == "" && owner == program
}
