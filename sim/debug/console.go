package debug

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// Console is a debugger on lines of text.
type Console struct {
	s   *Session
	out io.Writer
	// Prompt, if not "", is written before each line is read; a wrong command is then
	// told and the next one read. Otherwise it ends Run with an error, as in a script.
	Prompt string
	line   int
}

// NewConsole returns a debugger that writes to out.
func NewConsole(s *Session, out io.Writer) *Console { return &Console{s: s, out: out} }

// command is a row of the table of commands.
type command struct {
	names []string
	args  string
	doc   string
	run   func(c *Console, args string) error
	moves bool // or ends the run
}

var commands []command

func init() {
	step := func(u Unit, back bool) func(*Console, string) error {
		return func(c *Console, args string) error { return c.step(u, back, args) }
	}
	scope := func(name string) func(*Console, string) error {
		return func(c *Console, args string) error { return c.show(name, args) }
	}
	commands = []command{
		{[]string{"step", "s", "next", "n"}, "[N]", "go on to another C line, past routines", step(Line, false), true},
		{[]string{"insn", "si"}, "[N]", "go on to another eBPF instruction", step(Insn, false), true},
		{[]string{"word", "w"}, "[N]", "execute one word", step(Word, false), true},
		{[]string{"finish", "f"}, "[N]", "go on to the end of the packet", step(Packet, false), true},
		{[]string{"continue", "c"}, "", "go on to a breakpoint or fault", func(c *Console, _ string) error { return c.moved(c.s.Continue()) }, true},
		{[]string{"back", "b"}, "[N]", "go back to the C line before", step(Line, true), true},
		{[]string{"back-insn", "bi"}, "[N]", "go back to the eBPF instruction before", step(Insn, true), true},
		{[]string{"back-word", "bw"}, "[N]", "go back by one word", step(Word, true), true},
		{[]string{"back-packet", "bf"}, "[N]", "go back to the packet's beginning, or to the end of the one before", step(Packet, true), true},
		{[]string{"reverse", "rc"}, "", "go back to a breakpoint or fault", func(c *Console, _ string) error { return c.moved(c.s.Reverse()) }, true},
		{[]string{"packet", "goto"}, "N", "go to the beginning of packet N, counted from 1", (*Console).goTo, true},
		{[]string{"break", "br"}, "WHAT", "stop at WHAT: 34 or FILE:34, insn 12, word 120, map NAME, verdict XDP_DROP, fault", (*Console).addBreak, false},
		{[]string{"delete", "d"}, "ID", "remove a breakpoint", (*Console).remove, false},
		{[]string{"breaks"}, "", "list the breakpoints", (*Console).list, false},
		{[]string{"where"}, "", "say where the packet is", func(c *Console, _ string) error { return c.where() }, false},
		{[]string{"words"}, "[N]", "list N words around this one", (*Console).words, false},
		{[]string{"trace"}, "[N]", "list the last N words that were executed", (*Console).trace, false},
		{[]string{"bpf"}, "", "print eBPF registers, as far as it is known where they are", scope("eBPF registers"), false},
		{[]string{"regs"}, "", "print the registers that were written", scope("registers"), false},
		{[]string{"xfer"}, "", "print transfer registers", scope("transfer registers"), false},
		{[]string{"flags"}, "", "print flags and index registers", scope("flags and index registers"), false},
		{[]string{"local"}, "", "print local memory: packet vector and stack", scope("local memory"), false},
		{[]string{"frame", "p"}, "", "print the packet's bytes and layers", scope("packet"), false},
		{[]string{"maps", "m"}, "[NAME]", "print the entries of all maps, or of one", scope("maps"), false},
		{[]string{"memory"}, "", "print the memory commands under way", scope("memory commands under way"), false},
		{[]string{"result"}, "", "print verdict, cycles, fault", scope("result"), false},
		{[]string{"help", "h", "?"}, "", "list the commands", (*Console).help, false},
		{[]string{"quit", "q"}, "", "end", func(*Console, string) error { return errQuit }, true},
	}
}

var errQuit = errors.New("quit")

// Run reads commands to the end of the input, or to quit. An empty line repeats the
// last command where there is a prompt.
func (c *Console) Run(in io.Reader) error {
	if err := c.where(); err != nil {
		return err
	}
	last := ""
	for lines := bufio.NewScanner(in); ; {
		if c.Prompt != "" {
			fmt.Fprint(c.out, c.Prompt)
		}
		if !lines.Scan() {
			return lines.Err()
		}
		c.line++
		text := strings.TrimSpace(lines.Text())
		if text == "" && c.Prompt != "" {
			text = last
		}
		last = text
		switch err := c.Do(text); {
		case errors.Is(err, errQuit):
			return nil
		case err == nil:
		case c.Prompt != "":
			fmt.Fprintf(c.out, "%v\n", err)
		default:
			return fmt.Errorf("command %d, %q: %w", c.line, text, err)
		}
	}
}

// Look executes one command that does not move the run.
func (c *Console) Look(text string) error { return c.do(text, false) }

// Do executes one command; a comment (#) and nothing are none.
func (c *Console) Do(text string) error { return c.do(text, true) }

func (c *Console) do(text string, moves bool) error {
	name, args, _ := strings.Cut(text, " ")
	if name == "" || strings.HasPrefix(name, "#") {
		return nil
	}
	for k := range commands {
		for _, n := range commands[k].names {
			if n == name {
				args = strings.TrimSpace(args)
				if commands[k].moves && !moves {
					return fmt.Errorf("%s moves the run, which is the client's", name)
				}
				if commands[k].args == "" && args != "" {
					return fmt.Errorf("%s takes nothing, not %q", name, args)
				}
				return commands[k].run(c, args)
			}
		}
	}
	return fmt.Errorf("no command %q; help lists them", name)
}

