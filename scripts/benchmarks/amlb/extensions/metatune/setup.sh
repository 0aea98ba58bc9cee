#!/usr/bin/env bash
# Make an environment beside this file and install metatune into it, with its dependencies.
#
# The argument is the version of the framework's definition: "checkout" for the sources that this
# file lies in, "stable" or a number for a package of the index. METATUNE_PYTHON names the
# interpreter; without it the first one of 3.11 or later is taken, for the benchmark's own is older.
set -euo pipefail

version=${1:-checkout}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
checkout=$(cd "$here/../../../../.." && pwd -P)

case $version in
    checkout) wanted=$checkout ;;
    stable | latest) wanted=metatune ;;
    *) wanted="metatune==$version" ;;
esac

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1
}

python=
for candidate in ${METATUNE_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if is_new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [[ -z $python ]]; then
    echo "metatune needs Python 3.11 or later: name it by METATUNE_PYTHON=/path/to/python" >&2
    exit 1
fi

"$python" -m venv --clear "$here/venv"
"$here/venv/bin/python" -m pip install --upgrade "$wanted"
mkdir -p "$here/.setup"
"$here/venv/bin/python" -c 'import metatune; print(metatune.__version__)' >> "$here/.setup/installed"
