// SPDX-License-Identifier: Apache-2.0
// Limits what each sender of IPv4 may send: a bucket of tokens that fills with time, kept as
// the time at which it will be full again. No lock is taken: who wants a token moves that
// time on, looks at what it was, and moves it back if there was none.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TICK 500000 // nanoseconds for a token
#define BURST 4

struct bucket {
	__u64 full; // when, nanoseconds
	__u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct bucket);
	__uint(max_entries, 64);
} buckets SEC(".maps");

SEC("xdp")
int token_bucket(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u64 now = bpf_ktime_get_ns(), full;
	struct bucket *b;
	__u32 source;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	source = ip->saddr & bpf_htonl(0xfffffff0);
	b = bpf_map_lookup_elem(&buckets, &source);
	if (!b) {
		struct bucket fresh = {.full = now + TICK};

		// Another context may have been first: it does not matter which entry stays.
		bpf_map_update_elem(&buckets, &source, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	full = __sync_fetch_and_add(&b->full, TICK);
	if (full < now) { // it has been full for some time, which is not saved up
		__sync_fetch_and_add(&b->full, now - full);
		return XDP_PASS;
	}
	if (full - now <= (BURST - 1) * TICK)
		return XDP_PASS;
	__sync_fetch_and_add(&b->full, -TICK);
	__sync_fetch_and_add(&b->dropped, 1);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
