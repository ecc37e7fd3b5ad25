# make demo    sets up .venv and runs the main job; ARGS="--camera 0 --query 'the cup'" for your own
# make check   sets up what the checks need and runs them all
# make soak    keeps the node busy for an hour; SECONDS=180 for less (not part of make check)
# make lock    renews .ci/requirements/*.txt (needs uv)
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
SECONDS ?= 3600
LOCK := uv pip compile --quiet --universal --no-config --python-version 3.10 \
	--custom-compile-command "make lock" .ci/requirements/build.in pyproject.toml

.PHONY: demo check prepare-check lint types test soak lock clean

demo: python-found
	@$(PYTHON) .ci/prepare.py demo -- $(BIN)/python -m textseg_ros.demo $(ARGS)

check: prepare-check lint types test

prepare-check: python-found
	@$(PYTHON) .ci/prepare.py check

lint: prepare-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: prepare-check
	$(BIN)/mypy
	$(BIN)/mypy --strict .ci/prepare.py

# One thread each: two processes that both take both cores of a small machine get in each other's way.
test: prepare-check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

soak: prepare-check
	$(BIN)/python -m textseg_ros.benchmark.endurance --seconds $(SECONDS)

.PHONY: python-found
python-found:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: apt install python3 python3-venv, or make PYTHON=/path/to/python3.x" >&2; exit 1; }

lock:
	$(LOCK) --extra demo -o .ci/requirements/demo.txt
	$(LOCK) --extra check -c .ci/requirements/demo.txt -o .ci/requirements/check.txt
	$(LOCK) --extra docs -c .ci/requirements/check.txt -o .ci/requirements/docs.txt

clean:
	rm -rf .venv demo_output build ./*.egg-info
