package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// sources are the headers of package linux-libc-dev that the extract is cut
// from, below /usr/include.
var sources = []string{"linux/bpf_common.h", "linux/bpf.h", "linux/pkt_cls.h", "asm-generic/errno-base.h", "asm-generic/errno.h"}

// flagEnums are members of the anonymous enumerations that are taken, one of
// each.
var flagEnums = []string{
	"BPF_ANY", "BPF_F_NO_PREALLOC", "BPF_F_RECOMPUTE_CSUM", "BPF_F_HDR_FIELD_MASK", "BPF_F_PSEUDO_HDR",
	"BPF_F_INDEX_MASK", "BPF_CSUM_LEVEL_QUERY", "BPF_F_ADJ_ROOM_FIXED_GSO", "BPF_ADJ_ROOM_ENCAP_L2_MASK",
	"BPF_RB_NO_WAKEUP", "BPF_RB_AVAIL_DATA", "BPF_RINGBUF_BUSY_BIT", "BPF_F_INGRESS", "BPF_FIB_LOOKUP_DIRECT",
	"BPF_FIB_LKUP_RET_SUCCESS", "BPF_F_TUNINFO_IPV6", "BPF_F_ZERO_CSUM_TX", "BPF_F_TUNINFO_FLAGS",
}

// namedEnums are the other enumerations that are taken.
var namedEnums = []string{
	"bpf_map_type", "bpf_prog_type", "bpf_attach_type", "xdp_action", "bpf_adj_room_mode", "bpf_check_mtu_flags", "bpf_check_mtu_ret",
}

// macros are the macros that are taken.
var macros = regexp.MustCompile(`^#define\s+(BPF_(LD|LDX|ST|STX|ALU|JMP|JMP32|ALU64|W|H|B|DW|IMM|ABS|IND|MEM|ATOMIC|K|X|` +
	`ADD|SUB|MUL|DIV|OR|AND|LSH|RSH|NEG|MOD|XOR|MOV|ARSH|END|JA|JEQ|JGT|JGE|JSET|JNE|JLT|JLE|JSGT|JSGE|JSLT|JSLE|CALL|EXIT|` +
	`FETCH|XCHG|CMPXCHG|PSEUDO_\w+|F_(STRICT_ALIGNMENT|ANY_ALIGNMENT|TEST_STATE_FREQ|SLEEPABLE|XDP_HAS_FRAGS))|` +
	`TC_ACT_(UNSPEC|OK|RECLASSIFY|SHOT|PIPE|STOLEN|QUEUED|REPEAT|REDIRECT|TRAP)|E[A-Z0-9]+)\s+\S`)

// cut writes an extract of the headers below include: what the generator reads
// of them, without the comments.
func cut(include string) (string, error) {
	var out strings.Builder
	out.WriteString("/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */\n")
	out.WriteString("/* Cut from the kernel's headers of package linux-libc-dev by gen -extract; do not edit. */\n")
	for _, name := range sources {
		b, err := os.ReadFile(filepath.Join(include, name))
		if err != nil {
			return "", fmt.Errorf("%w; the headers are in package linux-libc-dev", err)
		}
		text := comments.ReplaceAllString(string(b), "")
		fmt.Fprintf(&out, "\n/* %s */\n", name)
		for _, l := range strings.Split(text, "\n") {
			if macros.MatchString(l) {
				out.WriteString(strings.Join(strings.Fields(l), " ") + "\n")
			}
		}
		for _, m := range regexp.MustCompile(`(?ms)^enum\s+(\w+)?\s*\{.*?^\};`).FindAllStringSubmatch(text, -1) {
			if wantedEnum(m[1], m[0]) {
				out.WriteString("\n" + squeeze(m[0]) + "\n")
			}
		}
		for _, m := range structForm.FindAllStringSubmatch(text, -1) {
			for _, c := range contexts {
				if m[1] == c {
					out.WriteString("\n" + squeeze(m[0]) + "\n")
				}
			}
		}
		if strings.Contains(text, "FN(unspec") {
			out.WriteString("\n#define __BPF_FUNC_MAPPER(FN) \\\n")
			for _, m := range callForm.FindAllStringSubmatch(text, -1) {
				fmt.Fprintf(&out, "\tFN(%s), \\\n", m[1])
			}
			out.WriteString("\n")
		}
	}
	return out.String(), nil
}

func wantedEnum(name, text string) bool {
	names := namedEnums
	if name == "" {
		for _, f := range flagEnums {
			if regexp.MustCompile(`\b` + f + `\b`).MatchString(text) {
				return true
			}
		}
		return false
	}
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// squeeze drops empty lines and macros, and blanks that align.
func squeeze(text string) string {
	var out []string
	for _, l := range strings.Split(text, "\n") {
		words := strings.Fields(l)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		indent := "\t"
		if !strings.HasPrefix(l, "\t") && !strings.HasPrefix(l, " ") {
			indent = ""
		}
		out = append(out, indent+strings.Join(words, " "))
	}
	return strings.Join(out, "\n")
}
