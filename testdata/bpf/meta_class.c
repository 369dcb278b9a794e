// SPDX-License-Identifier: Apache-2.0
// Tells the host what the card has found out: class and flow hash stand as metadata
// in front of the packet, where a tc program finds them.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct found {
	__u32 class, hash;
};

SEC("xdp")
int meta_class(struct xdp_md *ctx)
{
	void *data, *end;
	struct ethhdr *eth;
	struct iphdr *ip;
	struct found *found;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*found)))
		return XDP_PASS; // no room: the host does without
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	found = (void *)(long)ctx->data_meta;
	if ((void *)(found + 1) > data)
		return XDP_ABORTED;
	found->class = 0;
	found->hash = 0;
	eth = data;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP)) {
		// Half as much is enough for what is not IPv4.
		return bpf_xdp_adjust_meta(ctx, sizeof(found->hash)) ? XDP_ABORTED : XDP_PASS;
	}
	found->class = 1 + (ip->tos >> 5);
	found->hash = (ip->saddr ^ ip->daddr) * 0x9e3779b1 + ip->protocol;
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
