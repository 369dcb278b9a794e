// SPDX-License-Identifier: Apache-2.0
// Answers TCP connection attempts with a cookie as the sequence number, so that nothing is
// kept for those who do not come back; an acknowledgement of the cookie is let through.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { ATTEMPTS, PROVEN, WRONG, KINDS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, KINDS);
} counts SEC(".maps");

static __always_inline void count(__u32 kind)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &kind);

	if (n)
		*n += 1;
}

static __always_inline __u32 cookie(__u32 saddr, __u32 daddr, __u32 ports)
{
	__u32 h = saddr * 0x9e3779b1;

	h = (h << 13 | h >> 19) ^ daddr * 0x85ebca77;
	h = (h << 17 | h >> 15) ^ ports * 0xc2b2ae3d;
	return h ^ h >> 16;
}

SEC("xdp")
int syn_answer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__be32 old[3], new[3];
	__u32 c, addr;
	__s64 sum;
	__u8 mac[ETH_ALEN];
	__be16 port;

	if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	c = cookie(ip->saddr, ip->daddr, *(__u32 *)tcp);
	if (tcp->ack && !tcp->syn) {
		int right = bpf_ntohl(tcp->ack_seq) - 1 == c;

		count(right ? PROVEN : WRONG);
		return right ? XDP_PASS : XDP_DROP;
	}
	if (!tcp->syn || tcp->ack || tcp->rst || tcp->fin)
		return XDP_PASS;
	count(ATTEMPTS);
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	addr = ip->saddr;
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	port = tcp->source;
	tcp->source = tcp->dest;
	tcp->dest = port;
	__builtin_memcpy(old, &tcp->seq, sizeof(old));
	tcp->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + 1);
	tcp->seq = bpf_htonl(c);
	tcp->ack = 1;
	__builtin_memcpy(new, &tcp->seq, sizeof(new));
	sum = bpf_csum_diff(old, sizeof(old), new, sizeof(new), (__u16)~tcp->check);
	if (sum < 0)
		return XDP_ABORTED;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	tcp->check = ~sum;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
