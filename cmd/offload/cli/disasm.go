package cli

import (
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

func newDisasmCmd(a *app) *cobra.Command {
	var build buildFlags
	var source, raw bool
	var contexts int
	cmd := &cobra.Command{
		Use:   "disasm [flags] IMAGE-or-OBJ",
		Short: "List the NFP code of an image or of a compiled object",
		Args:  exactArgs("IMAGE-or-OBJ"),
		RunE: func(cmd *cobra.Command, args []string) error {
			mode, ok := map[int]nfpisa.Mode{4: nfpisa.Ctx4, 8: nfpisa.Ctx8}[contexts]
			if !ok {
				return usagef("--ctx is 4 or 8, not %d", contexts)
			}
			if raw {
				return listRaw(cmd.OutOrStdout(), &a.streams, args[0], mode)
			}
			img, err := build.image(args[0])
			if err != nil {
				return err
			}
			list(cmd.OutOrStdout(), img, source)
			listSlots(cmd.OutOrStdout(), img)
			return nil
		},
	}
	build.add(a, cmd)
	cmd.Flags().BoolVar(&source, "source", false, "put the C line and the eBPF instruction above the words")
	cmd.Flags().BoolVar(&raw, "raw", false, "the file holds bare 64-bit little-endian words")
	cmd.Flags().IntVar(&contexts, "ctx", 4, "with --raw: contexts of the core, `4|8`")
	return cmd
}

// list prints every word of the image under its control-store address.
func list(w io.Writer, img *image.Image, source bool) {
	symbols := map[uint32][]string{}
	for _, s := range img.Symbols {
		symbols[s.Word] = append(symbols[s.Word], s.Name)
	}
	line := 0
	var last image.Line
	for off, word := range img.Words {
		for _, name := range symbols[uint32(off)] {
			fmt.Fprintf(w, "%s:\n", name)
		}
		for ; source && line < len(img.Lines) && int(img.Lines[line].Word) <= off; line++ {
			l := img.Lines[line]
			if l.LineNo != 0 && (l.LineNo != last.LineNo || l.File != last.File) {
				fmt.Fprintf(w, "; %s:%d: %s\n", filepath.Base(l.File), l.LineNo, strings.TrimSpace(l.Text))
			}
			if l.Insn >= 0 && l.BPF != "" {
				fmt.Fprintf(w, ";   %d: %s\n", l.Insn, l.BPF)
			}
			last = l
		}
		listWord(w, int(img.Machine.CodeStart)+off, word, img.Machine.Mode)
	}
}

// listSlots prints what the slots of program arrays hold when the image is loaded.
func listSlots(w io.Writer, img *image.Image) {
	for k := range img.Maps {
		m := &img.Maps[k]
		if !m.IsProgramArray() {
			continue
		}
		fmt.Fprintf(w, "; program array %s, %d slots\n", m.Name, m.MaxEntries)
		for _, e := range m.Initial {
			fmt.Fprintf(w, ";   %d: %s\n", binary.LittleEndian.Uint32(e.Key), img.ProgramIn(e.Value))
		}
	}
}

func listWord(w io.Writer, addr int, word nfpisa.Word, mode nfpisa.Mode) {
	fmt.Fprintf(w, "%6d  %016x  %s\n", addr, uint64(word), wordText(word, mode))
}

// wordText returns the assembler text of a word, or why it has none.
func wordText(word nfpisa.Word, mode nfpisa.Mode) string {
	i, err := nfpisa.Decode(word, mode)
	if err != nil {
		return "; " + err.Error()
	}
	return i.String()
}

// listRaw prints a file of bare words, eight bytes each, little-endian.
func listRaw(w io.Writer, s *streams, path string, mode nfpisa.Mode) error {
	data, err := s.read(path, "bare words", infile.Words)
	if err != nil {
		return err
	}
	words, err := nfpisa.ReadRaw(data)
	if err != nil {
		return fmt.Errorf("%s: %w", inName(path), err)
	}
	for addr, word := range words {
		listWord(w, addr, word, mode)
	}
	return nil
}
