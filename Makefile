# ramlens: `make demo` answers the main question on the real stack, `make test` checks everything.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
include mk/host.mk
include mk/runtime.mk
include mk/tests.mk
include mk/subject.mk
include mk/experiments.mk
include mk/lint.mk
-include mk/bench.mk mk/docs.mk

.PHONY: help all demo setup clean
help: ## show the targets
	@awk -F':.*## ' '/^[a-z0-9_-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## set up, build, record the WebRTC stack, print the answer
	@tools/demo.sh

all: host runtime ## build the command and the recorder

setup: ## install what the builds need (as root; else print the line that does)
	@tools/setup.sh host subject

clean: ## remove what was built (not the downloaded sources)
	rm -rf build/host build/host-san build/preload build/tests build/man build/install build/ramlens out
