#!/bin/sh
# Collects files, and every library that they link, in a directory. An image gets what its program needs of GStreamer and
# OpenCV that way, and not the browsers' parts, desktops and compilers that their packages depend on: 230 MB of 700.
#
#   gather OUT KNOWN FILE...    KNOWN lists the libraries that the image has already, one path a line; it grows
set -eu

out=$1
known=$2
shift 2

# Where a file really is: /lib is a link to /usr/lib. Its own name stays, because the linker looks for that.
placed() {
    echo "$(readlink -f "${1%/*}")/${1##*/}"
}

needed=$(mktemp)
for file in "$@"; do
    [ -f "$file" ] || { echo "gather: there is no $file" >&2; exit 1; }
    placed "$file"
    case $file in
        *.so* | */gst-plugin-scanner)
            linked=$(ldd "$file")
            case $linked in
                *'not found'*) echo "gather: $file links what is not there: $linked" >&2; exit 1 ;;
            esac
            echo "$linked" | awk '$3 ~ /^\// { print $3 }' | while read -r library; do placed "$library"; done
            ;;
    esac
done | sort -u | grep -vxFf "$known" >"$needed"

while read -r file; do
    mkdir -p "$out${file%/*}"
    cp -L "$file" "$out$file"
done <"$needed"
cat "$needed" >>"$known"

# Which packages these files are from, where scanners of images look; and their licences.
mkdir -p "$out/var/lib/dpkg/status.d"
while read -r file; do
    real=$(readlink -f "$file")
    # Packages of before /lib became a link list their files there.
    dpkg-query --search "$real" 2>/dev/null || dpkg-query --search "${real#/usr}"
done <"$needed" | sed 's/: .*//' | sort -u | while read -r package; do
    name=${package%%:*}
    dpkg-query --status "$package" >"$out/var/lib/dpkg/status.d/$name"
    mkdir -p "$out/usr/share/doc/$name"
    cp -L "/usr/share/doc/$name/copyright" "$out/usr/share/doc/$name/"
done

echo "gathered $(wc -l <"$needed") files, $(du -sm "$out" | cut -f1) MB" >&2
