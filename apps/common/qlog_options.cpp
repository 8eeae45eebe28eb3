#include "common/qlog_options.hpp"

#include <map>

namespace quasio::apps {
namespace {

const std::map<std::string, runtime::log_compression> compressions = {
    {"none", runtime::log_compression::none},
    {"gzip", runtime::log_compression::gzip},
    {"zstd", runtime::log_compression::zstd},
};

}  // namespace

void add_qlog_options(CLI::App& app, qlog_arguments& out, const std::string& group) {
  app.add_option("--qlog-dir", out.folder,
                 "Write a qlog file for each connection into this folder: what was sent, received and lost, for qvis "
                 "and the like. No content, no keys; also by the environment's QLOGDIR")
      ->type_name("DIR")
      ->envname("QLOGDIR")
      ->group(group);
  app.add_option_function<std::string>(
         "--qlog-compression", [&out](const std::string& name) { out.compression = compressions.at(name); },
         "none, gzip or zstd. Default: none")
      ->check(CLI::IsMember(compressions).description(""))
      ->type_name("HOW")
      ->group(group);
}

result<std::unique_ptr<runtime::qlog_folder>, std::string> open_qlog(const qlog_arguments& arguments) {
  if (arguments.folder.empty()) return nullptr;
  runtime::qlog_folder_options options;
  options.path = arguments.folder;
  options.compression = arguments.compression;
  error_code error;
  auto opened = runtime::qlog_folder::open(std::move(options), error);
  if (error) {
    return unexpected("cannot write logs to " + arguments.folder + ": " + error.message() +
                      "; --qlog-dir wants a folder that this user may write to");
  }
  return opened;
}

}  // namespace quasio::apps
