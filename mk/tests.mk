# `make test`: set-up, builds, every test; ends with "N passed, M failed".
#
# A test program is one file tests/unit/test_NAME.c or tests/prop/prop_NAME.c with cmocka. It is linked with the host library (all
# layers but cmd) under AddressSanitizer and UBSan. Lines at its top say more:
#   // sources: GLOB...   other sources to compile with it (runtime, unwinder)
#   // flags: FLAG...     more compiler flags
#   // also: i386         built and run for i386, too, with a small stand-in for cmocka's library
TEST_SRC := $(wildcard tests/unit/test_*.c tests/prop/prop_*.c)
TEST_DIR := build/tests
TEST_BIN := $(patsubst %.c,$(TEST_DIR)/%,$(notdir $(TEST_SRC)))
TEST_I386_SRC := $(shell grep -l '^// also: i386' $(TEST_SRC))
TEST_I386 := $(patsubst %.c,$(TEST_DIR)/%-i386,$(notdir $(TEST_I386_SRC)))
TEST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
TEST_INC := -Iheap -iquote tests/unit -iquote tests/prop -iquote tests/fuzz -iquote runtime -iquote integrations/linux -Iwire

.PHONY: test test-programs check-format host-san
test: ## set up, build and run every test
	@tools/setup.sh host subject test
	@$(MAKE) -j2 runtime host
	@$(MAKE) -j2 host-san
	@$(MAKE) subject
	@$(MAKE) -j2 test-programs
	@tests/run.sh

test-programs: $(TEST_BIN) $(TEST_I386)

# A make of its own, so that there is one set of rules for objects.
host-san:
	@$(MAKE) SAN=1 host

build/host-san/lib.a: host-san
	@rm -f $@ && ar rcs $@ $$(find build/host-san -name '*.o' ! -path '*/cmd/*' ! -name main.o)

declared = $(shell sed -n 's,^// $(2):,,p' $(1))
sources_of = $(wildcard $(call declared,$(1),sources))

define test_rule
$(TEST_DIR)/$(notdir $(1:.c=)): $(1) build/host-san/lib.a $(call sources_of,$(1))
	@mkdir -p $(TEST_DIR); echo "CC $(1)"
	@$$(CC) $$(HOST_STD) -g -O1 $(TEST_SAN) -Wall -Wextra $(HOST_INC_pass) $(TEST_INC) $(call declared,$(1),flags) \
	    -o $$@ $$< $(call sources_of,$(1)) build/host-san/lib.a -lcmocka $$(HOST_LIBS) -lpthread -ldl
endef
$(foreach t,$(TEST_SRC),$(eval $(call test_rule,$(t))))

define test_i386_rule
$(TEST_DIR)/$(notdir $(1:.c=))-i386: $(1) $(call sources_of,$(1)) tests/unit/cmocka_i386.c \
    $(wildcard wire/*.h runtime/*.h heap/*.h host/base/*.h host/io/*.h integrations/linux/*.h tests/unit/*.h)
	@mkdir -p $(TEST_DIR); echo "CC $(1) (i386)"
	@$$(CC) -m32 -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Ihost/base -Ihost/io $(TEST_INC) $(call declared,$(1),flags) \
	    -o $$@ $$< $(call sources_of,$(1)) tests/unit/cmocka_i386.c -lpthread -ldl
endef
$(foreach t,$(TEST_I386_SRC),$(eval $(call test_i386_rule,$(t))))

# Fuzz targets: tests/fuzz/fuzz_NAME.c with the kept inputs tests/fuzz/corpus/NAME. `make test` runs the corpus, linked with the host
# library; `make fuzz` lets libFuzzer go on from it, with the sources of the line `// sources:` and host/base.
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SRC))
FUZZ_BIN := $(FUZZ_NAMES:%=$(TEST_DIR)/fuzz_%)
FUZZ_SECONDS ?= 600
test-programs: $(FUZZ_BIN)

$(TEST_DIR)/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c tests/fuzz/input.h build/host-san/lib.a
	@mkdir -p $(TEST_DIR); echo "CC $<"
	@$(CC) $(HOST_STD) -g -O1 $(TEST_SAN) -Wall -Wextra $(HOST_INC_pass) $(TEST_INC) -o $@ $(filter %.c,$^) build/host-san/lib.a $(HOST_LIBS)

.PHONY: fuzz fuzz-setup $(FUZZ_NAMES:%=fuzz-%)
fuzz-setup:
	@tools/setup.sh host fuzz
fuzz: $(FUZZ_NAMES:%=fuzz-%) ## fuzz every reader for FUZZ_SECONDS each (clang and libFuzzer)
$(FUZZ_NAMES:%=fuzz-%): fuzz-%: fuzz-setup
	@mkdir -p build/fuzz out/fuzz
	@clang $(HOST_STD) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(HOST_INC_pass) $(TEST_INC) \
	    -o build/fuzz/fuzz_$* tests/fuzz/fuzz_$*.c \
	    $(sort $(wildcard host/base/*.c $(call declared,tests/fuzz/fuzz_$*.c,sources))) $(HOST_LIBS)
	@cp -r tests/fuzz/corpus/$* out/fuzz/
	@cd out/fuzz && ../../build/fuzz/fuzz_$* -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -rss_limit_mb=2048 $*

check-format:
	@clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h' '*.cpp')
