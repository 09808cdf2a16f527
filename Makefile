# The two commands of the README, on a machine that has only Python 3.11, pip, git and make.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: study study-hubs study-procurement study-pages test test-slow dist-check pins sbom audit attack bench lint clean

study: $(STAMP)  ## solve the mixed study and write the plan to plans/mixed
	$(VENV)/bin/planner solve instances/studies/mixed.yaml -o plans/mixed --gap 1e-3 --time-limit 120

study-hubs: $(STAMP)  ## solve the study over the Chinese hubs at four dates and write docs/study-hubs.md
	$(VENV)/bin/python docs/studies/hubs.py

study-procurement: $(STAMP)  ## the procurement study of 2024 with its what-if questions; writes docs/study-procurement.md
	$(VENV)/bin/python docs/studies/procurement.py

study-pages: $(STAMP)  ## a US neocloud and one rack; writes docs/study-us-neocloud.md and docs/study-one-rack.md
	$(VENV)/bin/python docs/studies/pages.py

test: lint  ## ruff, mypy, pytest
	$(VENV)/bin/python -m pytest -q -n auto

test-slow: $(STAMP)  ## the checks that take minutes
	$(VENV)/bin/python -m pytest -q -n auto -m slow

dist-check: $(STAMP)  ## wheel and sdist in dist/, complete, installed into a clean environment and used there
	$(VENV)/bin/python tools/distributions.py

pins: $(STAMP)  ## .ci/requirements.txt: what the tests run with now, with hashes; PINNED=1 installs it
	$(VENV)/bin/python tools/pins.py > .ci/requirements.new
	mv .ci/requirements.new .ci/requirements.txt

sbom: $(STAMP)  ## sbom.json: the software that the package stands on, as CycloneDX
	$(VENV)/bin/python tools/sbom.py > sbom.json

audit: $(STAMP)  ## known vulnerabilities of what is installed; asks a database over the network
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet "pip-audit>=2.7,<3"
	$(VENV)/audit/bin/pip-audit --path "$$($(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

ATTACK ?= --minutes 60
attack: $(STAMP)  ## fresh random instances against brute force, damaged inputs and plans, kills; ATTACK="--minutes 5 inputs" for less
	$(VENV)/bin/python tests/attack/attack.py $(ATTACK)

BENCH ?= P0 P1 P2
bench: $(STAMP)  ## how long building blocks and instances of growing size take, some minutes; BENCH=all for the long ones
	$(VENV)/bin/python benchmarks/speed.py
	$(VENV)/bin/python benchmarks/scale.py $(if $(filter all,$(BENCH)),P0 P1 P2 P3 P4,$(BENCH))

lint: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
ifdef PINNED
	$(VENV)/bin/python -m pip install --quiet --require-hashes --requirement .ci/requirements.txt
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
else
	$(VENV)/bin/python -m pip install --quiet --editable ".[dev]"
endif
	$(VENV)/bin/python -m compileall -q planner formulations  # starting up takes a third longer without
	touch $@

clean:
	rm -rf $(VENV) plans build dist *.egg-info
