package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

func newAsmCmd(a *app) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "asm [flags] FILE.s",
		Short: "Assemble NFP code to an image",
		Long: `Assemble NFP code in the syntax of "offload disasm" (GNU objdump's) to an image.

Directives: .ctx 4|8, .start ADDRESS, .done ADDRESS, .target NAME ABI, .stack BYTES,
.entry LABEL xdp|tc, .word NUMBER. Lines may begin with a label ("name:"); // and ;
begin comments. A branch to a packet's end is br[done].`,
		Example: "  offload asm -o prog.nfp prog.s && offload disasm prog.nfp",
		Args:    exactArgs("FILE.s"),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case out != "":
			case args[0] == dash:
				return usagef("what is assembled from standard input needs a name: -o OUT, or -o - for standard output")
			default:
				out = strings.TrimSuffix(args[0], ".s") + ".nfp"
			}
			return assemble(&a.streams, args[0], out)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "image to write (default: FILE.nfp; - is standard output)")
	return cmd
}

func assemble(s *streams, file, out string) error {
	src, err := s.read(file, "assembly", infile.Source)
	if err != nil {
		return err
	}
	file = inName(file)
	a, err := nfpisa.Assemble(file, src)
	if err != nil {
		return err
	}
	im, err := image.FromAssembly(a, file, src)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return s.write(out, "an image", im.Write)
}
