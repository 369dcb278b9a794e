// SPDX-License-Identifier: Apache-2.0
// Puts IPv4 packets to 203.0.113.0/24 into an IP-in-IP tunnel: makes room in
// front of the frame, moves the Ethernet header, writes an outer IPv4 header
// with its checksum.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define LOCAL  0xc0000201
#define REMOTE 0xc6336401

SEC("xdp")
int ipip_encap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, old;
	struct iphdr *ip = (void *)(eth + 1);
	__u16 len, *w;
	__u32 sum = 0;
	__u8 tos;
	int i;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((bpf_ntohl(ip->daddr) & 0xffffff00) != 0xcb007100)
		return XDP_PASS;
	len = bpf_ntohs(ip->tot_len);
	tos = ip->tos;
	__builtin_memcpy(&old, eth, sizeof(old));

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > end)
		return XDP_ABORTED;
	__builtin_memcpy(eth, &old, sizeof(old));
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = tos;
	ip->tot_len = bpf_htons(len + sizeof(*ip));
	ip->id = 0;
	ip->frag_off = bpf_htons(0x4000);
	ip->ttl = 64;
	ip->protocol = IPPROTO_IPIP;
	ip->check = 0;
	ip->saddr = bpf_htonl(LOCAL);
	ip->daddr = bpf_htonl(REMOTE);
	w = (void *)ip;
#pragma clang loop unroll(full)
	for (i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
