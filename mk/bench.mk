# `make bench`: what recording and reading cost, beside no recorder and beside heaptrack.
BENCH_DIR := build/bench
BENCH_INC := -Ibench $(HOST_INC_model)
BENCH_LIB := $(filter-out $(HOST_DIR)/main.o $(HOST_DIR)/cmd/%,$(HOST_OBJ))
BENCH_TOOLS := $(addprefix $(BENCH_DIR)/,cpu workload analysis model)
BENCH_REPLAY := $(foreach arch,x86_64 i386,$(foreach fp,with without,$(BENCH_DIR)/replay-$(arch)-$(fp)))
RUNS ?= 11

.PHONY: bench bench-tools bench-sites bench-size
bench: ## measure speed and size (RUNS=11 pairs; a quarter of an hour)
	@tools/setup.sh host runtime subject bench
	@$(MAKE) -j2 host runtime
	@$(MAKE) subject
	@$(MAKE) -j2 bench-tools
	@bench/run.sh $(RUNS)
	@bench/size.sh $(RUNS)

bench-size: ## measure `ramlens size` beside binutils and esp-idf-size (a minute; fetches 100 MB)
	@tools/setup.sh host subject bench
	@$(MAKE) -j2 host
	@$(MAKE) subject-i386 standin
	@$(MAKE) $(BENCH_DIR)/cpu
	@bench/size.sh $(RUNS)

bench-tools: $(BENCH_TOOLS) $(BENCH_REPLAY) $(BENCH_DIR)/unwind_bench $(BENCH_DIR)/heap_bench $(BENCH_DIR)/sites

$(BENCH_DIR)/heap_bench: bench/heap_bench.c $(wildcard heap/*.[ch])
	@mkdir -p $(@D); echo "CC $<"
	@$(CC) $(HOST_STD) -O2 -g $(HOST_WARN) $(HOST_INC_heap) -o $@ $(filter %.c,$^)
bench-sites: host runtime $(BENCH_DIR)/sites ## measure a lookup in the table of sites (a minute)
	@$(MAKE) subject-i386
	@bench/sites.sh

# For i386, as the program whose table it reads.
$(BENCH_DIR)/sites: bench/sites.c runtime/ramlens_place.h
	@mkdir -p $(@D); echo "CC $<"
	@$(CC) -m32 -msse2 $(HOST_STD) -O2 -g $(HOST_WARN) -Wno-cast-qual -Iruntime -o $@ $<

$(BENCH_DIR)/unwind_bench: bench/unwind_bench.c $(wildcard integrations/linux/unwind*.[ch])
	@mkdir -p $(@D); echo "CC $<"
	@$(CC) -std=gnu11 -O2 -g -D_GNU_SOURCE -fno-omit-frame-pointer -ftls-model=initial-exec $(HOST_WARN) -Iintegrations/linux \
	    -o $@ $(filter %.c,$^) -lpthread

$(BENCH_DIR)/cpu $(BENCH_DIR)/workload $(BENCH_DIR)/analysis $(BENCH_DIR)/model: $(BENCH_DIR)/%: bench/%.c bench/workload.h $(BENCH_LIB)
	@mkdir -p $(@D); echo "CC $<"
	@$(CC) $(HOST_STD) $(HOST_MODE) $(HOST_WARN) $(BENCH_INC) -o $@ $< $(BENCH_LIB) $(HOST_LIBS)

# 4,096 functions: a minute each.
bench_bits_x86_64 := -m64
bench_bits_i386 := -m32
bench_fp_with := -fno-omit-frame-pointer
bench_fp_without := -fomit-frame-pointer

define bench_replay_rule
$(BENCH_DIR)/replay-$(1)-$(2): bench/replay.c bench/workload.h
	@mkdir -p $$(@D); echo "CC $$< ($(1), $(2) frame pointers)"
	@$$(CC) $(bench_bits_$(1)) -std=gnu11 -D_GNU_SOURCE -O2 -fno-optimize-sibling-calls $(bench_fp_$(2)) $$(HOST_WARN) \
	    -o $$@ $$< -lstdc++
endef
$(foreach arch,x86_64 i386,$(foreach fp,with without,$(eval $(call bench_replay_rule,$(arch),$(fp)))))
