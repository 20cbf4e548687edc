#!/usr/bin/env bash
# Makes a local CA and a certificate for localhost, for development and tests. Never for production.
# Keeps what is still valid. Needs the openssl command line only.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: certs/make-dev-certs.sh [--dir DIR] [--name NAME]... [--force]

  --dir DIR    where the files go (default: certs/dev beside this script)
  --name NAME  also make NAME.crt and NAME.key for that DNS name; repeatable.
               A wildcard *.example.test becomes wildcard.example.test.crt
  --force      make everything anew, the CA included

Writes ca.crt, ca.key, localhost.crt, localhost.key (ECDSA P-256, keys readable by their owner only).
TEXT
}

dir="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/dev"
names=()
force=no
ca_days=3650
leaf_days=397          # what browsers accept at most
renew_seconds=604800   # a leaf or CA with less than a week left is made anew

need_value() {
  if [[ $2 -lt 2 ]]; then
    echo "make-dev-certs: $1 needs a value" >&2
    exit 2
  fi
}

while [[ $# -gt 0 ]]; do
  case "$1" in
    --dir) need_value "$1" $#; dir="$2"; shift 2 ;;
    --name) need_value "$1" $#; names+=("$2"); shift 2 ;;
    --force) force=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "make-dev-certs: unknown argument: $1" >&2; usage >&2; exit 2 ;;
  esac
done

for name in ${names[@]+"${names[@]}"}; do
  if [[ ! "$name" =~ ^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ || "$name" == ca ]]; then
    echo "make-dev-certs: not a DNS name: $name" >&2
    exit 2
  fi
done

if ! command -v openssl >/dev/null; then
  echo "make-dev-certs: the openssl command is missing (Debian: apt-get install openssl)" >&2
  exit 1
fi

mkdir -p "$dir"
umask 077
work="$(mktemp -d "$dir/.new.XXXXXX")"
trap 'rm -rf "$work"' EXIT

# Runs openssl quietly; shows what it said when it fails.
run() {
  if ! "$@" >"$work/output" 2>&1; then
    echo "make-dev-certs: failed: $*" >&2
    cat "$work/output" >&2
    exit 1
  fi
}

# A certificate and a key that belong together, with enough time left.
pair_is_good() {
  local cert="$1" key="$2"
  [[ -s "$cert" && -s "$key" ]] || return 1
  openssl x509 -in "$cert" -noout -checkend "$renew_seconds" >/dev/null 2>&1 || return 1
  [[ "$(openssl x509 -in "$cert" -noout -pubkey 2>/dev/null)" == "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ]]
}

leaf_is_good() {
  local cert="$1" key="$2" san="$3"
  pair_is_good "$cert" "$key" || return 1
  openssl verify -CAfile "$dir/ca.crt" "$cert" >/dev/null 2>&1 || return 1
  # openssl prints "DNS:a, IP Address:127.0.0.1"; IPv6 comes expanded.
  local have want
  have="$(openssl x509 -in "$cert" -noout -ext subjectAltName 2>/dev/null | tail -n +2 | tr -d ' ')"
  want="$(sed -e 's/IP:::1/IPAddress:0:0:0:0:0:0:0:1/' -e 's/IP:/IPAddress:/g' <<<"$san")"
  [[ "$have" == "$want" ]]
}

new_key() { run openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

make_ca() {
  new_key "$work/ca.key"
  cat >"$work/ca.cnf" <<'TEXT'
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
O = Weir development
CN = Weir development CA
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
TEXT
  run openssl req -x509 -new -config "$work/ca.cnf" -key "$work/ca.key" -sha256 -days "$ca_days" -out "$work/ca.crt"
  install_pair ca
  echo "made $dir/ca.crt"
}

make_leaf() {
  local file="$1" common_name="$2" san="$3"
  new_key "$work/$file.key"
  cat >"$work/leaf.cnf" <<TEXT
[req]
distinguished_name = subject
prompt = no
[subject]
O = Weir development
CN = $common_name
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $san
TEXT
  run openssl req -new -config "$work/leaf.cnf" -key "$work/$file.key" -sha256 -out "$work/leaf.csr"
  run openssl x509 -req -in "$work/leaf.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days "$leaf_days" -sha256 \
    -extfile "$work/leaf.cnf" -extensions extensions -out "$work/$file.crt"
  install_pair "$file"
  echo "made $dir/$file.crt"
}

# Both files are complete before the first takes its place.
install_pair() {
  chmod 644 "$work/$1.crt"
  mv -f "$work/$1.key" "$dir/$1.key"
  mv -f "$work/$1.crt" "$dir/$1.crt"
}

ensure_leaf() {
  local file="$1" common_name="$2" san="$3"
  if [[ "$force" == no ]] && leaf_is_good "$dir/$file.crt" "$dir/$file.key" "$san"; then
    echo "kept $dir/$file.crt"
  else
    make_leaf "$file" "$common_name" "$san"
  fi
}

if [[ "$force" == no ]] && pair_is_good "$dir/ca.crt" "$dir/ca.key"; then
  echo "kept $dir/ca.crt"
else
  make_ca
fi

ensure_leaf localhost localhost "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"
for name in ${names[@]+"${names[@]}"}; do
  ensure_leaf "${name/#\*/wildcard}" "$name" "DNS:$name"
done
