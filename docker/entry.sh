#!/bin/sh
# The entry of every image of ours. Started as root, it hands the mounted directories over to user 1000, who may have
# been somebody else on the host, and goes on as that user; started as any other user it goes on at once.
set -eu

user=1000

# Tells the operator in one sentence why the container ends, and ends it.
refuse() {
    echo "ronda: $1" >&2
    exit 2
}

# Hands over what lies in a directory and matches. What cannot be written to, not even by root, is mounted read-only or is
# part of the image; what cannot be handed over is told below, where it matters.
hand_over() {
    directory=$1
    shift
    if [ -d "$directory" ] && [ -w "$directory" ]; then
        find "$directory" -xdev "$@" -exec chown -h "$user:$user" {} + || true
    fi
}

if [ "$(id -u)" = 0 ]; then
    hand_over "$DATA_DIR" ! -user "$user"
    hand_over "$LOG_DIR" ! -user "$user"
    # Docker makes a missing directory as root. Files that somebody edits under a name of their own stay theirs.
    hand_over "$CONFIG_DIR" -user 0
    # Groups that compose adds lead to devices; root's own leads to nothing a service needs.
    groups=$(id -G | tr ' ' '\n' | grep -vx 0 | paste -sd, -) || true
    if [ -n "$groups" ]; then
        exec setpriv --reuid "$user" --regid "$user" --groups "$groups" --no-new-privs "$0" "$@"
    fi
    exec setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs "$0" "$@"
fi

for directory in "$DATA_DIR" "$LOG_DIR"; do
    if mountpoint -q "$directory" && [ ! -w "$directory" ]; then
        refuse "$directory cannot be written to by user $(id -u): let that user own the directory that is mounted there"
    fi
done

# Every file in /run/secrets is a setting: GATE_PASSWORD there is read as if GATE_PASSWORD_FILE named it.
for file in /run/secrets/*; do
    [ -f "$file" ] || continue
    name=${file##*/}
    case $name in
        *[!A-Z0-9_]* | [0-9]*) continue ;;
    esac
    [ -r "$file" ] || refuse "$file cannot be read by user $(id -u): let that user own the file that is mounted there"
    if [ -z "$(printenv "$name" "${name}_FILE")" ]; then
        export "${name}_FILE=$file"
    fi
done

# An empty directory for the configuration is filled with what we ship; a file that is there is never touched.
if mountpoint -q "$CONFIG_DIR" && [ -w "$CONFIG_DIR" ]; then
    for shipped in /usr/share/ronda/configs/*.yaml; do
        target=$CONFIG_DIR/${shipped##*/}
        [ -e "$target" ] && continue
        # Several containers do this at once, and nobody may see half a file.
        draft=$(mktemp "$CONFIG_DIR/.draft.XXXXXX")
        cp "$shipped" "$draft"
        chmod 644 "$draft"
        ln "$draft" "$target" 2>/dev/null || true
        rm -f "$draft"
    done
fi

# The models of the image go beside those that `ronda model fetch` brings, where every service finds them.
if [ -d /usr/share/ronda/cache/models ] && [ -w "$DATA_DIR" ]; then
    for shipped in /usr/share/ronda/cache/models/*/*; do
        target=$RONDA_CACHE_DIR/${shipped#/usr/share/ronda/cache/}
        cmp -s "$shipped" "$target" && continue
        mkdir -p "${target%/*}"
        draft=$(mktemp "$target.XXXXXX")
        cp "$shipped" "$draft"
        chmod 644 "$draft"
        mv "$draft" "$target"
    done
fi

exec "$@"
