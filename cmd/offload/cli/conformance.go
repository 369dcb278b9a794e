package cli

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/oracle/conform"
	"github.com/skipsw/skipsw/translate/bpf"
)

func newConformanceCmd(a *app) *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "conformance [MEMORY]",
		Short: "Run one instruction sequence, as a plugin of the bpf_conformance suite",
		Long: `Run one eBPF instruction sequence through the compiler and the simulated core,
as a plugin of the public bpf_conformance suite.

MEMORY is the memory as hex bytes, separated by spaces or not; it may be empty.
The program comes as hex bytes on standard input. It starts with R1 = address
and R2 = length of the memory. R0 is printed as a hex number.

Shifts by constants, divisions by a constant 0 and callx do what RFC 9669 says,
though verifiers refuse them; callx needs a register that was set to the number
of a helper just before.

A program that cannot be proven safe runs, too, and the simulator checks each
access to the memory. One that is refused or ends in a fault gives the reason on
standard error and exit code 1.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes at most MEMORY; the program comes on standard input", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var memory []byte
			var err error
			if len(args) == 1 {
				if memory, err = hexBytes(args[0]); err != nil {
					return fmt.Errorf("memory: %w", err)
				}
			}
			text, err := infile.All(cmd.InOrStdin(), "standard input", "a program", infile.Standard)
			if err != nil {
				return err
			}
			code, err := hexBytes(string(text))
			if err != nil {
				return fmt.Errorf("program: %w", err)
			}
			insns, err := bpf.Decode(code)
			if err != nil {
				return err
			}
			t, err := a.target(name)
			if err != nil {
				return err
			}
			r0, err := conform.Run(insns, memory, conform.Options{Target: t, Models: a.models})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%x\n", r0)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "target", "skipsw", "target to compile for: a name or a file; its programs must be able to add to maps")
	return cmd
}

// hexBytes reads hex bytes with any white space between them.
func hexBytes(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil, fmt.Errorf("%w; hex bytes such as \"b7 00 00 00\" are expected", err)
	}
	return b, nil
}
