#include "site/file_site.hpp"

#include <unistd.h>
#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "apps/temporary_folder.hpp"
#include "site/http_date.hpp"

namespace quasio::apps {
namespace {

namespace fs = std::filesystem;

constexpr unix_seconds changed = 1'600'000'000;
constexpr unix_seconds now = 1'700'000'000;

class file_site_test : public ::testing::Test {
protected:
  void SetUp() override {
    add("index.html", "<p>hello</p>");
    add("ten.txt", "0123456789");
    add("empty.bin", "");
    add("sub/index.html", "sub");
    add("bare/file.css", "p{}");
    add(".hidden", "hidden");
    add(".git/config", "hidden");
    add(".well-known/acme", "known");
    add(".well-known/.x", "hidden");
  }

  void add(const std::string& name, const std::string& text) {
    folder_.write(name, text);
    set_time(name, {changed, 123'456'789});
  }

  void set_time(const std::string& name, timespec time) {
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder_ / name).c_str(), times, 0), 0);
  }

  file_site site(bool hidden = false) const {
    return *file_site::open({.root = folder_.path().string(), .hidden_files = hidden});
  }

  answer ask(const std::string& target, http3::field_list headers = {}, const std::string& method = "GET") const {
    return site().respond({method, target, headers}, now);
  }

  answer get_ten(http3::field_list headers) const { return ask("/ten.txt", std::move(headers)); }

  static std::string header(const answer& what, std::string_view name) {
    return std::string(http3::find_field(what.headers, name));
  }

  static std::string body(const answer& what) {
    if (!what.file) return what.text;
    std::string text(static_cast<std::size_t>(what.file->size), '\0');
    const auto got =
        ::pread(what.file->file->handle.get(), text.data(), text.size(), static_cast<off_t>(what.file->first));
    EXPECT_EQ(static_cast<std::size_t>(got), text.size());
    return text;
  }

  std::string etag() const { return header(ask("/ten.txt"), "etag"); }

  testing::temporary_folder folder_;
};

