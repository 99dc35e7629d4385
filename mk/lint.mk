# Static checks. `make lint` is the whole of it and takes minutes; the quick part runs in `make test` (tests/cli/house.sh).
.PHONY: lint lint-quick
lint: lint-quick host-lint ## all static checks
	@set -e; for source in $(PRELOAD_SRC); do \
	    clang-tidy --quiet --warnings-as-errors='*' $$source -- -std=gnu11 -D_GNU_SOURCE -Iwire -Iruntime -Iheap -Iintegrations/linux 2>/dev/null; \
	done

lint-quick: check-format host-headers host-includes ## format, includes, cppcheck, shellcheck
	@cppcheck --quiet --std=c11 --enable=warning,style,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=unusedStructMember --error-exitcode=1 \
	    -Ihost/base -Ihost/io -Ihost/model -Ihost/pass -Ihost/cmd -Iwire -Iheap -Iexperiments host wire heap experiments
	@shellcheck -x $$(git ls-files '*.sh')
