// SPDX-License-Identifier: Apache-2.0
// Limits the packets of each IPv4 source by a token bucket that fills with time. A
// source's tokens and the time of the last fill change together, under the bucket's lock.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u64 nanoseconds = 400000; /* for a token */
const volatile __u32 burst = 4;	  /* tokens of a full bucket */

struct bucket {
	__u64 filled; /* when, in nanoseconds */
	__u32 tokens;
	struct bpf_spin_lock lock;
	__u64 passed, dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __be32);
	__type(value, struct bucket);
	__uint(max_entries, 4096);
} buckets SEC(".maps");

SEC("xdp")
int rate_limit(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct bucket *b, fresh = {};
	__u64 now, due;
	__be32 src;
	int pass = 0;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	src = ip->saddr;
	now = bpf_ktime_get_ns();
	b = bpf_map_lookup_elem(&buckets, &src);
	if (!b) {
		fresh.filled = now;
		fresh.tokens = burst - 1;
		fresh.passed = 1;
		bpf_map_update_elem(&buckets, &src, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	bpf_spin_lock(&b->lock);
	/* Another packet may have asked the clock later and come first. */
	if (now > b->filled) {
		due = (now - b->filled) / nanoseconds;
		b->filled += due * nanoseconds;
		due += b->tokens;
		b->tokens = due < burst ? due : burst;
	}
	if (b->tokens) {
		b->tokens--;
		b->passed++;
		pass = 1;
	} else {
		b->dropped++;
	}
	bpf_spin_unlock(&b->lock);
	return pass ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