TEST_F(file_site_test, serves_a_file_with_all_that_belongs_to_it) {
  const answer what = ask("/ten.txt");
  EXPECT_EQ(what.status, 200);
  EXPECT_EQ(body(what), "0123456789");
  EXPECT_EQ(header(what, "content-length"), "10");
  EXPECT_EQ(header(what, "content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(header(what, "accept-ranges"), "bytes");
  EXPECT_EQ(header(what, "last-modified"), format_http_date(changed));
  EXPECT_EQ(header(what, "date"), format_http_date(now));
  EXPECT_EQ(header(what, "x-content-type-options"), "nosniff");
  EXPECT_EQ(header(what, "etag").front(), '"');
}

TEST_F(file_site_test, serves_an_empty_file) {
  const answer what = ask("/empty.bin");
  EXPECT_EQ(what.status, 200);
  EXPECT_EQ(header(what, "content-length"), "0");
  EXPECT_EQ(body(what), "");
}

TEST_F(file_site_test, answers_head_with_the_headers_of_get_and_no_body) {
  const answer get = ask("/ten.txt");
  const answer head = ask("/ten.txt", {{"range", "bytes=0-1"}}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers, get.headers);
  EXPECT_FALSE(head.file);
  EXPECT_TRUE(head.text.empty());
  EXPECT_TRUE(ask("/missing", {}, "HEAD").text.empty());
}

TEST_F(file_site_test, serves_the_index_of_a_folder) {
  EXPECT_EQ(body(ask("/")), "<p>hello</p>");
  EXPECT_EQ(body(ask("/sub/")), "sub");
  EXPECT_EQ(header(ask("/sub/"), "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(body(ask("//sub//?q")), "sub");
}

TEST_F(file_site_test, sends_who_forgot_the_slash_of_a_folder_there) {
  const answer what = ask("/sub?a=b");
  EXPECT_EQ(what.status, 301);
  EXPECT_EQ(header(what, "location"), "/sub/?a=b");
  EXPECT_EQ(header(ask("//sub"), "location"), "/sub/");  // Never "//sub/", which is a host.
}

TEST_F(file_site_test, never_lists_a_folder) {
  const answer what = ask("/bare/");
  EXPECT_EQ(what.status, 404);
  EXPECT_EQ(body(what).find("file.css"), std::string::npos);
}

TEST_F(file_site_test, takes_a_file_with_a_slash_for_nothing) {
  EXPECT_EQ(ask("/ten.txt/").status, 404);
  EXPECT_EQ(ask("/ten.txt/x").status, 404);
}

TEST_F(file_site_test, refuses_other_methods_and_says_which_it_takes) {
  for (const char* const method : {"POST", "PUT", "DELETE", "OPTIONS", "get", "", "CONNECT"}) {
    const answer what = ask("/ten.txt", {}, method);
    EXPECT_EQ(what.status, 405) << method;
    EXPECT_EQ(header(what, "allow"), "GET, HEAD") << method;
  }
}

TEST_F(file_site_test, refuses_paths_that_are_none) {
  EXPECT_EQ(ask("*").status, 400);
  EXPECT_EQ(ask("/%zz").status, 400);
  EXPECT_EQ(ask("/a%00.txt").status, 400);
  EXPECT_EQ(ask("/../etc/passwd").status, 400);
  EXPECT_EQ(ask("/%2e%2e/etc/passwd").status, 400);
  EXPECT_EQ(ask("/sub/..%2f..%2fetc/passwd").status, 400);
  EXPECT_EQ(ask("/..%5c..%5cetc/passwd").status, 404);
  EXPECT_EQ(ask("/" + std::string(10'000, 'a')).status, 414);
  EXPECT_EQ(ask("/" + std::string(300, 'a')).status, 404);
}

TEST_F(file_site_test, does_not_serve_through_links_that_lead_out) {
  testing::temporary_folder outside;
  outside.write("secret", "root:");
  fs::create_symlink(outside / "secret", folder_ / "link");
  fs::create_symlink(outside.path(), folder_ / "out");
  fs::create_symlink(outside / "secret", folder_ / "bare/index.html");
  EXPECT_EQ(ask("/link").status, 404);
  EXPECT_EQ(ask("/out/secret").status, 404);
  EXPECT_EQ(ask("/out").status, 404);
  EXPECT_EQ(ask("/bare/").status, 404);
}

TEST_F(file_site_test, serves_regular_files_only) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(ask("/pipe").status, 404);
  fs::create_directory(folder_ / "bare/index.html");
  EXPECT_EQ(ask("/bare/").status, 404);
}

TEST_F(file_site_test, keeps_hidden_files_to_itself_unless_told) {
  for (const char* const target :
       {"/.hidden", "/.git/config", "/.git/", "/.git", "/.well-known/.x", "/sub/.x", "/%2ehidden"}) {
    EXPECT_EQ(ask(target).status, 404) << target;
  }
  EXPECT_EQ(body(ask("/.well-known/acme")), "known");
  EXPECT_EQ(body(site(true).respond({"GET", "/.git/config", {}}, now)), "hidden");
}

TEST_F(file_site_test, may_not_read_what_the_system_forbids) {
  fs::permissions(folder_.path(), fs::perms(0755));
  fs::permissions(folder_ / "ten.txt", fs::perms::none);
  const testing::without_superpowers powerless;
  EXPECT_EQ(ask("/ten.txt").status, 403);
  EXPECT_EQ(ask("/index.html").status, 200);
}

TEST_F(file_site_test, serves_a_part) {
  const answer what = get_ten({{"range", "bytes=2-4"}});
  EXPECT_EQ(what.status, 206);
  EXPECT_EQ(body(what), "234");
  EXPECT_EQ(header(what, "content-range"), "bytes 2-4/10");
  EXPECT_EQ(header(what, "content-length"), "3");
  EXPECT_EQ(body(get_ten({{"range", "bytes=-3"}})), "789");
  EXPECT_EQ(body(get_ten({{"range", "bytes=7-"}})), "789");
}

TEST_F(file_site_test, says_how_long_the_file_is_to_who_wants_what_lies_beyond) {
  const answer what = get_ten({{"range", "bytes=10-"}});
  EXPECT_EQ(what.status, 416);
  EXPECT_EQ(header(what, "content-range"), "bytes */10");
}

TEST_F(file_site_test, answers_several_ranges_with_the_whole_file) {
  EXPECT_EQ(get_ten({{"range", "bytes=0-1,3-4"}}).status, 200);
  EXPECT_EQ(get_ten({{"range", "bytes=0-1"}, {"range", "bytes=3-4"}}).status, 200);
  EXPECT_EQ(get_ten({{"range", "nonsense"}}).status, 200);
}

TEST_F(file_site_test, has_a_tag_that_changes_with_the_file) {
  const std::string before = etag();
  EXPECT_EQ(etag(), before);
  set_time("ten.txt", {changed, 123'456'790});  // one nanosecond later
  EXPECT_NE(etag(), before);
  add("ten.txt", "01234567890");  // longer, at the same time
  EXPECT_NE(etag(), before);
  add("ten.txt", "0123456789");
  EXPECT_EQ(etag(), before);
  fs::rename(folder_ / "ten.txt", folder_ / "old.txt");
  add("ten.txt", "9876543210");  // another file of the same size and time
  EXPECT_NE(etag(), before);
}

TEST_F(file_site_test, answers_not_modified_when_the_tag_is_known) {
  for (const std::string& known : {etag(), "W/" + etag(), "\"a\", " + etag(), std::string("*"), "\"x,y\" ," + etag()}) {
    const answer what = get_ten({{"if-none-match", known}});
    EXPECT_EQ(what.status, 304) << known;
    EXPECT_EQ(header(what, "etag"), etag());
    EXPECT_EQ(header(what, "content-length"), "");
    EXPECT_FALSE(what.file);
    EXPECT_TRUE(what.text.empty());
  }
  EXPECT_EQ(get_ten({{"if-none-match", "\"a\""}, {"if-none-match", etag()}}).status, 304);
  for (const char* const other : {"\"another\"", "", "nonsense", "\"", "W/"}) {
    EXPECT_EQ(get_ten({{"if-none-match", other}}).status, 200) << other;
  }
}

TEST_F(file_site_test, compares_dates_by_the_second) {
  const auto since = [&](unix_seconds time) { return get_ten({{"if-modified-since", format_http_date(time)}}).status; };
  EXPECT_EQ(since(changed), 304);
  EXPECT_EQ(since(changed + 1), 304);
  EXPECT_EQ(since(changed - 1), 200);
  EXPECT_EQ(get_ten({{"if-modified-since", "yesterday"}}).status, 200);
}

TEST_F(file_site_test, prefers_tags_to_dates) {
  EXPECT_EQ(get_ten({{"if-none-match", "\"x\""}, {"if-modified-since", format_http_date(now)}}).status, 200);
  EXPECT_EQ(get_ten({{"if-match", etag()}, {"if-unmodified-since", format_http_date(0)}}).status, 200);
}

TEST_F(file_site_test, fails_preconditions) {
  EXPECT_EQ(get_ten({{"if-match", "\"x\""}}).status, 412);
  EXPECT_EQ(get_ten({{"if-match", "W/" + etag()}}).status, 412);  // strong comparison
  EXPECT_EQ(get_ten({{"if-match", etag()}}).status, 200);
  EXPECT_EQ(get_ten({{"if-match", "*"}}).status, 200);
  EXPECT_EQ(get_ten({{"if-unmodified-since", format_http_date(changed - 1)}}).status, 412);
  EXPECT_EQ(get_ten({{"if-unmodified-since", format_http_date(changed)}}).status, 200);
  EXPECT_EQ(get_ten({{"if-match", "\"x\""}, {"if-none-match", etag()}}).status, 412);  // in this order
}

TEST_F(file_site_test, obeys_a_range_only_if_the_file_is_the_same) {
  const auto with = [&](const std::string& condition) {
    return get_ten({{"range", "bytes=0-1"}, {"if-range", condition}}).status;
  };
  EXPECT_EQ(with(etag()), 206);
  EXPECT_EQ(with("W/" + etag()), 200);
  EXPECT_EQ(with("\"x\""), 200);
  EXPECT_EQ(with(format_http_date(changed)), 206);
  EXPECT_EQ(with(format_http_date(changed + 1)), 200);
  EXPECT_EQ(with("nonsense"), 200);
  EXPECT_EQ(get_ten({{"range", "bytes=99-"}, {"if-range", "\"x\""}}).status, 200);
}

TEST_F(file_site_test, does_not_trust_a_date_within_the_second_of_the_change) {
  const http3::field_list headers = {{"range", "bytes=0-1"}, {"if-range", format_http_date(changed)}};
  EXPECT_EQ(site().respond({"GET", "/ten.txt", headers}, changed).status, 200);
  EXPECT_EQ(site().respond({"GET", "/ten.txt", headers}, changed + 1).status, 206);
}

TEST_F(file_site_test, never_claims_to_come_from_the_future) {
  set_time("ten.txt", {now + 1000, 0});
  EXPECT_EQ(header(ask("/ten.txt"), "last-modified"), format_http_date(now));
}

TEST_F(file_site_test, does_not_open_without_a_folder) {
  EXPECT_EQ(file_site::open({.root = (folder_ / "missing").string()}).error().value(), ENOENT);
  EXPECT_EQ(file_site::open({.root = (folder_ / "ten.txt").string()}).error().value(), ENOTDIR);
}

}  // namespace
}  // namespace quasio::apps
