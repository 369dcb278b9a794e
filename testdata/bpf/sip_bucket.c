// SPDX-License-Identifier: Apache-2.0
// Puts flows into buckets by SipHash-2-4 with a key that is a setting, so that nobody who does
// not know the key can fill one of them: 64-bit additions, rotations and exclusive ors.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define BUCKETS 32
#define FULL 12

const volatile __u64 secret[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, BUCKETS);
} buckets SEC(".maps");

struct sip {
	__u64 v0, v1, v2, v3;
};

static __always_inline __u64 rotate(__u64 x, int n) { return x << n | x >> (64 - n); }

static __always_inline void turn(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static __always_inline void take(struct sip *s, __u64 word)
{
	s->v3 ^= word;
	turn(s);
	turn(s);
	s->v0 ^= word;
}

SEC("xdp")
int sip_bucket(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct sip s = {
		secret[0] ^ 0x736f6d6570736575, secret[1] ^ 0x646f72616e646f6d,
		secret[0] ^ 0x6c7967656e657261, secret[1] ^ 0x7465646279746573,
	};
	__u64 hash, *n;
	__u32 bucket;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	take(&s, (__u64)ip->daddr << 32 | ip->saddr);
	take(&s, 9ULL << 56 | ip->protocol);
	s.v2 ^= 0xff;
	turn(&s);
	turn(&s);
	turn(&s);
	turn(&s);
	hash = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
	bucket = hash % BUCKETS;
	n = bpf_map_lookup_elem(&buckets, &bucket);
	if (!n)
		return XDP_ABORTED;
	*n += 1;
	return *n > FULL ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
