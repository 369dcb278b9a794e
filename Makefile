# make demo   compile a sample, run its packets in the simulated card, show the result (needs only Go)
# make test   every test; as root on Debian it installs what it needs, otherwise it says what to install
# make lint   formatting, vet, staticcheck, the command for macOS and Windows, the analyser of numbers in the place of names
# make race   the packages with concurrency under the race detector
# make fuzz   each fuzz target for FUZZTIME: a time (10m) or a number of inputs (5000x)
# make docs   write docs/commands.md, docs/man, docs/schema.json and the licence notices anew from the command tree and the linked modules
# make bench  all benchmarks
# make soak   long differential runs (SOAK=programs)

GO       ?= go
FUZZTIME ?= 5000x
SOAK     ?= 1000000
DEMO     ?= count_by_proto
# What the tests need besides Go: a C compiler and kernel build tools for the guest kernel and GNU objdump, clang and the
# BPF headers to rebuild the sample objects, ip and tc to look at devices, tshark, chromium and lcov to open what a run writes.
PACKAGES := gcc libc6-dev make patch flex bison bc xz-utils iproute2 binutils binutils-source clang llvm libbpf-dev linux-libc-dev bpftool ethtool iputils-ping tshark chromium lcov
# Long runs in packages that keep two cores busy would time out at go test's ten minutes.
TESTFLAGS ?= -timeout 45m

.PHONY: help demo build test deps lint race fuzz docs bench soak

help:
	@sed -n 's/^# make/make/p' Makefile

demo: build
	bin/offload compile --target skipsw -o bin/demo.nfp testdata/bpf/$(DEMO).o
	bin/offload run --pcap testdata/pcap/$(DEMO).pcap --out bin/demo.pcap --maps --hot 6 bin/demo.nfp

build:
	$(GO) build -o bin/offload ./cmd/offload

deps:
	@.ci/deps $(PACKAGES)

test: deps
	$(GO) test $(TESTFLAGS) ./...

lint:
	@fmt=$$($(GO) tool gofumpt -l .); if [ -n "$$fmt" ]; then echo "gofumpt -w needed for:"; echo "$$fmt"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	GOOS=darwin $(GO) build -o bin/darwin/offload ./cmd/offload
	GOOS=windows $(GO) build -o bin/windows/offload.exe ./cmd/offload
	$(GO) build -o bin/skipswvet ./internal/lint/skipswvet
	$(GO) vet -vettool=$(CURDIR)/bin/skipswvet ./...

race: deps
	SKIPSW_N=300 $(GO) test $(TESTFLAGS) -race ./internal/oracle ./internal/oracle/judge ./internal/vm ./offload ./offload/card ./offload/kernel ./offload/remote ./sim/pcie/... ./sim/ports

fuzz:
	@.ci/fuzz $(FUZZTIME)

docs:
	$(GO) test ./cmd/offload/cli -run 'TestPages|TestNotices|TestSchema' -update

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

soak:
	$(GO) run ./cmd/offload diff --n $(SOAK)
