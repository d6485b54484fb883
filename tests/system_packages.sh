#!/bin/sh
# Installs what the tests need and pip cannot bring: Chromium for the pages, a C compiler for the stand-in GPU driver.
# Where the system's packages are not apt's, it says what is missing and goes on: at home those tests then skip.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }

missing=""
has chromium || missing="chromium"
has cc || missing="$missing gcc libc6-dev"
[ -n "$missing" ] || exit 0

if has apt-get && [ "$(id -u)" = 0 ]; then
    as_root=""
elif has apt-get && has sudo; then
    as_root="sudo"
else
    echo "tests: not found: $missing. Tests that need them will skip." >&2
    case "$(uname -s)" in
        Darwin) echo "tests: install them with 'brew install --cask chromium' and 'xcode-select --install'." >&2 ;;
        *) echo "tests: install a 'chromium' command and a C compiler with your package manager." >&2 ;;
    esac
    exit 0
fi

echo "tests: installing $missing with apt-get" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086  # one word per package
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
