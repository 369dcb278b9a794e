// SPDX-License-Identifier: Apache-2.0
// Leaves one way through the function without a return value.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
__attribute__((naked)) int no_verdict(struct xdp_md *ctx)
{
	asm volatile("r2 = *(u32 *)(r1 + 12)\n"
		     "if r2 > 5 goto 1f\n"
		     "r0 = 2\n"
		     "1: exit\n" ::: "r0", "r2");
}

char _license[] SEC("license") = "Apache-2.0";