func (c *Console) help(string) error {
	for _, k := range commands {
		fmt.Fprintf(c.out, "%-28s %s\n", strings.TrimSpace(strings.Join(k.names, ", ")+" "+k.args), k.doc)
	}
	return nil
}

// count reads how often a command is to be done.
func count(args string, least int) (int, error) {
	if args == "" {
		return least, nil
	}
	n, err := strconv.Atoi(args)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("a number from 1, not %q", args)
	}
	return n, nil
}

func (c *Console) step(u Unit, back bool, args string) error {
	n, err := count(args, 1)
	if err != nil {
		return err
	}
	for k := range n {
		if back {
			err = c.s.Back(u)
		} else {
			err = c.s.Step(u)
		}
		if err != nil || !back && k < n-1 && c.s.Reason != "step" {
			break
		}
	}
	return c.moved(err)
}

// moved says where the run is now. That it is at an end is no mistake.
func (c *Console) moved(err error) error {
	if err != nil && !errors.Is(err, ErrEnd) {
		return err
	}
	for _, b := range c.s.Hit {
		fmt.Fprintf(c.out, "breakpoint %d: %s\n", b.ID, Clean(b.String()))
	}
	if err != nil {
		fmt.Fprintln(c.out, err)
	}
	return c.where()
}

func (c *Console) goTo(args string) error {
	n, err := strconv.Atoi(args)
	if err != nil {
		return fmt.Errorf("the number of a packet, from 1, not %q", args)
	}
	if err := c.s.Goto(Pos{Packet: n - 1}); err != nil {
		return err
	}
	return c.where()
}

func (c *Console) addBreak(args string) error {
	b, err := ParseBreak(c.s.Image(), args)
	if err != nil {
		return err
	}
	c.s.Add(b)
	fmt.Fprintf(c.out, "breakpoint %d at %s\n", b.ID, Clean(b.String()))
	return nil
}

func (c *Console) remove(args string) error {
	n, err := strconv.Atoi(args)
	if err != nil || c.s.Remove(func(b *Break) bool { return b.ID == n }) == 0 {
		return fmt.Errorf("no breakpoint %q", args)
	}
	return nil
}

func (c *Console) list(string) error {
	for _, b := range c.s.Breaks() {
		fmt.Fprintf(c.out, "%3d  %s, hit %d times\n", b.ID, Clean(b.String()), b.Hits)
	}
	return nil
}

// where says where the packet is.
func (c *Console) where() error {
	at := c.s.At()
	fmt.Fprintf(c.out, "packet %d of %d, cycle %d: ", at.Packet+1, c.s.Packets(), c.s.Cycle())
	if r := c.s.Result(); r != nil {
		for _, v := range c.s.result()[:1] {
			fmt.Fprintf(c.out, "%s %s\n", v.Name, v.Value)
		}
		return nil
	}
	word := c.s.Word()
	owner, symbol := Owner(c.s.Image(), word)
	fmt.Fprintln(c.out, Clean(owner+symbol)+Clean(place(c.s.Image().LineOf(word))))
	c.printWord(word, "=>")
	return nil
}

// place says where a line is, for words of a program.
func place(l *image.Line) string {
	if l == nil {
		return ""
	}
	out := ""
	if l.LineNo > 0 {
		out = fmt.Sprintf(", %s:%d: %s", filepath.Base(l.File), l.LineNo, strings.TrimSpace(l.Text))
	}
	if l.Insn >= 0 && l.BPF != "" {
		out += fmt.Sprintf(" [%d: %s]", l.Insn, l.BPF)
	}
	return out
}

func (c *Console) printWord(word int, mark string) {
	img := c.s.Image()
	fmt.Fprintf(c.out, "%2s %6d  %s\n", mark, int(img.Machine.CodeStart)+word, Text(img, word))
}

// Text returns a word of an image as assembly.
func Text(img *image.Image, word int) string {
	in, err := nfpisa.Decode(img.Words[word], img.Machine.Mode)
	if err != nil {
		return Clean(err.Error())
	}
	return in.String()
}

func (c *Console) words(args string) error {
	n, err := count(args, 9)
	if err != nil {
		return err
	}
	word := c.s.Word()
	if word < 0 {
		return errors.New("the packet has ended; back-word goes back to its last word")
	}
	for k := max(0, word-n/2); k < min(len(c.s.Image().Words), word+(n+1)/2); k++ {
		mark := ""
		if k == word {
			mark = "=>"
		}
		c.printWord(k, mark)
	}
	return nil
}

func (c *Console) trace(args string) error {
	n, err := count(args, 10)
	if err != nil {
		return err
	}
	t := c.s.Trace()
	for _, word := range t[max(0, len(t)-n):] {
		c.printWord(int(word), "")
	}
	return nil
}

// show prints the variables of a scope, or the one that is named.
func (c *Console) show(scope, name string) error {
	for _, sc := range c.s.Scopes() {
		if sc.Name != scope {
			continue
		}
		found := false
		for _, v := range sc.Vars() {
			if name == "" || v.Name == Clean(name) {
				c.print(v, "")
				found = true
			}
		}
		if !found && name != "" {
			return fmt.Errorf("nothing of the name %q among the %s", name, scope)
		}
		if !found {
			fmt.Fprintln(c.out, "none")
		}
	}
	return nil
}

func (c *Console) print(v Var, indent string) {
	fmt.Fprintf(c.out, "%s%s: %s\n", indent, v.Name, v.Value)
	for _, p := range v.Parts {
		c.print(p, indent+"  ")
	}
}
