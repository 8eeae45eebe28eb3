#include "runtime/log_file.hpp"

#include <array>
#include <cstdio>

#ifdef QUASIO_HAS_ZLIB
#include <zlib.h>
#endif
#ifdef QUASIO_HAS_ZSTD
#include <zstd.h>
#endif

namespace quasio::runtime {
namespace {

#ifdef QUASIO_HAS_ZLIB
constexpr bool has_gzip = true;
#else
constexpr bool has_gzip = false;
#endif
#ifdef QUASIO_HAS_ZSTD
constexpr bool has_zstd = true;
#else
constexpr bool has_zstd = false;
#endif

struct file_closer {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
using file_pointer = std::unique_ptr<std::FILE, file_closer>;

file_pointer open_file(const std::string& path) { return file_pointer(std::fopen(path.c_str(), "wbe")); }

bool write_whole(std::FILE* file, const void* bytes, std::size_t size) {
  return std::fwrite(bytes, 1, size, file) == size;
}

class plain_file final : public log_file {
public:
  explicit plain_file(file_pointer file) noexcept : file_(std::move(file)) {}
  bool write(std::string_view bytes) override { return write_whole(file_.get(), bytes.data(), bytes.size()); }

private:
  file_pointer file_;
};

#ifdef QUASIO_HAS_ZLIB
class gzip_file final : public log_file {
public:
  explicit gzip_file(gzFile file) noexcept : file_(file) {}
  ~gzip_file() override { gzclose(file_); }
  gzip_file(const gzip_file&) = delete;
  gzip_file& operator=(const gzip_file&) = delete;

  bool write(std::string_view bytes) override {
    return gzwrite(file_, bytes.data(), static_cast<unsigned>(bytes.size())) == static_cast<int>(bytes.size());
  }

private:
  gzFile file_;
};
#endif

#ifdef QUASIO_HAS_ZSTD
struct zstd_context_deleter {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

class zstd_file final : public log_file {
public:
  zstd_file(file_pointer file, ZSTD_CCtx* context) noexcept : file_(std::move(file)), context_(context) {}
  ~zstd_file() override { compress({}, ZSTD_e_end); }
  zstd_file(const zstd_file&) = delete;
  zstd_file& operator=(const zstd_file&) = delete;

  bool write(std::string_view bytes) override { return compress(bytes, ZSTD_e_continue); }

private:
  bool compress(std::string_view bytes, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::array<char, 65536> compressed{};
    for (;;) {
      ZSTD_outBuffer out{compressed.data(), compressed.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, how);
      if (ZSTD_isError(left) != 0 || !write_whole(file_.get(), compressed.data(), out.pos)) return false;
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) return true;
    }
  }

  file_pointer file_;
  std::unique_ptr<ZSTD_CCtx, zstd_context_deleter> context_;
};
#endif

}  // namespace

bool is_available(log_compression how) noexcept {
  return how == log_compression::none || (how == log_compression::gzip && has_gzip) ||
         (how == log_compression::zstd && has_zstd);
}

std::unique_ptr<log_file> log_file::create(const std::string& path, log_compression how) {
  if (how == log_compression::none) {
    file_pointer file = open_file(path);
    return file ? std::make_unique<plain_file>(std::move(file)) : nullptr;
  }
#ifdef QUASIO_HAS_ZLIB
  if (how == log_compression::gzip) {
    gzFile file = gzopen((path + ".gz").c_str(), "wbe");
    return file != nullptr ? std::make_unique<gzip_file>(file) : nullptr;
  }
#endif
#ifdef QUASIO_HAS_ZSTD
  if (how == log_compression::zstd) {
    file_pointer file = open_file(path + ".zst");
    if (!file) return nullptr;
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    return context != nullptr ? std::make_unique<zstd_file>(std::move(file), context) : nullptr;
  }
#endif
  return nullptr;
}

}  // namespace quasio::runtime
