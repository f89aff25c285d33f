# Shared by deploy/run and tests/run; to be sourced. Knows the system packages; refuses to know what is
# built with them. Surprising: /usr/bin goes first in PATH, because the packaged meson needs the packaged
# python with its yaml module, and version managers like to put another python before it.
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

BUILD_PACKAGES="meson ninja-build pkg-config gcc libc6-dev python3 python3-yaml libmicrohttpd-dev libjansson-dev
    libsqlite3-dev libuv1-dev zlib1g-dev libzstd-dev libargon2-dev libgnutls28-dev libcmocka-dev tzdata"

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

# Installs those of the named packages that are missing, or says which command would.
need_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is not a Debian system; the build needs what Debian calls: $*"
        return 0
    fi
    local missing="" package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "Installing$missing"
    local as_root=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            die "these packages are missing; as root: apt-get update && apt-get install$missing"
        as_root="sudo"
    fi
    # shellcheck disable=SC2086
    $as_root apt-get update -qq &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing ||
        die "could not install; as root: apt-get update && apt-get install$missing"
}

# build_folder FOLDER OPTION...: configures once, builds TARGETS (all when empty).
build_folder() {
    local folder=$1
    shift
    [ -f "$folder/build.ninja" ] || meson setup "$folder" "$ROOT" "$@" >"$folder.log" 2>&1 ||
        { cat "$folder.log"; die "meson could not configure $folder"; }
    rm -f "$folder.log"
    # shellcheck disable=SC2086
    ninja -C "$folder" ${TARGETS:-} || die "$folder does not build"
}
