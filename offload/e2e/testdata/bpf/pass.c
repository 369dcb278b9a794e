// SPDX-License-Identifier: Apache-2.0
// Lets everything through; one program of each type.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int xdp_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int tc_pass(struct __sk_buff *skb)
{
	return -1;
}

char _license[] SEC("license") = "Apache-2.0";
