package nfpisa

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/doctable"
)

var update = flag.Bool("update", false, "write the tables of docs/isa.md")

func TestFormsArePartitions(t *testing.T) {
	for c := ClassCmd; int(c) < numClasses; c++ {
		f := &forms[c]
		all := f.mask | f.free
		require.Zero(t, f.mask&f.free)
		require.Zero(t, f.match&^f.mask)
		for _, fd := range f.fields {
			require.Zero(t, all&fd.mask(), "%s: field %s overlaps", c, fd.name)
			all |= fd.mask()
		}
		require.Equal(t, uint64(insnMask), all, c.String())
	}
}

// bitsOf writes a mask as ranges, for example 39:37, 20.
func bitsOf(mask uint64) string {
	var parts []string
	for hi := 63; hi >= 0; hi-- {
		if mask>>hi&1 == 0 {
			continue
		}
		lo := hi
		for lo > 0 && mask>>(lo-1)&1 != 0 {
			lo--
		}
		if lo == hi {
			parts = append(parts, fmt.Sprint(hi))
		} else {
			parts = append(parts, fmt.Sprintf("%d:%d", hi, lo))
		}
		hi = lo
	}
	return strings.Join(parts, ", ")
}

func docTables() map[string]string {
	t := map[string]string{}
	add := func(name, format string, args ...any) { t[name] += fmt.Sprintf(format, args...) }

	t["ecc"] = "| check bit | mask |\n|---|---|\n"
	for k, m := range eccMasks {
		add("ecc", "| %d (bit %d) | `%#014x` |\n", k, insnBits+k, m)
	}

	t["classes"] = "| class | mask | value | fields, by their bits |\n|---|---|---|---|\n"
	for c := ClassCmd; int(c) < numClasses; c++ {
		f := &forms[c]
		fields := slices.Clone(f.fields)
		slices.SortFunc(fields, func(a, b formField) int { return int(b.lo()) - int(a.lo()) })
		var parts []string
		for _, fd := range fields {
			parts = append(parts, bitsOf(fd.mask())+" "+fd.name)
		}
		add("classes", "| %s | `%#012x` | `%#012x` | %s |\n", c, f.mask, f.match, strings.Join(parts, "; "))
	}

	results := map[ALUOp]string{
		ALUB: "R", ALUAdd: "L + R", ALUNotB: "~R", ALUAdd16: "L + (R & 0xffff)", ALUAnd: "L & R", ALUAdd8: "L + (R & 0xff)",
		ALUNotAnd: "~L & R", ALUSubCarry: "L - R - !C", ALUAndNot: "L & ~R", ALUAddCarry: "L + R + C", ALUOr: "L \\| R",
		ALUSub: "L - R", ALUXor: "L ^ R", ALURevSub: "R - L",
		ALUPopCount1: "first step of counting the set bits of R", ALUPopCount2: "second step", ALUPopCount3: "last step, gives the number",
		ALUFFS: "number of the lowest set bit of R", ALUCamClear: "clears the CAM", ALUCamReadTag: "tag of CAM entry R",
		ALUCamReadState: "state of CAM entry R", ALUCamWrite: "writes CAM entry: state R, tag L", ALUCamWrState: "writes the state of a CAM entry",
		ALUCamLookup: "looks L up in the CAM", ALUCRC: "CRC step over R; remainder in CRCRemainder",
	}
	t["alu"] = "| op | name | result |\n|---|---|---|\n"
	for k, op := range aluOps {
		if op.name != "" {
			add("alu", "| %d | `%s` | %s |\n", k, op.name, results[ALUOp(k)])
		}
	}

	shf := []string{"R", "~R", "L & R", "~L & R", "L & ~R", "L \\| R", "R, filled with bit 31 of the result before", "bytes of R and of the operand before, by ByteIndex"}
	t["shf"] = "| op | name | result |\n|---|---|---|\n"
	for k, op := range shfOps {
		add("shf", "| %d | `%s` | %s |\n", k, op.name, shf[k])
	}

	t["branches"] = "| op | name | argument |\n|---|---|---|\n"
	for k, op := range brOps {
		if op.name != "" {
			add("branches", "| %d | `%s` | %s |\n", k, op.name, [...]string{"", "number", "input state", "ring"}[op.arg])
		}
	}

	t["commands"] = "| unit | op | token | length & mask | name |\n|---|---|---|---|---|\n"
	for op, actions := range cmdActions {
		for _, a := range actions {
			length := ""
			if a.lenMask != 0 {
				length = fmt.Sprintf("%d & %d", a.len, a.lenMask)
			}
			add("commands", "| %s | %#02x | %d | %s | `%s` |\n", cmdTargets[op>>2], op, a.token, length, a.name)
		}
	}

	t["csrs"] = "| address | name |\n|---|---|\n"
	for k, name := range csrNames {
		if name != "" {
			add("csrs", "| %#03x | %s |\n", k*csrUnit, name)
		}
	}
	return t
}

// The tables in docs/isa.md are this package's.
func TestDocs(t *testing.T) {
	for name, table := range docTables() {
		doctable.Hold(t, "../docs/isa.md", name, table, *update, "run with -update")
	}
}
