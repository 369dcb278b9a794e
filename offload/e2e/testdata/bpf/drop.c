// SPDX-License-Identifier: Apache-2.0
// Drops everything; one program of each type.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int xdp_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("tc")
int tc_drop(struct __sk_buff *skb)
{
	return 2;
}

char _license[] SEC("license") = "Apache-2.0";
