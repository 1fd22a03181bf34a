#!/bin/sh
# The entry of the nginx image: writes the pieces of the configuration that depend on the environment, then starts nginx
# as whoever the container runs as.
#
#   RONDA_NETWORK   `bridge` (compose's private network, the default) or `host`
#   PATROL_URLS     the robots: robot-a=http://robot-a:5000,robot-b=http://robot-b:5000
#   RONDA_LISTEN    the address on which the site is reached; loopback by default
#   RONDA_INSECURE  1 lets everybody in who reaches that address, under any name
#
# TLS is on when /etc/nginx/tls holds fullchain.pem and privkey.pem. Other arguments are nginx's own, as -t. NGINX_ETC and
# NGINX_HOME are where everything is read and written outside of the image.
set -eu

network=${RONDA_NETWORK:-bridge}
listen=${RONDA_LISTEN:-127.0.0.1}
insecure=${RONDA_INSECURE:-}
etc=${NGINX_ETC:-/etc/nginx}
home=${NGINX_HOME:-/tmp}
pieces=$home/deployment
tls=$etc/tls

# Tells the operator in one sentence why the container ends, and ends it.
refuse() {
    echo "ronda-nginx: $1" >&2
    exit 2
}

if [ "${1:-}" = healthcheck ]; then
    scheme=http
    [ -e "$tls/fullchain.pem" ] && scheme=https
    address=127.0.0.1
    [ "$network" = host ] && address=$listen
    exec wget -q -O /dev/null --no-check-certificate "$scheme://$address:5000/nginx/health"
fi

case $network in
    bridge | host) ;;
    *) refuse "RONDA_NETWORK is \`$network\`, expected bridge or host" ;;
esac
case $listen in
    127.*) ;;
    *[!0-9.]*) refuse "RONDA_LISTEN is \`$listen\`, expected an IPv4 address" ;;
    *)
        [ "$insecure" = 1 ] || refuse "RONDA_LISTEN=$listen opens this site to a network where nobody has to sign in: \
set RONDA_INSECURE=1 as well if you mean it"
        echo "ronda-nginx: RONDA_INSECURE=1: everybody who can reach $listen can use this site without signing in" >&2
        ;;
esac

# Prints the robots of the list as `id address` lines.
robots() {
    echo "${PATROL_URLS:-}" | tr ',' '\n' | while IFS='=' read -r robot url; do
        robot=$(echo "$robot" | tr -d ' ')
        address=${url#http://}
        case $robot in
            '') continue ;;
            robot-*[!a-z0-9-]* | robot-) refuse "PATROL_URLS: \`$robot\`: expected robot- and small letters, digits and hyphens" ;;
            robot-*) ;;
            *) refuse "PATROL_URLS: \`$robot\`: expected robot- and small letters, digits and hyphens" ;;
        esac
        case $address in
            '' | :* | *[!A-Za-z0-9.:-]*) refuse "PATROL_URLS: $robot: expected http://host:port and found \`$url\`" ;;
            *:[0-9]*) ;;
            *) refuse "PATROL_URLS: $robot: expected http://host:port and found \`$url\`" ;;
        esac
        echo "${robot#robot-} $address"
    done
}

# Prints the pieces that name robots, in the form of host/robots.conf or bridge/robots.conf.
robots_conf() {
    # On the private network names are looked up again and again, which an `upstream` block would not do.
    [ "$network" = bridge ] || echo "$list" | while read -r id address; do
        [ -z "$id" ] || printf 'upstream robot-%s {\n    server %s max_fails=0;\n    keepalive 4;\n}\n' "$id" "$address"
    done
    echo "map \$robot \$robot_up {"
    echo '    default "";'
    echo "$list" | while read -r id address; do
        [ "$network" = bridge ] || address=robot-$id
        [ -z "$id" ] || echo "    $id $address;"
    done
    echo '}'
    first=$(echo "$list" | sed -n '1s/.* //p')
    second=$(echo "$list" | sed -n '2s/.* //p')
    if [ "$network" = bridge ]; then
        echo "map \"\" \$site_backup { default \"$second\"; }"
    fi
    if [ "$network" = bridge ] || [ -z "$first" ]; then
        echo "map \"\" \$site_up { default \"$first\"; }"
        return
    fi
    echo 'upstream site_api {'
    echo "    server $first max_fails=0;"
    echo "$list" | sed '1d' | while read -r _ address; do
        echo "    server $address backup;"
    done
    echo '    keepalive 16;'
    echo '}'
    echo "map \"\" \$site_up { default site_api; }"
}

# Prints where nginx listens.
listen_conf() {
    address=
    [ "$network" = host ] && address=$listen:
    if [ -e "$tls/fullchain.pem" ]; then
        [ -r "$tls/privkey.pem" ] || refuse "$tls/privkey.pem cannot be read by user $(id -u)"
        echo "listen ${address}5000 ssl;"
        echo 'include ronda/tls.conf;'
    else
        echo "listen ${address}5000;"
    fi
}

list=$(robots)
mkdir -p "$pieces"
cp "$etc/$network/process.conf" "$pieces/"
if [ "$insecure" = 1 ]; then
    sed 's/^    default 0;$/    default 1;/' "$etc/$network/site.conf" >"$pieces/site.conf"
else
    cp "$etc/$network/site.conf" "$pieces/"
fi
robots_conf >"$pieces/robots.conf"
listen_conf >"$pieces/listen.conf"

exec nginx -e stderr -p "$home" -c "$etc/nginx.conf" "$@"
