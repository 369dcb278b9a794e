// SPDX-License-Identifier: Apache-2.0
// Sends a record of every new flow, with its first packet as long as the IP header
// promises, in whole pieces, through a ring buffer by dynptrs: the size of a record
// is known only when it is made. What finds no room there is counted.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PIECE 32 // bytes that are copied at once
#define PIECES 46 // as many as an Ethernet frame has

struct flow {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u32 proto;
};

struct record {
	struct flow flow;
	__u32 length, copied; // of the IP packet, in bytes
};

/* Puts the type into the type information, for who reads the records. */
const struct record *unused __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, __u64);
} flows SEC(".maps");

enum { SENT, FULL, LIES, WHATS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WHATS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&counts, &what);

	if (n)
		++*n;
}

// copy fills a record behind its head with the packet, and returns the number of bytes.
static __always_inline __u32 copy(struct xdp_md *ctx, struct bpf_dynptr *to)
{
	__u8 piece[PIECE];
	__u32 done = 0;

#pragma clang loop unroll(disable)
	for (int k = 0; k < PIECES; k++) {
		if (bpf_xdp_load_bytes(ctx, sizeof(struct ethhdr) + done, piece, PIECE))
			break;
		if (bpf_dynptr_write(to, sizeof(struct record) + done, piece, PIECE, 0))
			break;
		done += PIECE;
	}
	return done;
}

SEC("xdp")
int flow_records(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);
	struct record r = {};
	struct bpf_dynptr to;
	__u64 one = 1, *seen;
	__u32 room;

	if ((void *)(ports + 2) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	r.flow.saddr = ip->saddr;
	r.flow.daddr = ip->daddr;
	r.flow.sport = ports[0];
	r.flow.dport = ports[1];
	r.flow.proto = ip->protocol;
	r.length = bpf_ntohs(ip->tot_len);
	room = end - (void *)ip;
	seen = bpf_map_lookup_elem(&flows, &r.flow);
	if (seen) {
		++*seen;
		return XDP_PASS;
	}
	bpf_map_update_elem(&flows, &r.flow, &one, BPF_NOEXIST);
	if (bpf_ringbuf_reserve_dynptr(&records, sizeof(r) + r.length / PIECE * PIECE, 0, &to)) {
		bpf_ringbuf_discard_dynptr(&to, 0);
		count(FULL);
		return XDP_PASS;
	}
	if (r.length > room) {
		bpf_ringbuf_discard_dynptr(&to, BPF_RB_NO_WAKEUP);
		count(LIES);
		return XDP_DROP;
	}
	r.copied = copy(ctx, &to);
	bpf_dynptr_write(&to, 0, &r, sizeof(r), 0);
	bpf_ringbuf_submit_dynptr(&to, 0);
	count(SENT);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
