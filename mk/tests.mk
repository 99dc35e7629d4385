# `make test`: set-up, builds, every test; ends with "N passed, M failed".
# A unit test is one program tests/unit/test_NAME.c with cmocka. It is linked with the host library (all layers but cmd) under
# AddressSanitizer and UBSan. Lines at its top say more:
#   // sources: GLOB...   other sources to compile with it (runtime, unwinder)
#   // flags: FLAG...     more compiler flags; -m32-too: built and run for i386, too, with a small stand-in for cmocka's library
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_DIR := build/tests
UNIT_BIN := $(patsubst tests/unit/%.c,$(UNIT_DIR)/%,$(UNIT_SRC))
UNIT_I386 := $(patsubst tests/unit/%.c,$(UNIT_DIR)/%-i386,$(shell grep -l '^// flags:.*-m32-too' $(UNIT_SRC) /dev/null))
UNIT_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

.PHONY: test unit-tests check-format
test: ## set up, build and run every test
	@tools/setup.sh host subject test
	@$(MAKE) runtime host host-san subject
	@$(MAKE) unit-tests
	@tests/run.sh

unit-tests: $(UNIT_BIN) $(UNIT_I386)

host-san:
	@$(MAKE) SAN=1 host
.PHONY: host-san

# The library of a sanitized build, remade by its own make so that there is one set of rules for objects.
build/host-san/lib.a: host-san
	@rm -f $@ && ar rcs $@ $$(find build/host-san -name '*.o' ! -path '*/cmd/*' ! -name main.o)

declared = $(shell sed -n 's,^// $(2):,,p' $(1))

define unit_rule
$(UNIT_DIR)/$(1): tests/unit/$(1).c build/host-san/lib.a $(wildcard $(call declared,tests/unit/$(1).c,sources))
	@mkdir -p $(UNIT_DIR); echo "CC tests/unit/$(1).c"
	@$$(CC) $$(HOST_STD) -g -O1 $(UNIT_SAN) -Wall -Wextra $(HOST_INC_pass) -Iruntime -Iintegrations/linux -Itests/unit -Itests/prop \
	    $(filter-out -m32-too,$(call declared,tests/unit/$(1).c,flags)) -o $$@ $$< $(wildcard $(call declared,tests/unit/$(1).c,sources)) \
	    build/host-san/lib.a -lcmocka $$(HOST_LIBS) -lpthread -ldl
endef
$(foreach t,$(patsubst tests/unit/%.c,%,$(UNIT_SRC)),$(eval $(call unit_rule,$(t))))

$(UNIT_DIR)/%-i386: tests/unit/%.c
	@mkdir -p $(UNIT_DIR); echo "CC tests/unit/$*.c (i386)"
	@$(CC) -m32 -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Ihost/base -Ihost/io -Iwire -Iruntime -Iintegrations/linux -Itests/unit -Itests/prop \
	    $(filter-out -m32-too,$(call declared,$<,flags)) -o $@ $< $(wildcard $(call declared,$<,sources)) tests/unit/cmocka_i386.c -lpthread -ldl

check-format: ## clang-format over all C sources
	@clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h' '*.cpp')
