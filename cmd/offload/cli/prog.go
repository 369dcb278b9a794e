package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func newProgCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prog",
		Short: "List loaded programs and print their code",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProgListCmd(a), newProgDumpCmd(a))
	return cmd
}

// listedProgram is one program in JSON output.
type listedProgram struct {
	ID      uint32   `json:"id"`
	Type    string   `json:"type"`
	Name    string   `json:"name,omitempty"`
	Tag     string   `json:"tag"`
	Device  string   `json:"device,omitempty"`
	Xlated  uint32   `json:"bytes_xlated"`
	Machine uint32   `json:"bytes_machine"`
	Maps    []uint32 `json:"map_ids"`
}

func newProgListCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [DEV]",
		Short: "List programs: those loaded for a device, or all",
		Long: `List programs: those loaded for a device, or all. Programs whose device has
gone are left out.`,
		Args:              atMostOne("DEV"),
		ValidArgsFunction: a.completeDevice,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, scope := "", offload.Everywhere
			if len(args) == 1 {
				name, scope = args[0], offload.OnDevice
			}
			return dev.with(name, func(ctx context.Context, d offload.Device) error {
				lister, err := offload.AsProgramLister(d)
				if err != nil {
					return err
				}
				all, err := lister.Programs(ctx, scope)
				if err != nil {
					return err
				}
				return printPrograms(cmd.OutOrStdout(), all, asJSON)
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return cmd
}

func printPrograms(w io.Writer, all []offload.ProgramInfo, asJSON bool) error {
	if asJSON {
		out := make([]listedProgram, len(all))
		for i, p := range all {
			out[i] = listedProgram{ID: p.ID, Type: p.Type.String(), Name: p.Name, Tag: p.Tag, Device: p.Device, Xlated: p.Xlated, Machine: p.Machine, Maps: append([]uint32{}, p.MapIDs...)}
		}
		return writeJSON(w, out)
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(tw, "ID\tTYPE\tNAME\tTAG\tDEVICE\tXLATED\tMACHINE\tMAPS")
	for _, p := range all {
		ids := make([]string, len(p.MapIDs))
		for i, id := range p.MapIDs {
			ids[i] = strconv.Itoa(int(id))
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%s\t%dB\t%dB\t%s\n", p.ID, p.Type, orDash(p.Name), p.Tag, orDash(p.Device), p.Xlated, p.Machine, orDash(strings.Join(ids, ",")))
	}
	return tw.Flush()
}

func newProgDumpCmd(a *app) *cobra.Command {
	dev := deviceFlags{app: a}
	var opcodes, visual bool
	cmd := &cobra.Command{
		Use:   "dump {xlated | nfp} PROG",
		Short: "Print a loaded program's instructions, or its machine code",
		Long: `Print the instructions of a loaded program as the kernel has verified them, or
the NFP machine code that the driver of its device gives out. PROG is an id or
a name that only one program has.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 || args[0] != "xlated" && args[0] != "nfp" {
				return usagef("%s needs xlated or nfp, and PROG", cmd.CommandPath())
			}
			if args[0] == "nfp" && visual {
				return usagef("--visual is for xlated")
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			switch len(args) {
			case 0:
				return []string{"xlated", "nfp"}, cobra.ShellCompDirectiveNoFileComp
			case 1:
				return dev.programs(), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return dev.with(dev.device, func(ctx context.Context, d offload.Device) error {
				reader, err := offload.AsCodeReader(d)
				if err != nil {
					return err
				}
				id, err := findProgram(ctx, d, args[1])
				if err != nil {
					return err
				}
				c, err := reader.Code(ctx, id)
				if err != nil {
					return err
				}
				w := cmd.OutOrStdout()
				switch {
				case args[0] == "nfp":
					return dumpMachine(w, id, c)
				case visual:
					return dumpGraph(w, c)
				}
				return dumpXlated(w, c, opcodes)
			})
		},
	}
	dev.add(cmd)
	cmd.Flags().StringVar(&dev.device, "dev", "", "the device that has the program; without it the programs of the host and of all its devices")
	cmd.Flags().BoolVar(&opcodes, "opcodes", false, "print the bytes of each instruction")
	cmd.Flags().BoolVar(&visual, "visual", false, "print the control-flow graph in the DOT language")
	return cmd
}

// programs lists programs for completion.
func (f *deviceFlags) programs() []string {
	var words []string
	err := f.with(f.device, func(ctx context.Context, d offload.Device) error {
		lister, err := offload.AsProgramLister(d)
		if err != nil {
			return err
		}
		all, err := lister.Programs(ctx, offload.Everywhere)
		for _, p := range all {
			words = append(words, fmt.Sprintf("%d\t%s", p.ID, p.Name))
		}
		return err
	})
	if err != nil {
		return nil
	}
	return words
}

// findProgram returns the id of the program that PROG names.
func findProgram(ctx context.Context, d offload.Device, name string) (uint32, error) {
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(id), nil
	}
	lister, err := offload.AsProgramLister(d)
	if err != nil {
		return 0, err
	}
	all, err := lister.Programs(ctx, offload.Everywhere)
	if err != nil {
		return 0, err
	}
	var ids []string
	var last uint32
	for _, p := range all {
		if p.Name == name {
			ids, last = append(ids, strconv.Itoa(int(p.ID))), p.ID
		}
	}
	switch len(ids) {
	case 0:
		return 0, fmt.Errorf("no program is named %q; `offload prog list` shows all", name)
	case 1:
		return last, nil
	}
	return 0, fmt.Errorf("several programs are named %q; take one of the ids %s", name, strings.Join(ids, ", "))
}

// dumpMachine prints the device's code.
func dumpMachine(w io.Writer, id uint32, c *offload.Code) error {
	if len(c.Machine) == 0 {
		if c.Device == "" {
			return fmt.Errorf("program %d runs on the host and has no NFP code; `offload compile` shows what it would be", id)
		}
		return fmt.Errorf("the driver of %s gives out no machine code for program %d; `offload compile` shows what the compiler makes of it", c.Device, id)
	}
	words, err := nfpisa.ReadRaw(c.Machine)
	if err != nil {
		return fmt.Errorf("machine code of program %d: %w", id, err)
	}
	return nfpisa.Disassemble(w, words, nfpisa.DisasmOptions{})
}

// dumpXlated prints instructions with their C lines.
func dumpXlated(w io.Writer, c *offload.Code, opcodes bool) error {
	fmt.Fprintf(w, "%s:\n", c.Name)
	lines := c.Lines
	for slot := 0; slot < len(c.Insns); slot++ {
		for len(lines) > 0 && lines[0].Slot <= slot {
			fmt.Fprintf(w, "; %s @ %s:%d\n", strings.TrimSpace(lines[0].Text), lines[0].File, lines[0].LineNo)
			lines = lines[1:]
		}
		in, next := c.Insns[slot], bpf.Insn{}
		width := 1
		if in.Wide() && slot+1 < len(c.Insns) {
			next, width = c.Insns[slot+1], 2
		}
		fmt.Fprintf(w, "%4d: (%02x) %s\n", slot, in.Op, bpf.Text(in, next))
		if opcodes {
			fmt.Fprintf(w, "       % x\n", bpf.Encode(nil, c.Insns[slot:slot+width]))
		}
		slot += width - 1
	}
	return nil
}

// dumpGraph prints the basic blocks and jumps of a program in the DOT language.
func dumpGraph(w io.Writer, c *offload.Code) error {
	g := bpf.NewGraph(c.Insns, 0, len(c.Insns), bpf.Flow{})
	fmt.Fprintf(w, "digraph %q {\n\tnode [shape=box, fontname=monospace];\n", c.Name)
	for _, b := range g.Blocks {
		fmt.Fprintf(w, "\tb%d [label=\"%s\"];\n", b.Start, blockLabel(c, b.Start, b.End))
	}
	for _, b := range g.Blocks {
		last := c.Insns[b.Last]
		for k, s := range b.Succs {
			style := ""
			if last.IsJump() && k == len(b.Succs)-1 && g.Blocks[s].Start == last.JumpTarget(b.Last) {
				style = ` [label="taken"]`
			}
			fmt.Fprintf(w, "\tb%d -> b%d%s;\n", b.Start, g.Blocks[s].Start, style)
		}
	}
	_, err := fmt.Fprintln(w, "}")
	return err
}

func blockLabel(c *offload.Code, start, end int) string {
	p := object.Program{Lines: c.Lines}
	var b strings.Builder
	var last *object.Line
	for slot := start; slot < end; slot++ {
		if l := p.LineAt(slot); l != nil && l != last {
			fmt.Fprintf(&b, "; %s\\l", escapeDOT(strings.TrimSpace(l.Text)))
			last = l
		}
		in, next := c.Insns[slot], bpf.Insn{}
		at := slot
		if in.Wide() && slot+1 < end {
			slot++
			next = c.Insns[slot]
		}
		fmt.Fprintf(&b, "%d: %s\\l", at, escapeDOT(bpf.Text(in, next)))
	}
	return b.String()
}

func escapeDOT(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}
