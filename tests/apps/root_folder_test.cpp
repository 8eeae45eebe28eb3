#include "site/root_folder.hpp"

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/temporary_folder.hpp"

namespace quasio::apps {
namespace {

namespace fs = std::filesystem;
using names = std::vector<std::string>;

// Every way of guarding keeps the same promises.
class root_folder_guard : public ::testing::TestWithParam<root_folder::guard> {
protected:
  void SetUp() override {
    if (GetParam() == root_folder::guard::kernel &&
        root_folder::open(outside_.path().string())->guarded_by() != root_folder::guard::kernel) {
      GTEST_SKIP() << "this kernel has no openat2";
    }
    outside_.write("secret", "secret");
    site_.write("root/index.html", "inside");
    site_.write("root/a/b/c.txt", "deep");
    site_.write("beside", "secret");
  }

  root_folder root() const { return *root_folder::open((site_ / "root").string(), GetParam()); }

  static std::string content(const open_file& file) {
    std::string text(static_cast<std::size_t>(file.status.st_size), '\0');
    const ssize_t got = ::pread(file.handle.get(), text.data(), text.size(), 0);
    return text.substr(0, got < 0 ? 0 : static_cast<std::size_t>(got));
  }

  testing::temporary_folder site_;
  testing::temporary_folder outside_;
};

TEST_P(root_folder_guard, opens_files_and_folders_below) {
  const auto folder = root();
  EXPECT_TRUE((*folder.open_beneath({}))->is_folder());
  EXPECT_TRUE((*folder.open_beneath({"a", "b"}))->is_folder());
  EXPECT_EQ(content(**folder.open_beneath({"index.html"})), "inside");
  EXPECT_EQ(content(**folder.open_beneath({"a", "b", "c.txt"})), "deep");
}

TEST_P(root_folder_guard, says_what_is_missing) {
  const auto folder = root();
  EXPECT_EQ(folder.open_beneath({"no"}).error().value(), ENOENT);
  EXPECT_EQ(folder.open_beneath({"no", "such"}).error().value(), ENOENT);
  EXPECT_EQ(folder.open_beneath({"index.html", "x"}).error().value(), ENOTDIR);
  EXPECT_EQ(folder.open_beneath({std::string(300, 'a')}).error().value(), ENAMETOOLONG);
}

TEST_P(root_folder_guard, refuses_segments_that_are_none) {
  const auto folder = root();
  for (const std::string& segment : {std::string(), std::string("."), std::string(".."), std::string("../beside"),
                                     std::string("/etc"), std::string("a/b"), std::string("index.html\0x", 12)}) {
    EXPECT_EQ(folder.open_beneath({segment}).error().value(), EINVAL) << segment;
    EXPECT_EQ(folder.open_beneath({"a", segment}).error().value(), EINVAL) << segment;
  }
}

TEST_P(root_folder_guard, follows_no_link_that_leads_out) {
  fs::create_symlink(outside_ / "secret", site_ / "root/absolute");
  fs::create_symlink("../beside", site_ / "root/relative");
  fs::create_symlink(outside_.path(), site_ / "root/folder");
  fs::create_symlink("..", site_ / "root/up");
  fs::create_symlink("a/b/../../../beside", site_ / "root/winding");
  fs::create_symlink("/proc/self/cwd", site_ / "root/magic");
  fs::create_symlink("loop", site_ / "root/loop");
  const auto folder = root();
  for (const names& path :
       {names{"absolute"}, names{"relative"}, names{"folder", "secret"}, names{"folder"}, names{"up", "beside"},
        names{"up"}, names{"winding"}, names{"magic", "etc"}, names{"loop"}}) {
    EXPECT_FALSE(folder.open_beneath(path)) << path.front();
  }
}

TEST_P(root_folder_guard, opens_a_pipe_without_waiting) {
  ASSERT_EQ(::mkfifo((site_ / "root/pipe").c_str(), 0600), 0);
  const auto file = root().open_beneath({"pipe"});
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->is_regular());
  EXPECT_FALSE((*file)->is_folder());
}

TEST_P(root_folder_guard, goes_on_when_the_root_is_renamed) {
  const auto folder = root();
  fs::rename(site_ / "root", site_ / "renamed");
  EXPECT_EQ(content(**folder.open_beneath({"index.html"})), "inside");
}

// Somebody swaps a folder for a link to the outside, and back, all the time.
TEST_P(root_folder_guard, is_not_fooled_by_a_race) {
  site_.write("root/swap/secret", "inside");
  site_.write("root/kept/secret", "inside");
  fs::create_symlink(outside_.path(), site_ / "root/link");
  const auto folder = root();
  std::atomic<bool> stop{false};
  std::thread swapper([&] {
    const std::string swap = (site_ / "root/swap").string();
    const std::string link = (site_ / "root/link").string();
    const std::string kept = (site_ / "root/kept2").string();
    while (!stop) {
      static_cast<void>(::rename(swap.c_str(), kept.c_str()));
      static_cast<void>(::rename(link.c_str(), swap.c_str()));
      static_cast<void>(::rename(swap.c_str(), link.c_str()));
      static_cast<void>(::rename(kept.c_str(), swap.c_str()));
    }
  });
  int opened = 0;
  // On one busy processor the folder may look absent for a long time; then more tries are needed to see it at all.
  constexpr int wanted_tries = 20'000;
  constexpr int most_tries = 5'000'000;
  for (int i = 0; i < wanted_tries || (opened == 0 && i < most_tries); ++i) {
    const auto file = folder.open_beneath({"swap", "secret"});
    if (!file) continue;
    ++opened;
    ASSERT_EQ(content(**file), "inside");
  }
  stop = true;
  swapper.join();
  EXPECT_GT(opened, 0);
}

INSTANTIATE_TEST_SUITE_P(guards, root_folder_guard,
                         ::testing::Values(root_folder::guard::kernel, root_folder::guard::walk),
                         [](const auto& which) {
                           return which.param == root_folder::guard::kernel ? "kernel" : "walk";
                         });

TEST(root_folder, follows_links_that_stay_inside_where_the_kernel_guards) {
  testing::temporary_folder site;
  site.write("real/file", "text");
  fs::create_symlink("real", site / "link");
  const auto folder = root_folder::open(site.path().string());
  ASSERT_TRUE(folder);
  if (folder->guarded_by() != root_folder::guard::kernel) GTEST_SKIP() << "this kernel has no openat2";
  EXPECT_TRUE(folder->open_beneath({"link", "file"}));
}

TEST(root_folder, must_be_a_folder) {
  testing::temporary_folder site;
  site.write("file", "text");
  EXPECT_EQ(root_folder::open((site / "missing").string()).error().value(), ENOENT);
  EXPECT_EQ(root_folder::open((site / "file").string()).error().value(), ENOTDIR);
  fs::create_directory(site / "locked");
  fs::permissions(site / "locked", fs::perms::none);
  const testing::without_superpowers powerless;
  EXPECT_EQ(root_folder::open((site / "locked").string()).error().value(), EACCES);
}

}  // namespace
}  // namespace quasio::apps
