// Replays a fuzz target as an ordinary test: every file of a corpus folder, a fixed number of mutations of each, and
// some inputs from nothing. Always the same inputs, so that a failure comes back.
//
//   replay_<name> CORPUS_FOLDER [FILE...]     with FILEs: those alone, unchanged (to look at a finding)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using bytes = std::vector<std::uint8_t>;

constexpr std::size_t mutations_a_file = 200;
constexpr std::size_t inputs_from_nothing = 2000;
constexpr std::size_t longest_from_nothing = 512;
constexpr std::size_t mutated_at_most = 8;

bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void run(const bytes& input) {
  // An exact copy on the heap, so that a sanitizer sees one byte too many.
  const bytes exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::size_t below(std::mt19937_64& random, std::size_t bound) { return static_cast<std::size_t>(random() % bound); }

void mutate_once(bytes& input, std::mt19937_64& random) {
  const auto any = [&random] { return static_cast<std::uint8_t>(random()); };
  if (input.empty()) {
    input.push_back(any());
    return;
  }
  const auto at = below(random, input.size());
  const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
  switch (below(random, 6)) {
    case 0:
      *place = static_cast<std::uint8_t>(*place ^ (1u << below(random, 8)));
      break;
    case 1:
      *place = any();
      break;
    case 2:
      *place = below(random, 2) == 0 ? std::uint8_t{0} : std::uint8_t{0xff};
      break;
    case 3:
      input.insert(place, any());
      break;
    case 4:
      input.erase(place);
      break;
    default:
      input.resize(at);
      break;
  }
}

std::size_t run_with_mutations(const bytes& original, std::mt19937_64& random) {
  run(original);
  for (std::size_t turn = 0; turn < mutations_a_file; ++turn) {
    bytes input = original;
    const auto times = 1 + below(random, mutated_at_most);
    for (std::size_t time = 0; time < times; ++time) mutate_once(input, random);
    run(input);
  }
  return 1 + mutations_a_file;
}

std::size_t run_from_nothing(std::mt19937_64& random) {
  run({});
  for (std::size_t turn = 0; turn < inputs_from_nothing; ++turn) {
    bytes input(below(random, longest_from_nothing));
    std::generate(input.begin(), input.end(), [&random] { return static_cast<std::uint8_t>(random()); });
    run(input);
  }
  return 1 + inputs_from_nothing;
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER [FILE...]\n", arguments[0]);
    return 2;
  }
  if (count > 2) {
    for (int index = 2; index < count; ++index) run(read_file(arguments[index]));
    std::printf("%d files replayed\n", count - 2);
    return 0;
  }
  const auto files = files_of(arguments[1]);
  if (files.empty()) {
    std::fprintf(stderr, "%s holds no corpus: a fuzz target needs at least one file to start from\n", arguments[1]);
    return 1;
  }
  std::mt19937_64 random(0x7175617369756f21u);
  std::size_t inputs = run_from_nothing(random);
  for (const auto& file : files) inputs += run_with_mutations(read_file(file), random);
  std::printf("%zu files of the corpus, %zu inputs\n", files.size(), inputs);
  return 0;
}
