# `make lab` and `make test` are all a newcomer needs; `make help` lists the rest.
# Written for any make, also macOS's old one; what takes more than a line is in .ci/.

python = .venv/bin/python
# JupyterLab does not start as root unless told to; in a container one often is.
as_root = $(if $(filter 0,$(shell id -u)),--allow-root)
# Those that start browsers, graders, servers or a cluster.
slow_tests = tests/browser $(wildcard tests/live/*_in_browser.py) tests/grading tests/example \
	tests/patterns/test_cluster.py

export PYTHON

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 18

lab: ## open the workbook in JupyterLab
	@sh .ci/venv
	@# The root is this folder, not notebooks/, so that links from there to the exercises work.
	@$(python) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks $(as_root)

test: ## run the whole test suite
	@sh .ci/venv test
	$(python) -m pytest
	$(python) -m pytest exercises --answers solutions

exercises: ## grade the answers in exercises/
	@sh .ci/venv
	@$(python) -m pytest exercises

watch: ## check each exercise when its notebook is saved
	@sh .ci/venv
	@$(python) -m pipeline_kit.grading watch

lint: ## check format, style and types
	@sh .ci/venv dev
	$(python) -m ruff format --check
	$(python) -m ruff check
	$(python) -m mypy

check: lint ## what to run before a commit: lint, and the quick tests
	$(python) -m pytest --quiet tests $(addprefix --ignore=,$(slow_tests))

notebooks: ## execute all notebooks again, in place
	@sh .ci/venv test
	@$(python) .ci/execute_notebooks.py

bench: ## measure the speed of the kit
	@sh .ci/venv bench
	@$(python) tests/benchmarks

clean: ## remove .venv and everything else that can be made again
	rm -rf .venv build *.egg-info .coverage .hypothesis .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

.PHONY: help lab test exercises watch lint check notebooks bench clean
