// SPDX-License-Identifier: Apache-2.0
// The names of sections, new and old, by which loaders tell program types.
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#define PROGRAM(name, section)			\
	SEC(section)				\
	int f_##name(void *ctx)			\
	{					\
		return 0;			\
	}

PROGRAM(xdp, "xdp")
PROGRAM(xdp_named, "xdp/name")
PROGRAM(xdp_old, "xdp_prog")
PROGRAM(xdp_frags, "xdp.frags")
PROGRAM(xdp_devmap, "xdp/devmap")
PROGRAM(tc, "tc")
PROGRAM(tc_named, "tc/name")
PROGRAM(tcx, "tcx/ingress")
PROGRAM(classifier, "classifier")
PROGRAM(classifier_named, "classifier/name")
PROGRAM(action, "action")
PROGRAM(cls_main, "cls-main")
PROGRAM(progs, "progs")
PROGRAM(socket_filter, "socket")
PROGRAM(trace, "tracepoint/xdp/xdp_exception")
