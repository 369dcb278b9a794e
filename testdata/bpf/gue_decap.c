// SPDX-License-Identifier: Apache-2.0
// Ends GUE tunnels (UDP port 6080): IPv4 or IPv6 behind a variable header becomes
// the frame's own, with the Ethernet header in front of it again.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int gue_decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, own;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	__u8 *gue = (void *)(udp + 1);
	__u16 protocol;
	int skip;

	if ((void *)(gue + 4) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(6080))
		return XDP_PASS;
	if (gue[0] >> 5) // another version, or a control message
		return XDP_DROP;
	switch (gue[1]) {
	case IPPROTO_IPIP:
		protocol = bpf_htons(ETH_P_IP);
		break;
	case IPPROTO_IPV6:
		protocol = bpf_htons(ETH_P_IPV6);
		break;
	default:
		return XDP_DROP;
	}
	skip = sizeof(*ip) + sizeof(*udp) + 4 + 4 * (gue[0] & 0x1f);
	__builtin_memcpy(&own, eth, sizeof(own));
	if (bpf_xdp_adjust_head(ctx, skip))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_ABORTED;
	own.h_proto = protocol;
	__builtin_memcpy(eth, &own, sizeof(own));
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
