// SPDX-License-Identifier: Apache-2.0
// A large program: parses two VLAN tags, IPv4 with options or IPv6 with
// extension headers, TCP with options, UDP, and what is inside of VXLAN, GRE
// and IP-in-IP; hashes the innermost flow with Jenkins' hash, spreads by it
// over queues that it counts, and drops what lies about its lengths.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define QUEUES 8

enum reason { GOOD, SHORT, BAD_IP, BAD_LENGTH, BAD_TCP, TOO_DEEP, REASONS };

struct flow {
	__u32 src[4], dst[4];
	__u32 ports;
	__u32 proto;
	__u32 mss;
	__u32 tunnel;
};

struct cursor {
	void *pos, *end;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, QUEUES);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, REASONS);
} reasons SEC(".maps");

#define ROL(x, k) ((x) << (k) | (x) >> (32 - (k)))

static __always_inline __u32 jhash(const __u32 *k, int words, __u32 seed)
{
	__u32 a, b, c;
	int i;

	a = b = c = 0xdeadbeef + (words << 2) + seed;
#pragma clang loop unroll(full)
	for (i = 0; i + 2 < words; i += 3) {
		a += k[i];
		b += k[i + 1];
		c += k[i + 2];
		a -= c; a ^= ROL(c, 4); c += b;
		b -= a; b ^= ROL(a, 6); a += c;
		c -= b; c ^= ROL(b, 8); b += a;
		a -= c; a ^= ROL(c, 16); c += b;
		b -= a; b ^= ROL(a, 19); a += c;
		c -= b; c ^= ROL(b, 4); b += a;
	}
	c ^= b; c -= ROL(b, 14);
	a ^= c; a -= ROL(c, 11);
	b ^= a; b -= ROL(a, 25);
	c ^= b; c -= ROL(b, 16);
	a ^= c; a -= ROL(c, 4);
	b ^= a; b -= ROL(a, 14);
	c ^= b; c -= ROL(b, 24);
	return c;
}

// take moves the cursor over a header and returns it, or null at the end.
static __always_inline void *take(struct cursor *c, __u32 n)
{
	void *h = c->pos;

	if (h + n > c->end)
		return 0;
	c->pos = h + n;
	return h;
}

static __always_inline enum reason ethernet(struct cursor *c, __be16 *proto)
{
	struct ethhdr *eth = take(c, sizeof(*eth));
	int i;

	if (!eth)
		return SHORT;
	*proto = eth->h_proto;
#pragma clang loop unroll(full)
	for (i = 0; i < 2; i++) {
		__be16 *tag;

		if (*proto != bpf_htons(ETH_P_8021Q) && *proto != bpf_htons(ETH_P_8021AD))
			break;
		tag = take(c, 4);
		if (!tag)
			return SHORT;
		*proto = tag[1];
	}
	return GOOD;
}

static __always_inline enum reason ipv4(struct cursor *c, struct flow *f)
{
	struct iphdr *ip = take(c, sizeof(*ip));
	__u32 len;

	if (!ip)
		return SHORT;
	len = ip->ihl * 4;
	if (ip->version != 4 || len < sizeof(*ip))
		return BAD_IP;
	if ((void *)ip + bpf_ntohs(ip->tot_len) > c->end || bpf_ntohs(ip->tot_len) < len)
		return BAD_LENGTH;
	len -= sizeof(*ip);
	asm volatile("" : "+r"(len)); // or compilers lose for verifiers what bounds it
	if (!take(c, len & 63))
		return SHORT;
	f->src[0] = ip->saddr;
	f->src[1] = f->src[2] = f->src[3] = 0;
	f->dst[0] = ip->daddr;
	f->dst[1] = f->dst[2] = f->dst[3] = 0;
	f->proto = ip->frag_off & bpf_htons(0x1fff) ? IPPROTO_NONE : ip->protocol;
	return GOOD;
}

