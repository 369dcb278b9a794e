// SPDX-License-Identifier: Apache-2.0
// A program in a section that names no program type, with a context that names
// none either; with --type xdp it is fine.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("mine")
int notype(void *ctx)
{
	return XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
