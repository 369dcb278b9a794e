// SPDX-License-Identifier: Apache-2.0
// Bytes of the packet from offsets that no packet has, beside loads of bytes that
// it has: about 2 GiB lie between the two.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__uint(key_size, 25);
	__uint(value_size, 2);
} flows SEC(".maps");

SEC("tc")
int far_tc(struct __sk_buff *skb)
{
	unsigned char *data = (void *)(long)skb->data, byte;

	if (data + 9 > (unsigned char *)(long)skb->data_end)
		return 0;
	long first = *(long *)data;
	bpf_skb_load_bytes(skb, 0x80000001, &byte, 1);
	return first + byte;
}

SEC("xdp")
int far_xdp(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data, byte = 0;

	if (data + 9 > (unsigned char *)(long)ctx->data_end)
		return 0;
	long first = *(long *)data;
	bpf_xdp_load_bytes(ctx, 0x80000001, &byte, 1);
	return first + byte;
}

SEC("xdp")
int far_half(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
	unsigned char byte = 0;

	if (data + 34 > end)
		return XDP_DROP;
	int half = *(unsigned short *)(data + 2);
	bpf_xdp_load_bytes(ctx, 0x80000000, &byte, 1);
	return byte + half;
}

SEC("xdp")
__attribute__((naked)) int far_twice(struct xdp_md *ctx)
{
	asm volatile(
		"r9 = r1; r6 = 0; r0 = 0; r7 = *(u32 *)(r9 + 4); r8 = *(u32 *)(r9 + 0);"
		"r5 = r8; r5 += 34; if r7 >= r5 goto 1f; goto 2f;"
		"1: r5 = *(u32 *)(r8 + 25); r6 += r5; r2 = 0; r3 = r10; r3 += -38; r4 = 4; call %[load];"
		"r0 = *(u16 *)(r10 - 36); r4 = -2147483648; *(u32 *)(r10 - 136) = r0;"
		"r2 = r4; r3 = r10; r3 += -146; r1 = r9; r4 = 1; call %[load];"
		"r2 = r10; r2 += -152; r1 = %[flows] ll; call %[lookup]; if r0 == 0 goto 2f; r0 += r6; 2: exit;"
		:: [flows] "i"(&flows), [load] "i"(bpf_xdp_load_bytes), [lookup] "i"(bpf_map_lookup_elem) : "memory");
}

char _license[] SEC("license") = "GPL";
