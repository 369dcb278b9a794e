// SPDX-License-Identifier: Apache-2.0
// Leases of services to hosts without a lock: each service serves a few hosts at once, a bit
// for each in a word. Who sets its bit first takes a seat, gives both back if there is none,
// and leaves after some packets. Atomic operations that give the old value say who was first.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SEATS 3

struct service {
	__u64 hosts; // a bit for each that has a seat
	__u64 last; // address of the last one with a seat
	__u32 seats, turns, refused, handovers;
	__u64 parity; // of the bits that were ever turned over
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct service);
	__uint(max_entries, 8);
} services SEC(".maps");

SEC("xdp")
int lease_bits(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct service *s;
	__u64 bit, was;
	__u32 which;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	which = bpf_ntohl(ip->daddr) & 7;
	s = bpf_map_lookup_elem(&services, &which);
	if (!s)
		return XDP_ABORTED;
	bit = 1ULL << (bpf_ntohl(ip->saddr) & 7);
	was = __sync_fetch_and_or(&s->hosts, bit);
	if (!(was & bit) && __sync_fetch_and_add(&s->seats, 1) >= SEATS) {
		__sync_fetch_and_add(&s->seats, -1);
		__sync_fetch_and_and(&s->hosts, ~bit);
		__sync_fetch_and_add(&s->refused, 1);
		return XDP_DROP;
	}
	if (__sync_lock_test_and_set(&s->last, ip->saddr) != ip->saddr)
		__sync_fetch_and_add(&s->handovers, 1);
	if (__sync_fetch_and_add(&s->turns, 1) % 5 != 4)
		return XDP_PASS;
	// Time to leave for who is here now.
	if (__sync_fetch_and_and(&s->hosts, ~bit) & bit)
		__sync_fetch_and_add(&s->seats, -1);
	was = __sync_fetch_and_xor(&s->parity, bit);
	return was & bit ? XDP_TX : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
