// SPDX-License-Identifier: Apache-2.0
// An L4 balancer by consistent hashing: each place of a table goes to the backend with the
// highest random weight among those that are up, so that a backend that goes takes no
// other's flows with it. Places are worked out when they are first asked for. Packets
// reach the backend in an IP-in-IP tunnel.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VIP_NET 0x0a000000 // 10.0.0.0/24
#define BACKENDS 7
#define PLACES 64

const volatile __u32 up = 0x5f; // a bit a backend

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32); // address of the backend, 0 for not known yet
	__uint(max_entries, PLACES);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, BACKENDS);
} packets SEC(".maps");

static __always_inline __u32 mix(__u32 h)
{
	h ^= h >> 16;
	h *= 0x85ebca6b;
	h ^= h >> 13;
	h *= 0xc2b2ae35;
	return h ^ h >> 16;
}

// choose returns the backend of a place.
static __always_inline __u32 choose(__u32 place)
{
	__u32 best = 0, weight = 0;

#pragma clang loop unroll(disable)
	for (__u32 b = 0; b < BACKENDS; b++) {
		__u32 w = mix(place * 31 + b * 0x9e3779b1);

		if (!(up & 1 << b) || w < weight)
			continue;
		best = b;
		weight = w;
	}
	return best;
}

SEC("xdp")
int hrw_ipip(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, old;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 hash, place, backend, sum = 0, *at;
	__u64 *n;
	__u16 len, *w;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((bpf_ntohl(ip->daddr) & 0xffffff00) != VIP_NET || ip->frag_off & bpf_htons(0x3fff))
		return XDP_PASS;
	hash = ip->saddr ^ ip->daddr;
	if (ip->ihl == 5 && (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP)) {
		__u32 *ports = (void *)(ip + 1);

		if ((void *)(ports + 1) > end)
			return XDP_DROP;
		hash ^= *ports;
	}
	place = mix(hash) % PLACES;
	at = bpf_map_lookup_elem(&places, &place);
	if (!at)
		return XDP_ABORTED;
	if (!*at)
		*at = bpf_htonl(0xac100001 + choose(place)); // 172.16.0.1 and up
	backend = *at;
	place = (bpf_ntohl(backend) - 1) & 7;
	n = bpf_map_lookup_elem(&packets, &place);
	if (n)
		*n += 1;
	len = bpf_ntohs(ip->tot_len);
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
	*(__u32 *)ip = bpf_htonl(0x45000000 | (__u16)(len + sizeof(*ip)));
	*(__u32 *)&ip->id = bpf_htonl(0x4000);
	*(__u32 *)&ip->ttl = bpf_htonl(64 << 24 | IPPROTO_IPIP << 16);
	ip->saddr = bpf_htonl(0xc0000201);
	ip->daddr = backend;
	w = (void *)ip;
#pragma clang loop unroll(full)
	for (int i = 0; i < 10; i++)
		sum += w[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
