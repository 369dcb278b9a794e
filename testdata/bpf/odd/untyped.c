// SPDX-License-Identifier: Apache-2.0
// Sections that say no type: what a program gets does, for XDP; tc's context is
// that of socket filters, too.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("whatever") int on_xdp(struct xdp_md *ctx) { return XDP_PASS; }
SEC("prog") int unknown(void *ctx) { return XDP_PASS; }
SEC("ingress") int on_ingress(struct __sk_buff *skb) { return 0; }
SEC("cls_main") int on_cls(struct __sk_buff *skb) { return 0; }
SEC("filter") int on_filter(struct __sk_buff *skb) { return 0; }
SEC("mine") __attribute__((noinline)) int callee(int x) { asm volatile("" : "+r"(x)); return x; }
SEC("xdp") int caller(struct xdp_md *ctx) { return callee(XDP_DROP); }
