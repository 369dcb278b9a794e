// SPDX-License-Identifier: Apache-2.0
// Takes the outer VLAN tag off by moving the start of the frame, and cuts
// frames of more than 256 bytes to that length.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CUT 256

SEC("xdp")
int vlan_pop(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u8 macs[2 * ETH_ALEN];
	int over = (end - data) - CUT;

	if ((void *)(eth + 1) + 4 > end)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q) && eth->h_proto != bpf_htons(ETH_P_8021AD))
		return XDP_PASS;
	__builtin_memcpy(macs, data, sizeof(macs));
	__builtin_memcpy(data + 4, macs, sizeof(macs));
	if (bpf_xdp_adjust_head(ctx, 4))
		return XDP_DROP;
	if (over > 0 && bpf_xdp_adjust_tail(ctx, -over))
		return XDP_ABORTED;
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
