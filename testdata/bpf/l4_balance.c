// SPDX-License-Identifier: Apache-2.0
// Balances TCP and UDP over IPv4: the first packet of a flow picks a backend by
// a hash of its five-tuple, a hash map remembers it, the packet gets the
// backend's address (checksums updated) and goes out; packets and bytes are
// counted for each backend.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define BACKENDS 4

struct flow {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u32 proto;
};

struct backend {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow);
	__type(value, __u32);
	__uint(max_entries, 1024);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct backend);
	__uint(max_entries, BACKENDS);
} backends SEC(".maps");

static __always_inline __u32 mix(__u32 h, __u32 v)
{
	h ^= v;
	h *= 0x85ebca6b;
	return h ^ (h >> 13);
}

static __always_inline __u32 hash(const struct flow *f)
{
	__u32 h = mix(0x9747b28c, f->saddr);

	h = mix(h, f->daddr);
	h = mix(h, (__u32)f->sport << 16 | f->dport);
	h = mix(h, f->proto);
	return h ^ (h >> 16);
}

// adjust updates an internet checksum for a changed address.
static __always_inline __sum16 adjust(__sum16 check, __be32 from, __be32 to)
{
	__u32 sum = (__u16)~check;

	sum += (__u16)~(from & 0xffff);
	sum += (__u16)~(from >> 16);
	sum += to & 0xffff;
	sum += to >> 16;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int l4_balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct flow flow = {};
	struct backend *b;
	__sum16 *check;
	__be32 to, from;
	__u32 *known, n;
	__be16 *ports;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->version != 4 || ip->ihl != 5 || ip->frag_off & bpf_htons(0x3fff))
		return XDP_PASS;
	ports = (void *)(ip + 1);
	if (ip->protocol == IPPROTO_TCP)
		check = (void *)ports + 16;
	else if (ip->protocol == IPPROTO_UDP)
		check = (void *)ports + 6;
	else
		return XDP_PASS;
	if ((void *)(check + 1) > end)
		return XDP_DROP;

	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.sport = ports[0];
	flow.dport = ports[1];
	flow.proto = ip->protocol;
	known = bpf_map_lookup_elem(&flows, &flow);
	if (known) {
		n = *known;
	} else {
		n = hash(&flow) % BACKENDS;
		if (bpf_map_update_elem(&flows, &flow, &n, BPF_NOEXIST))
			return XDP_ABORTED;
	}
	b = bpf_map_lookup_elem(&backends, &n);
	if (!b)
		return XDP_ABORTED;
	__sync_fetch_and_add(&b->packets, 1);
	__sync_fetch_and_add(&b->bytes, end - data);

	from = ip->daddr;
	to = bpf_htonl(0xac100a01 + n);
	ip->check = adjust(ip->check, from, to);
	if (*check || ip->protocol == IPPROTO_TCP) {
		*check = adjust(*check, from, to);
		if (!*check && ip->protocol == IPPROTO_UDP)
			*check = 0xffff;
	}
	ip->daddr = to;
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