static __always_inline enum reason ipv6(struct cursor *c, struct flow *f)
{
	struct ipv6hdr *ip = take(c, sizeof(*ip));
	int i;

	if (!ip)
		return SHORT;
	if (ip->version != 6)
		return BAD_IP;
	if ((void *)(ip + 1) + bpf_ntohs(ip->payload_len) > c->end)
		return BAD_LENGTH;
	__builtin_memcpy(f->src, &ip->saddr, 16);
	__builtin_memcpy(f->dst, &ip->daddr, 16);
	f->proto = ip->nexthdr;
#pragma clang loop unroll(full)
	for (i = 0; i < 3; i++) {
		__u8 *h;

		if (f->proto != IPPROTO_HOPOPTS && f->proto != 60 && f->proto != IPPROTO_ROUTING && f->proto != IPPROTO_FRAGMENT)
			return GOOD;
		h = take(c, 8);
		if (!h)
			return SHORT;
		if (f->proto == IPPROTO_FRAGMENT && (h[2] | (h[3] & 0xf8))) {
			f->proto = IPPROTO_NONE;
			return GOOD;
		}
		if (f->proto != IPPROTO_FRAGMENT && !take(c, h[1] * 8))
			return SHORT;
		f->proto = h[0];
	}
	return TOO_DEEP;
}

static __always_inline enum reason tcp(struct cursor *c, struct flow *f, int options)
{
	struct tcphdr *tcp = take(c, sizeof(*tcp));
	void *end, *limit = c->end;
	int i;

	if (!tcp)
		return SHORT;
	f->ports = (__u32)tcp->source << 16 | tcp->dest;
	if (tcp->doff < 5)
		return BAD_TCP;
	end = c->pos + (tcp->doff - 5) * 4;
	if (end > c->end)
		return SHORT;
	asm volatile("" : "+r"(limit)); // or compilers know that what is below end is in the packet
#pragma clang loop unroll(full)
	for (i = 0; i < options; i++) {
		__u8 *o = c->pos;

		if ((void *)(o + 1) > end || (void *)(o + 1) > limit || *o == 0)
			return GOOD;
		if (*o == 1) {
			c->pos = o + 1;
			continue;
		}
		if ((void *)(o + 2) > limit || o[1] < 2)
			return BAD_TCP;
		if (*o == 2) {
			if ((void *)(o + 4) > limit || o[1] != 4)
				return BAD_TCP;
			f->mss = o[2] << 8 | o[3];
			return GOOD;
		}
		c->pos = o + o[1];
	}
	return GOOD;
}

// network parses one network layer; proto becomes that of an inner packet, or
// 0 when there is none.
static __always_inline enum reason network(struct cursor *c, struct flow *f, __be16 *proto, int inner)
{
	enum reason r;

	if (*proto == bpf_htons(ETH_P_IP))
		r = ipv4(c, f);
	else if (*proto == bpf_htons(ETH_P_IPV6))
		r = ipv6(c, f);
	else
		r = GOOD;
	*proto = 0;
	if (r != GOOD)
		return r;
	if (f->proto == IPPROTO_TCP)
		return tcp(c, f, inner ? 0 : 3);
	if (inner)
		return GOOD;
	if (f->proto == IPPROTO_IPIP) {
		f->tunnel = 1;
		*proto = bpf_htons(ETH_P_IP);
	} else if (f->proto == IPPROTO_GRE) {
		__be16 *gre = take(c, 4);

		if (!gre)
			return SHORT;
		if (gre[0])
			return GOOD;
		f->tunnel = 2;
		*proto = gre[1];
	} else if (f->proto == IPPROTO_UDP) {
		struct udphdr *udp = take(c, sizeof(*udp));

		if (!udp)
			return SHORT;
		f->ports = (__u32)udp->source << 16 | udp->dest;
		if (udp->dest == bpf_htons(4789)) {
			__u32 *vxlan = take(c, 8);

			if (!vxlan)
				return SHORT;
			f->tunnel = bpf_ntohl(vxlan[1]);
			return ethernet(c, proto);
		}
	}
	return GOOD;
}

static __always_inline enum reason parse(struct cursor *c, struct flow *f)
{
	enum reason r;
	__be16 proto;

	r = ethernet(c, &proto);
	if (r != GOOD)
		return r;
	r = network(c, f, &proto, 0);
	if (r != GOOD || !proto)
		return r;
	return network(c, f, &proto, 1);
}

SEC("xdp")
int deep_parse(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct flow f = {};
	__u32 r = parse(&c, &f), queue;
	__u32 *n = bpf_map_lookup_elem(&reasons, &r);
	__u64 *packets;

	if (n)
		__sync_fetch_and_add(n, 1);
	if (r != GOOD)
		return XDP_DROP;
	queue = jhash((__u32 *)&f, sizeof(f) / 4, 17) % QUEUES;
	packets = bpf_map_lookup_elem(&queues, &queue);
	if (!packets)
		return XDP_ABORTED;
	__sync_fetch_and_add(packets, 1);
	return queue & 1 ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
