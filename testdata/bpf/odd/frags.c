// SPDX-License-Identifier: Apache-2.0
// Copies bytes within frames of which data_end tells only the first part. What to
// copy stands behind the Ethernet header.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct order {
	__u16 from, to;
	__u8 size, cut;
	__s16 delta;
};

struct report {
	__u32 length, linear;
	__s32 results[6];
	__u8 bytes[104];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct report);
} reports SEC(".maps");

SEC("xdp.frags")
int copy_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct order o;
	__u8 few[64] = {}, some[16];
	__u32 key = 0, n;
	struct report *r = bpf_map_lookup_elem(&reports, &key);

	if (!r || data + 14 + sizeof(o) > end)
		return XDP_ABORTED;
	o = *(struct order *)(data + 14);
	n = (o.size & 63) + 1;
	if (n > sizeof(few))
		return XDP_ABORTED;
	r->results[0] = 0;
	if (o.cut & 1)
		r->results[0] = bpf_xdp_adjust_tail(ctx, o.delta);
	r->results[1] = bpf_xdp_load_bytes(ctx, o.from, few, n);
	r->results[2] = bpf_xdp_store_bytes(ctx, o.to, few, n);
	__builtin_memset(some, 0, sizeof(some));
	r->results[3] = bpf_xdp_load_bytes(ctx, o.from + 3, some, 15);
	some[15] = 0x5a;
	r->results[4] = bpf_xdp_store_bytes(ctx, o.to + 70, some, 16);
	r->results[5] = bpf_xdp_load_bytes(ctx, o.to, r->bytes, 101);
	r->length = bpf_xdp_get_buff_len(ctx);
	r->linear = (long)ctx->data_end - (long)ctx->data;
	if (o.cut & 2)
		r->results[5] = bpf_xdp_store_bytes(ctx, o.from + 1, r->bytes, 37);
	return XDP_TX;
}

SEC("tc")
int copy_tc(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct order o;
	__u8 few[64] = {}, some[16];
	__u32 key = 1, n;
	struct report *r = bpf_map_lookup_elem(&reports, &key);

	if (!r || data + 14 + sizeof(o) > end)
		return TC_ACT_SHOT;
	o = *(struct order *)(data + 14);
	n = (o.size & 63) + 1;
	if (n > sizeof(few))
		return TC_ACT_SHOT;
	r->results[1] = bpf_skb_load_bytes(skb, o.from, few, n);
	r->results[2] = bpf_skb_store_bytes(skb, o.to, few, n, 0);
	r->results[3] = bpf_skb_load_bytes(skb, o.from + 3, some, 15);
	some[15] = 0x5a;
	r->results[4] = bpf_skb_store_bytes(skb, o.to + 70, some, 16, 0);
	r->results[5] = bpf_skb_load_bytes_relative(skb, o.to, r->bytes, 101, BPF_HDR_START_NET);
	r->length = skb->len;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
