# Shared by the two tools that make a private OpenSSL; sourced, not a program.

# openssl_put_in_place MADE DESTINATION: swaps the finished folder in at once, so that nobody sees half of it. Two builds
# may want it at the same time: the later one wins, and both are whole.
openssl_put_in_place() {
  local made=$1 destination=$2 parent
  mkdir -p "$(dirname "$destination")"
  parent=$(cd "$(dirname "$destination")" && pwd)
  destination=$parent/$(basename "$destination")
  local fresh
  fresh=$(mktemp -d "$parent/.openssl.XXXXXX")
  chmod 755 "$fresh"
  cp -a "$made/." "$fresh/"
  exec {lock}>"$parent/.openssl.lock"
  flock "$lock"
  rm -rf "$destination.old"
  [ ! -e "$destination" ] || mv "$destination" "$destination.old"
  mv "$fresh" "$destination"
  rm -rf "$destination.old"
  echo "quasio: OpenSSL $(cat "$destination/version") is in place"
}
