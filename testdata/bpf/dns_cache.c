// SPDX-License-Identifier: Apache-2.0
// Answers DNS queries on the card from a cache of names, without regard to case. A
// name that is asked for the first time goes to the host, and gets an address of
// its own.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct dns {
	__u16 id, flags, questions, answers, authorities, more;
};

struct record { // what answers a question for an address
	__u16 name, type, class;
	__u16 ttl[2], length, address[2];
};

#define NAME 128 // bytes, as they are in a query

struct name {
	__u8 s[NAME];
};

struct entry {
	__u32 address; // in network order
	__u32 asked;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct name);
	__type(value, struct entry);
	__uint(max_entries, 512);
} cache SEC(".maps");

__u32 names; // that are in the cache

static __always_inline void back(struct ethhdr *eth, struct iphdr *ip, struct udphdr *udp)
{
	__u8 mac[ETH_ALEN];
	__u32 from = ip->saddr;
	__u16 port = udp->source;

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	ip->saddr = ip->daddr;
	ip->daddr = from;
	udp->source = udp->dest;
	udp->dest = port;
	udp->check = 0;
}

// read_name copies the name of a question, in small letters, and returns its length.
static __always_inline __u32 read_name(__u8 *p, __u8 *end, struct name *to)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < NAME - 1; i++) {
		__u8 c;

		if (p + i + 1 > end)
			return 0;
		c = p[i];
		if (!c)
			return i;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		to->s[i] = c;
	}
	return 0;
}

SEC("xdp")
int dns_cache(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct dns *dns = (void *)(udp + 1);
	struct name name = {};
	struct record *answer;
	struct entry *known;
	__u32 length, sum, address;

	if ((void *)(dns + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(53))
		return XDP_PASS;
	if (dns->flags & bpf_htons(0xf800) || dns->questions != bpf_htons(1) || dns->answers)
		return XDP_PASS;
	length = bpf_ntohs(ip->tot_len);
	if (length > 300 || (void *)ip + length != end)
		return XDP_PASS; // padded, or broken
	if (!read_name((void *)(dns + 1), end, &name))
		return XDP_PASS;
	known = bpf_map_lookup_elem(&cache, &name);
	if (!known) {
		struct entry new = {bpf_htonl(0xc0000200 | (names + 1)), 1};

		if (names < 254 && !bpf_map_update_elem(&cache, &name, &new, BPF_NOEXIST))
			names++;
		return XDP_PASS;
	}
	known->asked++;
	address = known->address;
	if (bpf_xdp_adjust_tail(ctx, sizeof(*answer)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip = (void *)(eth + 1);
	udp = (void *)(ip + 1);
	dns = (void *)(udp + 1);
	answer = (void *)ip + length;
	if ((void *)(dns + 1) > end || (void *)(answer + 1) > end)
		return XDP_ABORTED;
	dns->flags = bpf_htons(0x8400);
	dns->answers = bpf_htons(1);
	answer->name = bpf_htons(0xc00c); // that of the question
	answer->type = bpf_htons(1);
	answer->class = bpf_htons(1);
	answer->ttl[0] = 0;
	answer->ttl[1] = bpf_htons(60);
	answer->length = bpf_htons(4);
	answer->address[0] = address;
	answer->address[1] = address >> 16;
	back(eth, ip, udp);
	sum = ip->check + bpf_htons(0xffff - sizeof(*answer));
	ip->check = sum + (sum >> 16);
	ip->tot_len = bpf_htons(length + sizeof(*answer));
	udp->len = bpf_htons(bpf_ntohs(udp->len) + sizeof(*answer));
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
