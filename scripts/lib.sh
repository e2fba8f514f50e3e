# shellcheck shell=bash
# What the scripts share: where things are, and how to run a server when we are root.
# Sourced, never run. Sets: repo, build, pg_major, server_user.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
pg_major=${TEXT2SQL_PG_MAJOR:-15}
# shellcheck disable=SC2034
pgrx_version=0.18.1
# What the demonstration asks unless TEXT2SQL_MODEL_NAME names another model of models.toml.
# shellcheck disable=SC2034
DEFAULT_MODEL=1.5b-business
# The server refuses to run as root, so root hands it to this user.
server_user=${TEXT2SQL_SERVER_USER:-postgres}

say() { printf '==> %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# Runs a command as the user the server runs as. It starts in /, because that user need not be
# able to enter the present directory.
as_server() {
  if is_root; then
    (cd / && exec runuser -u "$server_user" -- "$@")
  else
    "$@"
  fi
}

# Prints the first directory on the way to $1 that the server's user cannot enter; fails if none.
first_closed_parent() {
  local path=$1 walked='' part
  is_root && id "$server_user" >/dev/null 2>&1 || return 1
  IFS=/ read -r -a parts <<<"${path#/}"
  for part in "${parts[@]}"; do
    walked+="/$part"
    [ -d "$walked" ] || return 1
    if ! as_server test -x "$walked"; then printf '%s\n' "$walked"; return 0; fi
  done
  return 1
}

# Where the private PostgreSQL and the clusters go. A checkout below /root is closed to the
# server's user, so then they go to /var/tmp, under a name made from the checkout's path.
build_dir() {
  if [ -n "${TEXT2SQL_BUILD_DIR:-}" ]; then
    printf '%s\n' "$TEXT2SQL_BUILD_DIR"
  elif first_closed_parent "$repo" >/dev/null; then
    printf '/var/tmp/text2sql-%s\n' "$(printf '%s' "$repo" | cksum | cut -d' ' -f1)"
  else
    printf '%s/build\n' "$repo"
  fi
}
build=$(build_dir)

# pg_config of the PostgreSQL that is installed, and of the private copy the demonstration uses.
system_pg_config() { printf '%s\n' "${PG_CONFIG:-/usr/lib/postgresql/$pg_major/bin/pg_config}"; }
private_pg_config() { copy_of_profile release; }

# Tools that scripts/bootstrap installs for this project alone.
export PATH="$build/tools/bin:$PATH"

# The private copy that a profile's build is installed into; release has the plain name.
copy_of_profile() {
  local name="pg$pg_major"
  [ "$1" = release ] || name+="-$1"
  "$repo/scripts/private-pg" "$build/$name" "$(system_pg_config)"
}

# Environment of cargo for the PostgreSQL whose pg_config is $1.
use_postgres() {
  export PGRX_HOME="$build/pgrx" PGRX_PG_CONFIG_PATH="$1"
  # build.rs does what this leaves out, for the one crate that needs it.
  export CARGO_PGRX_DISABLE_GC_SECTIONS_WORKAROUND=1
  # The copies are alike, so any of them will do for compiling, and a build is not repeated.
  if ! grep -qsF "pg$pg_major = \"" "$PGRX_HOME/config.toml"; then
    mkdir -p "$PGRX_HOME"
    cargo pgrx init "--pg$pg_major=$1" --no-run >&2
  fi
}

# Arguments of cargo that choose the PostgreSQL major version.
version_features() {
  if [ "$pg_major" != 15 ]; then printf '%s\n' --no-default-features --features "pg$pg_major"; fi
}

# What the tests build, in one call of cargo: another selection of packages can mean other features
# of what they depend on, and so a second compilation of half of the crates.
# shellcheck disable=SC2034
ci_packages=(-p text2sql-core -p text2sql-engine -p text2sql-remote -p text2sql-testkit -p text2sql-cli -p text2sql-integration -p text2sql-fuzz)

# Builds the engine for GPUs and prints its path. Apart from the rest: its dependencies have other
# features.
build_cuda_engine() {
  local environment target
  environment=$("$repo/scripts/cuda-toolkit")
  target="$(target_dir)/cuda"
  say "building the engine for GPUs (the first time this takes long)"
  (
    eval "$environment"
    CARGO_TARGET_DIR=$target cargo build --release -p text2sql-engine --features cuda >&2
  )
  printf '%s/release/text2sql-engine\n' "$target"
}

target_dir() { printf '%s\n' "${CARGO_TARGET_DIR:-$repo/target}"; }
