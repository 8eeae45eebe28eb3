#include "common/path_options.hpp"

namespace quasio::apps {

void path_options::apply_to(quic::settings& transport) const {
  transport.max_datagram_size = max_datagram_size;
  transport.mtu.discovery = !no_mtu_discovery;
  transport.ecn = ecn == "on";
}

void add_path_options(CLI::App& app, path_options& options, const char* group) {
  app.add_option("--max-datagram-size", options.max_datagram_size,
                 "The largest UDP payload to search for; up to 65507 for jumbo frames and loopback. Default: 1472")
      ->type_name("BYTES")
      ->check(CLI::Range(std::size_t{1200}, std::size_t{65'527}).description(""))
      ->group(group);
  app.add_flag("--no-mtu-discovery", options.no_mtu_discovery,
               "Do not search for larger datagrams: send 1200 bytes, which every path carries")
      ->group(group);
  app.add_option("--ecn", options.ecn,
                 "Whether to mark packets for ECN where the path allows it, so that routers need not drop them to tell "
                 "of congestion. Default: on")
      ->check(CLI::IsMember({"on", "off"}).description(""))
      ->type_name("on|off")
      ->group(group);
}

std::string path_line(const quic::statistics& counts) {
  std::string line = "datagrams of " + std::to_string(counts.max_datagram_size) + " bytes (mtu " +
                     std::string(to_string(counts.mtu)) + "), ecn " + std::string(to_string(counts.ecn)) + " (" +
                     std::to_string(counts.ecn_ect0_sent) + " packets marked";
  if (counts.ecn_ce_acked > 0) line += ", " + std::to_string(counts.ecn_ce_acked) + " of them by congestion";
  line += "; received: " + std::to_string(counts.ecn_ect0_received) + " marked";
  if (counts.ecn_ce_received > 0) line += ", " + std::to_string(counts.ecn_ce_received) + " by congestion";
  return line + ")";
}

}  // namespace quasio::apps
