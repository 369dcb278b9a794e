// SPDX-License-Identifier: Apache-2.0
// What cannot be had, each in a program of its own; the others can be taken.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

int named SEC(".bss.named");
int odd SEC("oddments") = 3;
extern const int bpf_prog_active __ksym;
extern int elsewhere(int) __ksym;
extern int nowhere(int);

struct ops {
	int (*init)(void *);
};

SEC("struct_ops/init") int init(void *ctx) { return 0; }
struct ops ops SEC(".struct_ops") = { .init = (void *)init };

SEC("xdp") int good(struct xdp_md *ctx) { return named + 2; }
SEC("xdp") int section(struct xdp_md *ctx) { return odd; }
SEC("xdp") int ksym(struct xdp_md *ctx) { return *(int *)bpf_this_cpu_ptr(&bpf_prog_active) ? XDP_DROP : XDP_PASS; }
SEC("xdp") int kfunc(struct xdp_md *ctx) { return elsewhere(1); }
SEC("xdp") int undefined(struct xdp_md *ctx) { return nowhere(1); }

char _license[] SEC("license") = "GPL";
