// SPDX-License-Identifier: Apache-2.0
// A loop without an end.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int loop_forever(struct xdp_md *ctx)
{
	volatile __u32 n = 1;

	while (n)
		n |= 1;
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
