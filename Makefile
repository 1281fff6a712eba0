# SPDX-License-Identifier: MIT
#
# axaddr is headers only: nothing is built to use it. This file builds and runs what proves it.
# Everything that is made goes to $(BUILD). `make help` lists the targets.

BUILD ?= build
FUZZ_SECONDS ?= 60

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wundef -Werror
CHECKED := -fsanitize=address,undefined -fno-sanitize-recover=all
HEADERS := axaddr.h $(wildcard axaddr_core/*.h axaddr_arch/*.h)

.DEFAULT_GOAL := check
.DELETE_ON_ERROR:

# ---- host tests: every tests/test_*.c, as built by each of the compilers ----

TESTS := $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))

CC_gcc := gcc -std=c11 -O2 -g1 $(WARNINGS)
CC_clang := clang -std=c11 -O1 -g1 $(WARNINGS) $(CHECKED)
# gcc warns that ThreadSanitizer does not see fences: no test relies on one that it would have to see.
CC_tsan := gcc -std=c11 -O1 -g $(WARNINGS) -Wno-tsan -fsanitize=thread
CC_coverage := clang -std=c11 -O1 -g $(WARNINGS) -fprofile-instr-generate -fcoverage-mapping
CC_coverage_threads := $(CC_coverage) -fprofile-update=atomic

# $(1): gcc, clang, tsan, coverage or coverage_threads
define host_tests
$(BUILD)/$(1)/%.o: tests/%.c $(HEADERS) $(wildcard tests/*.h)
	@mkdir -p $$(@D)
	@echo "  $(1)  $$<"
	@$$(CC_$(1)) -I. -c $$< -o $$@
$(BUILD)/$(1)/test_%: $(BUILD)/$(1)/test_%.o $(BUILD)/$(1)/spaces.o $(BUILD)/$(1)/tables.o
	@$$(CC_$(1)) $$^ -o $$@
.PRECIOUS: $(BUILD)/$(1)/%.o
.PHONY: check-$(1)
check-$(1): $(TESTS:%=$(BUILD)/$(1)/%)
	@tests/run.sh $$^
endef
$(foreach variant,gcc clang tsan coverage coverage_threads,$(eval $(call host_tests,$(variant))))

# Programs with threads are also built with ThreadSanitizer.
THREADED := $(patsubst tests/%.c,%,$(shell grep -l pthread.h tests/test_*.c))

.PHONY: check-threads
check-threads: $(THREADED:%=$(BUILD)/tsan/%)
	@tests/run.sh $^

# ---- targets: a line of `make help` each ----

.PHONY: check test run hello bench bench-instr fuzz format format-check clean help

check: check-gcc ## (default) build and run the host tests with gcc, optimised; check-clang: with sanitizers

run: ## a small hypervisor on this library runs Debian's U-Boot as its guest (RISC-V, QEMU)
	@tools/setup run
	@examples/vmm_riscv/run.sh $(BUILD)/vmm_riscv

test: ## all tests: host (gcc, clang), templates, misuse, README, fuzz corpus, beds, the guest
	@tools/setup test
	@BUILD=$(BUILD) tests/all.sh

hello: $(BUILD)/hello_map ## build and run examples/hello_map.c, the smallest complete program
	$(BUILD)/hello_map
$(BUILD)/hello_map: examples/hello_map.c $(HEADERS)
	@mkdir -p $(@D)
	gcc -std=c11 -O2 $(WARNINGS) -I. $< -o $@

.PHONY: kernel-spaces
kernel-spaces: ## a small kernel with users and two CPUs on this library (RISC-V, AArch64; QEMU)
	@tools/setup beds
	@examples/kernel_spaces/run.sh $(BUILD)/kernel_spaces

bench: ## nanoseconds for each operation, as ratios to hand-written loops in the same run
	@tools/setup bench
	@bench/run.sh ns $(BUILD)/bench

bench-instr: ## instructions for each operation, counted by callgrind, with the targets
	@tools/setup bench
	@bench/run.sh instr $(BUILD)/bench

fuzz: ## AFL++ for FUZZ_SECONDS (60), on all targets in turn or on FUZZ_TARGET (fuzz/run.sh)
	@tools/setup fuzz
	@fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGET)

# Where threads share counters, these have to be atomic, and are ten times slower for it.
COVERED := $(patsubst %,$(BUILD)/coverage/%,$(filter-out $(THREADED),$(TESTS))) \
    $(THREADED:%=$(BUILD)/coverage_threads/%) \
    $(patsubst fuzz/%.c,$(BUILD)/coverage/%,$(wildcard fuzz/fuzz_*.c)) $(BUILD)/coverage/interleave

.PHONY: coverage size
coverage: ## lines and branches that the host tests and the fuzz corpus reach; fails under 95 %
	@tools/setup coverage
	@$(MAKE) --no-print-directory -j2 $(COVERED)
	@tools/coverage $(BUILD)/coverage $(COVERED)
$(BUILD)/coverage/fuzz_%: fuzz/fuzz_%.c fuzz/replay.c $(BUILD)/coverage/spaces.o \
    $(BUILD)/coverage/tables.o $(HEADERS) $(wildcard fuzz/*.h tests/*.h tests/interleave/*.[ch])
	@$(CC_coverage) -I. $(filter fuzz/%.c %.o,$^) -o $@

$(BUILD)/coverage/interleave: tests/interleave/interleave.c $(HEADERS) \
    $(wildcard tests/interleave/*.h tests/*.h)
	@mkdir -p $(@D)
	@$(subst -std=c11,-std=gnu11,$(CC_coverage)) $< -o $@

size: ## code and stack of an instance with its whole API, against tests/template/budgets
	@tools/setup size
	@ONLY="size stack" tests/template/run.sh $(BUILD)/size

FORMATTED = $(HEADERS) $(shell git ls-files '*.c' '*.h')

format: ## lay out the sources as .clang-format says
	clang-format -i $(sort $(FORMATTED))

format-check: ## the same, but only report what would change
	clang-format --dry-run -Werror $(sort $(FORMATTED))

clean: ## remove what was built (guests are kept: they were downloaded)
	@[ ! -d $(BUILD) ] || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name guests -exec rm -rf {} +

# ---- beds: tables on machines that nobody here wrote (tests/beds) ----

BEDS := $(patsubst tests/beds/%/bed.sh,%,$(wildcard tests/beds/*/bed.sh))

.PHONY: beds $(BEDS:%=bed-%)
beds: ## tables of every format, judged by the MMUs of emulators; VERBOSE=1 shows each case
	@BUILD=$(BUILD) tests/beds/all.sh $(BEDS)

# One of them, by its folder: bed-aarch64, bed-x86 and so on.
$(BEDS:%=bed-%): bed-%:
	@tools/setup beds
	@tests/beds/run.sh $* $(BUILD)/beds/$*

# Some minutes for each machine, so it is not part of `make test`. MACHINES="npt ept": these only.
.PHONY: bed-plants
bed-plants: ## plant a wrong bit at a time in each format: its bed must fail
	@tools/setup beds
	@BUILD=$(BUILD) tests/beds/plant $(MACHINES)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14
