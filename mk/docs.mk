# Man pages, completion, installation.
#   make man                     build/man/*.1, from the commands' own tables
#   make install PREFIX=/usr     DESTDIR= stages it elsewhere, as packages do
PREFIX ?= /usr/local
INSTALL ?= install
INSTALL_LIBDIR = $(PREFIX)/lib/ramlens
INSTALL_TO = $(DESTDIR)$(PREFIX)

.PHONY: man install uninstall
man: host ## write the man pages into build/man
	@docs/man/pages.sh $(HOST_BIN) build/man

# The installed command looks for the recorder where this installation puts it: one object is compiled for that.
build/install/ramlens: $(HOST_BIN) host/io/launch.c mk/docs.mk FORCE
	@mkdir -p $(@D)
	@$(CC) $(HOST_STD) $(HOST_MODE) $(HOST_WARN) $(CFLAGS) $(HOST_INC_io) -DRAMLENS_LIBDIR='"$(INSTALL_LIBDIR)"' \
	    -c host/io/launch.c -o build/install/launch.o
	@$(CC) $(HOST_MODE) $(LDFLAGS) -o $@ $(filter-out %/io/launch.o,$(HOST_OBJ)) build/install/launch.o $(HOST_LIBS)

# The two links serve loaders whose $LIB is lib64 or lib32.
install: runtime man build/install/ramlens ## install below $(DESTDIR)$(PREFIX), by default /usr/local
	@$(INSTALL) -D -m 755 build/install/ramlens $(INSTALL_TO)/bin/ramlens
	@$(INSTALL) -D -m 755 $(PRELOAD_x86_64) $(DESTDIR)$(INSTALL_LIBDIR)/lib/x86_64-linux-gnu/libramlens-preload.so
	@$(INSTALL) -D -m 755 $(PRELOAD_i386) $(DESTDIR)$(INSTALL_LIBDIR)/lib/i386-linux-gnu/libramlens-preload.so
	@ln -sfn lib/x86_64-linux-gnu $(DESTDIR)$(INSTALL_LIBDIR)/lib64
	@ln -sfn lib/i386-linux-gnu $(DESTDIR)$(INSTALL_LIBDIR)/lib32
	@$(INSTALL) -D -m 644 runtime/ramlens.h $(INSTALL_TO)/include/ramlens.h
	@$(INSTALL) -d $(INSTALL_TO)/share/ramlens/targets $(INSTALL_TO)/share/man/man1
	@$(INSTALL) -m 644 targets/* $(INSTALL_TO)/share/ramlens/targets
	@$(INSTALL) -m 644 build/man/*.1 $(INSTALL_TO)/share/man/man1
	@$(INSTALL) -d $(INSTALL_TO)/share/bash-completion/completions
	@$(HOST_BIN) help --completion bash >$(INSTALL_TO)/share/bash-completion/completions/ramlens
	@echo "installed below $(INSTALL_TO)"

uninstall: ## remove what `make install` put there
	rm -rf $(DESTDIR)$(INSTALL_LIBDIR) $(INSTALL_TO)/share/ramlens
	rm -f $(INSTALL_TO)/bin/ramlens $(INSTALL_TO)/include/ramlens.h $(INSTALL_TO)/share/man/man1/ramlens.1 \
	    $(INSTALL_TO)/share/man/man1/ramlens-*.1 $(INSTALL_TO)/share/bash-completion/completions/ramlens

.PHONY: FORCE
FORCE:
