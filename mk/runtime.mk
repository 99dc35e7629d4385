# The recorder for Linux: one preload library a word size, found by the loader through $LIB.
WARN_C := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align -Wcast-qual \
    -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition \
    -Wundef -Wvla -Wdouble-promotion -Wformat=2 -Wwrite-strings -Wnull-dereference -Wimplicit-fallthrough -Werror

PRELOAD_DIR := build/preload
# The recorder; runtime/ramlens_place.c is for programs.
PRELOAD_SRC := $(filter-out runtime/ramlens_place.c,$(wildcard wire/*.c runtime/*.c heap/*.c integrations/linux/*.c))
PRELOAD_HDR := $(wildcard wire/*.h runtime/*.h heap/*.h integrations/linux/*.h)
# -fexceptions: a new-handler's exception passes through operator new; frame pointers, no sibling
# calls: a hook finds its caller by its own frame.
PRELOAD_CFLAGS := -std=gnu11 -O2 -g -fPIC -fvisibility=hidden -fexceptions -fno-omit-frame-pointer \
    -ftls-model=initial-exec -fno-optimize-sibling-calls -fno-stack-protector -fcf-protection=none -D_GNU_SOURCE -Iwire -Iruntime -Iheap -Iintegrations/linux
# The files are one program on the event path: without it a tenth of an event's cost is calls between them.
PRELOAD_CFLAGS += -flto=auto
# Hooks redefine functions whose declarations carry attributes for callers.
PRELOAD_CFLAGS += $(WARN_C) -Wno-pedantic -Wno-missing-prototypes -Wno-missing-declarations

PRELOAD_x86_64 := $(PRELOAD_DIR)/lib/x86_64-linux-gnu/libramlens-preload.so
PRELOAD_i386 := $(PRELOAD_DIR)/lib/i386-linux-gnu/libramlens-preload.so

.PHONY: runtime
runtime: $(PRELOAD_x86_64) $(PRELOAD_i386)

define preload_rule
$(PRELOAD_$(1)): $(patsubst %.c,build/preload/obj-$(1)/%.o,$(PRELOAD_SRC)) integrations/linux/preload.map
	@mkdir -p $$(dir $$@)
	@echo "  LD    $$@"
	@$$(CC) $(2) $$(PRELOAD_CFLAGS) -shared -Wl,-soname,libramlens-preload.so -Wl,-z,now -Wl,--version-script=integrations/linux/preload.map \
	    -o $$@ $$(filter %.o,$$^) -ldl -lpthread
	@ln -sfn lib/x86_64-linux-gnu $(PRELOAD_DIR)/lib64
	@ln -sfn lib/i386-linux-gnu $(PRELOAD_DIR)/lib32

build/preload/obj-$(1)/%.o: %.c $(PRELOAD_HDR) mk/runtime.mk
	@mkdir -p $$(dir $$@)
	@$$(CC) $(2) $$(PRELOAD_CFLAGS) -c $$< -o $$@
endef
$(eval $(call preload_rule,x86_64,-m64))
$(eval $(call preload_rule,i386,-m32))

# The placement runtime as a static library, for programs that were built with the files of `ramlens emit`.
PLACE_CFLAGS := -std=c11 -O2 -g -fPIC -ffunction-sections $(WARN_C)
PLACE_x86_64 := build/place/lib/x86_64-linux-gnu/libramlens-place.a
PLACE_i386 := build/place/lib/i386-linux-gnu/libramlens-place.a
runtime: $(PLACE_x86_64) $(PLACE_i386) build/libramlens-place.a

define place_rule
$(PLACE_$(1)): runtime/ramlens_place.c runtime/ramlens_place.h mk/runtime.mk
	@mkdir -p $$(dir $$@) && rm -f $$@
	@$$(CC) $(2) $$(PLACE_CFLAGS) -c runtime/ramlens_place.c -o $$(@:.a=.o) && ar rcsD $$@ $$(@:.a=.o) && rm $$(@:.a=.o)
endef
$(eval $(call place_rule,x86_64,-m64))
$(eval $(call place_rule,i386,-m32))

# The machine's own word size under the short name.
build/libramlens-place.a: $(PLACE_x86_64)
	@ln -sfn place/lib/x86_64-linux-gnu/libramlens-place.a $@
