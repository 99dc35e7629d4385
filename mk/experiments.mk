# The states of the port, really built and run; one table. `make demo` ends with its short form.
EXPERIMENTS_SRC := $(wildcard experiments/*.c)
EXPERIMENTS_LIB := $(filter-out $(HOST_DIR)/main.o $(HOST_DIR)/cmd/%,$(HOST_OBJ))
EXPERIMENTS_TABLE := build/experiments/table
RUNS_EACH ?= 5

.PHONY: experiments experiments-plan experiments-table
experiments: ## carry out the porting plan: every state built and run, 60 s, 5 times (a quarter of an hour)
	@tools/setup.sh host subject
	@$(MAKE) -j2 host runtime experiments-table
	@RUNS=$(RUNS_EACH) SECONDS_STREAMING=60 PAGE=docs/findings/experiments.md experiments/run.sh

experiments-plan: ## choose the ramlens plan of the experiments anew, from a run of the stock device
	@$(MAKE) -j2 host runtime
	@experiments/replan.sh

experiments-table: $(EXPERIMENTS_TABLE)

$(EXPERIMENTS_TABLE): $(EXPERIMENTS_SRC) $(wildcard experiments/*.h) $(EXPERIMENTS_LIB) mk/experiments.mk
	@mkdir -p $(@D); echo "CC $(EXPERIMENTS_SRC)"
	@$(CC) $(HOST_STD) $(HOST_MODE) $(HOST_WARN) $(HOST_PKG_CFLAGS) -Iexperiments $(HOST_INC_pass) -o $@ \
	    $(EXPERIMENTS_SRC) $(EXPERIMENTS_LIB) $(HOST_LIBS)
