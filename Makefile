# The commands of this project; each is a script that can be called by itself.
.PHONY: help demo build install test lint fmt stop clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: ## from nothing to answered questions, on a private cluster
	@scripts/demo

build: ## build, and install into a private copy of PostgreSQL
	@scripts/bootstrap
	@scripts/build --release

install: ## build for your own server (PG_CONFIG=...) and install there
	@scripts/install

test: ## all tests, with a table at the end
	@scripts/test

lint: ## formatting, clippy, shellcheck, licences
	@scripts/test lint

fmt: ## format the code
	@cargo fmt --all

stop: ## stop the cluster of the demonstration
	@scripts/stop

clean: ## remove everything built, the private clusters included
	@scripts/stop --remove
	@cargo clean --quiet
