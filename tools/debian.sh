# What the tools know about Debian: where its mirror is, and how to ask it without touching the system's apt.
# Sourced by the other tools; not a program.
#
# The host's own release may be older, newer, or another distribution. So whatever is fetched from Debian goes through a
# private apt state: its own sources, lists, cache and dpkg status, under one temporary folder.

QUASIO_DEBIAN_SUITE=${QUASIO_DEBIAN_SUITE:-trixie}

# The mirror: named by the environment; or the one this Debian uses itself; or the one that Debian's bootstrap programs carry.
debian_mirror() {
  local found=
  if [ -n "${QUASIO_DEBIAN_MIRROR:-}" ]; then
    echo "$QUASIO_DEBIAN_MIRROR"
    return
  fi
  local ID= VERSION_CODENAME=
  # shellcheck disable=SC1091
  . "${QUASIO_OS_RELEASE:-/etc/os-release}"
  if [ "$ID" = debian ] && [ -n "$VERSION_CODENAME" ]; then
    found=$(apt-get update --print-uris 2>/dev/null |
      sed -nE "s|^'([^']+)/dists/$VERSION_CODENAME/(In)?Release' .*|\1|p" | head -n 1)
  fi
  if [ -z "$found" ]; then
    local carriers=()
    for file in /usr/bin/mmdebstrap /usr/sbin/debootstrap /usr/share/debootstrap/scripts/sid /usr/share/debootstrap/scripts/debian-common; do
      [ -r "$file" ] && carriers+=("$file")
    done
    [ ${#carriers[@]} -eq 0 ] || found=$(grep -ohE "https?://[a-z0-9.-]+/debian\b" "${carriers[@]}" | head -n 1)
  fi
  if [ -z "$found" ]; then
    echo "no Debian mirror is known here: install mmdebstrap or debootstrap, or set QUASIO_DEBIAN_MIRROR" >&2
    return 1
  fi
  echo "$found"
}

debian_keyring() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  if [ ! -r "$keyring" ]; then
    echo "$keyring is missing: install debian-archive-keyring" >&2
    return 1
  fi
  echo "$keyring"
}

# private_apt_open FOLDER [deb|deb-src]: prepares a private apt state of QUASIO_DEBIAN_SUITE there and fetches its lists.
private_apt_open() {
  local folder=$1 kind=${2:-deb} mirror keyring tool
  for tool in apt-get dpkg; do
    command -v "$tool" >/dev/null || { echo "$tool not found: this needs a Debian-like system" >&2; return 1; }
  done
  mirror=$(debian_mirror) && keyring=$(debian_keyring) || return 1
  mkdir -p "$folder"/{lists/partial,cache/archives/partial,etc/apt.conf.d,etc/preferences.d,etc/sources.list.d,etc/trusted.gpg.d}
  echo "$kind [signed-by=$keyring] $mirror $QUASIO_DEBIAN_SUITE main" >"$folder/etc/sources.list"
  touch "$folder/status"
  # The system's own apt.conf still applies (it may hold a proxy); its hooks after an update must not run for us.
  cat >"$folder/apt.conf" <<END
Dir::Etc::sourcelist "$folder/etc/sources.list";
Dir::Etc::sourceparts "$folder/etc/sources.list.d";
Dir::Etc::preferences "$folder/etc/preferences";
Dir::Etc::preferencesparts "$folder/etc/preferences.d";
Dir::State::Lists "$folder/lists";
Dir::State::status "$folder/status";
Dir::Cache "$folder/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
END
  private_apt "$folder" -qq -o APT::Update::Error-Mode=any update
}

# private_apt FOLDER ARGUMENTS...: apt-get on that state, working inside the folder.
private_apt() {
  local folder=$1
  shift
  (cd "$folder" && apt-get -c "$folder/apt.conf" "$@" </dev/null)
}
