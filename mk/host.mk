# The host tool: build/ramlens (SAN=1: build/host-san/ramlens, with AddressSanitizer and UBSan).
# Sources are found by name, so a new file needs no line here. Each folder sees only the headers it is entitled to:
#   base: base   io: + io, wire, heap   model: + model   pass: + pass   cmd: + cmd   wire, heap: themselves
HOST_WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wcast-qual -Wpointer-arith \
    -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition -Wundef -Wvla \
    -Wdouble-promotion -Wformat=2 -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough -Werror

HOST_STD := -std=c11 -D_GNU_SOURCE
HOST_PKG := libdw libelf jansson zlib libzstd
HOST_LIBS = $(shell pkg-config --libs $(HOST_PKG)) -liberty
HOST_PKG_CFLAGS = $(shell pkg-config --cflags $(HOST_PKG))

ifeq ($(SAN),1)
HOST_DIR := build/host-san
HOST_BIN := $(HOST_DIR)/ramlens
HOST_MODE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
HOST_DIR := build/host
HOST_BIN := build/ramlens
HOST_MODE := -O2 -g
endif

HOST_INC_base := -Ihost/base
HOST_INC_wire := -Iwire
HOST_INC_heap := -Iheap
HOST_INC_io := $(HOST_INC_base) -Ihost/io -Iwire $(HOST_INC_heap)
HOST_INC_model := $(HOST_INC_io) -Ihost/model
HOST_INC_pass := $(HOST_INC_model) -Ihost/pass
HOST_INC_cmd := $(HOST_INC_pass) -Ihost/cmd
HOST_LAYERS := base io model pass cmd

HOST_SRC := $(foreach layer,$(HOST_LAYERS),$(wildcard host/$(layer)/*.c)) $(wildcard wire/*.c heap/*.c) host/main.c
HOST_HDR := $(foreach layer,$(HOST_LAYERS),$(wildcard host/$(layer)/*.h)) $(wildcard heap/*.h)
# host/io/x.c -> build/host/io/x.o; host/main.c -> build/host/main.o; wire/x.c -> build/host/wire/x.o, heap/x.c likewise
HOST_OBJ := $(patsubst %.c,$(HOST_DIR)/%.o,$(patsubst host/%,%,$(HOST_SRC)))

.PHONY: host host-headers host-includes host-lint
host: $(HOST_BIN) ## build the ramlens command

$(HOST_BIN): $(HOST_OBJ)
	@mkdir -p $(@D)
	$(CC) $(HOST_MODE) $(LDFLAGS) -o $@ $(HOST_OBJ) $(HOST_LIBS)

HOST_CC = @mkdir -p $(@D); echo "CC $<"; \
    $(CC) $(HOST_STD) $(HOST_MODE) $(HOST_WARN) $(HOST_PKG_CFLAGS) $(CFLAGS) -MMD -MP

define host_layer_rule
$(HOST_DIR)/$(1)/%.o: host/$(1)/%.c mk/host.mk
	$$(HOST_CC) $$(HOST_INC_$(1)) -c $$< -o $$@
endef
$(foreach layer,$(HOST_LAYERS),$(eval $(call host_layer_rule,$(layer))))

# These are put into the command by the assembler, which tells make nothing.
$(HOST_DIR)/pass/emit_runtime.o: runtime/ramlens_place.h runtime/ramlens_place.c

$(HOST_DIR)/wire/%.o: wire/%.c mk/host.mk
	$(HOST_CC) $(HOST_INC_wire) -c $< -o $@

$(HOST_DIR)/heap/%.o: heap/%.c mk/host.mk
	$(HOST_CC) $(HOST_INC_heap) -c $< -o $@

$(HOST_DIR)/main.o: host/main.c mk/host.mk
	$(HOST_CC) $(HOST_INC_cmd) -c $< -o $@

-include $(HOST_OBJ:.o=.d)

# For loops over files in the shell: "base) inc='-Ihost/base';; io) ..."
close := )
HOST_INC_CASES := $(foreach layer,$(HOST_LAYERS) heap,$(layer)$(close) inc='$(HOST_INC_$(layer))';;)

# Every header by itself, as C11, with its own layer's include paths.
host-headers: ## check that each header compiles alone
	@set -e; for header in $(HOST_HDR); do \
	    layer=$${header#host/}; layer=$${layer%%/*}; \
	    case $$layer in $(HOST_INC_CASES) esac; \
	    echo "#include \"$$header\"" | $(CC) $(HOST_STD) $(HOST_WARN) -I. $$inc -fsyntax-only -x c -; \
	done; echo "$(words $(HOST_HDR)) headers compile alone"

host-includes: ## check that no file includes upward
	@tools/check-includes.sh

# One file an invocation: clang-tidy 14 reports false errors when it is given several. cppcheck does not see that the
# members of a VEC() are used, by the macros of vec.h.
host-lint: ## clang-tidy and cppcheck over the host tool (takes minutes)
	@set -e; for source in $(filter host/% heap/%,$(HOST_SRC)); do \
	    layer=$${source#host/}; layer=$${layer%%/*}; \
	    case $$layer in $(HOST_INC_CASES) *) inc='$(HOST_INC_cmd)';; esac; \
	    clang-tidy --quiet --warnings-as-errors='*' $$source -- $(HOST_STD) $$inc 2>/dev/null; \
	done
	@cppcheck --quiet --std=c11 --enable=warning,style,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=unusedStructMember --error-exitcode=1 $(HOST_INC_cmd) host heap
