// SPDX-License-Identifier: Apache-2.0
// Drops TCP packets that no honest stack sends (SYN+FIN, no flags, all flags,
// SYN with payload) and counts what it saw, by kind, in an array map.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum kind { OTHER, FINE, SYN, SYN_DATA, SYN_FIN, NULL_SCAN, XMAS, KINDS };

#define FIN_ 0x01
#define SYN_ 0x02
#define ACK_ 0x10

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, KINDS);
} kinds SEC(".maps");

static __always_inline __u32 classify(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp;
	__u32 hlen, tlen, total;
	__u8 flags;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return OTHER;
	if (ip->protocol != IPPROTO_TCP || ip->version != 4)
		return OTHER;
	hlen = ip->ihl << 2;
	if (hlen < sizeof(*ip))
		return OTHER;
	tcp = (void *)ip + hlen;
	if ((void *)(tcp + 1) > end)
		return OTHER;
	flags = ((__u8 *)tcp)[13] & 0x3f;
	if (flags == 0)
		return NULL_SCAN;
	if (flags == 0x3f)
		return XMAS;
	if ((flags & (SYN_ | FIN_)) == (SYN_ | FIN_))
		return SYN_FIN;
	if ((flags & (SYN_ | ACK_)) != SYN_)
		return FINE;
	tlen = tcp->doff * 4;
	total = bpf_ntohs(ip->tot_len);
	return total > hlen + tlen ? SYN_DATA : SYN;
}

SEC("xdp")
int syn_filter(struct xdp_md *ctx)
{
	__u32 kind = classify((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	__u32 *n = bpf_map_lookup_elem(&kinds, &kind);

	if (n)
		__sync_fetch_and_add(n, 1);
	return kind > SYN ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
