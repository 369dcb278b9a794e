package image

import (
	"debug/elf"
	"fmt"
	"io"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/outfile"
	"github.com/skipsw/skipsw/nfpisa"
)

// machineAt is the place of the machine number in an ELF header.
const machineAt = 18

// Is reports whether a file's content is an image, by the ELF machine. Other
// content may be anything, an eBPF object for one.
func Is(data []byte) bool {
	return len(data) >= machineAt+2 && string(data[:4]) == elf.ELFMAG && le.Uint16(data[machineAt:]) == elfMachineNFP
}

// ReadFile reads an image from a file.
func ReadFile(path string) (*Image, error) {
	data, err := infile.Read(path, "an image", infile.Object)
	if err != nil {
		return nil, err
	}
	img, err := Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

// Write writes the image as a file's content.
func (im *Image) Write(w io.Writer) error {
	data, err := im.Marshal()
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// WriteFile writes the image to a file. A regular file is replaced in one step,
// anything else is written through.
func (im *Image) WriteFile(path string) error {
	return outfile.Write(path, im.Write)
}

// Raw returns the words alone, as the bytes that a driver gives out as a
// program's machine code.
func (im *Image) Raw() []byte { return nfpisa.AppendRaw(nil, im.Words) }
