// SPDX-License-Identifier: Apache-2.0
// A load balancer of the kind whose rate on an Agilio card is published: a hash of
// the source and both ports selects one of 512 servers, a hash map has where it is,
// the packet goes there in an outer IPv4 header, and the map's entry counts packets
// and bytes. l4lb.json has its instructions and what the kernel's nfp driver makes of
// them.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SERVERS 512

struct server {
	__u8 mac[6], pad[2];
	__be32 from, to;
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct server);
	__uint(max_entries, SERVERS);
} servers SEC(".maps");

#define ROTATE(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

// place mixes two words: the last steps of Bob Jenkins' lookup3, which is in the
// public domain.
static __always_inline __u32 place(__u32 a, __u32 b)
{
	__u32 c = 0x9e3779b9;

	a += c;
	b += c;
	c ^= b; c -= ROTATE(b, 14);
	a ^= c; a -= ROTATE(c, 11);
	b ^= a; b -= ROTATE(a, 25);
	c ^= b; c -= ROTATE(b, 16);
	a ^= c; a -= ROTATE(c, 4);
	b ^= a; b -= ROTATE(a, 14);
	c ^= b; c -= ROTATE(b, 24);
	return c;
}

SEC("xdp")
int l4lb(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, *old;
	struct iphdr *ip = data + sizeof(*eth), outer;
	__be16 *ports = (void *)(ip + 1), *w;
	struct server *s;
	__u32 key, sum = 0;
	__u16 length;
	int i;

	if (data + sizeof(*eth) > end)
		return XDP_DROP;
	if (eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) > end || ip->ihl != 5)
		return XDP_DROP;
	if (ip->frag_off & bpf_htons(0x3fff))
		return XDP_DROP;
	if (ip->protocol == IPPROTO_TCP) {
		if ((void *)ports + 20 > end)
			return XDP_DROP;
	} else if (ip->protocol == IPPROTO_UDP) {
		if ((void *)ports + 8 > end)
			return XDP_DROP;
	} else {
		return XDP_PASS;
	}
	length = bpf_ntohs(ip->tot_len);
	key = place(ip->saddr, (__u32)ports[1] << 16 | ports[0]) & (SERVERS - 1);
	s = bpf_map_lookup_elem(&servers, &key);
	if (!s) {
		key = 0;
		s = bpf_map_lookup_elem(&servers, &key);
		if (!s)
			return XDP_DROP;
	}

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	old = data + sizeof(*ip);
	ip = data + sizeof(*eth);
	if ((void *)(old + 1) > end || (void *)(ip + 1) > end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_source, old->h_dest, 6);
	__builtin_memcpy(eth->h_dest, s->mac, 6);
	eth->h_proto = bpf_htons(ETH_P_IP);

	outer.version = 4;
	outer.ihl = 5;
	outer.tos = 0;
	outer.tot_len = bpf_htons(length + sizeof(*ip));
	outer.id = 0;
	outer.frag_off = 0;
	outer.ttl = 64;
	outer.protocol = IPPROTO_IPIP;
	outer.check = 0;
	outer.saddr = s->from;
	outer.daddr = s->to;
	w = (void *)&outer;
#pragma clang loop unroll(full)
	for (i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	outer.check = ~(sum + (sum >> 16));
	*ip = outer;

	__sync_fetch_and_add(&s->packets, 1);
	__sync_fetch_and_add(&s->bytes, (__u16)(end - data));
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
