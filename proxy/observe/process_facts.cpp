#include "observe/process_facts.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace weir::observe {
namespace {

constexpr std::size_t proc_file_bytes_max = 1024 * 1024;  // /proc/stat grows with the CPUs and interrupts

std::string read_text(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(proc_file_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

/// The word at the front of `text`, which loses it.
std::string_view take_word(std::string_view& text) {
  const std::size_t start = text.find_first_not_of(" \n");
  if (start == text.npos) return text = {};
  const std::size_t end = text.find_first_of(" \n", start);
  const std::string_view word = text.substr(start, end == text.npos ? end : end - start);
  text.remove_prefix(end == text.npos ? text.size() : end);
  return word;
}

std::optional<std::uint64_t> to_number(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (ec != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::uint64_t count_fd_entries() {
  struct Close {
    void operator()(DIR* directory) const { ::closedir(directory); }
  };
  const std::unique_ptr<DIR, Close> directory(::opendir("/proc/self/fd"));
  if (!directory) return 0;
  std::uint64_t entries = 0;
  while (::readdir(directory.get()) != nullptr) ++entries;
  constexpr std::uint64_t not_ours = 3;  // ".", ".." and the directory that is being read
  return entries > not_ours ? entries - not_ours : 0;
}

}  // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == text.npos) return std::nullopt;
  std::string_view rest = text.substr(name_end + 1);
  constexpr int first_field = 3, last_field = 24;
  ProcStat stat;
  const std::array<std::pair<int, std::uint64_t*>, 6> wanted{{{14, &stat.user_ticks},
                                                              {15, &stat.system_ticks},
                                                              {20, &stat.threads},
                                                              {22, &stat.start_ticks},
                                                              {23, &stat.virtual_bytes},
                                                              {24, &stat.resident_pages}}};
  auto next = wanted.begin();
  for (int field = first_field; field <= last_field; ++field) {
    const std::string_view word = take_word(rest);
    if (field != next->first) continue;
    const auto number = to_number(word);
    if (!number) return std::nullopt;
    *next++->second = *number;
  }
  return stat;
}

std::uint64_t parse_boot_time(std::string_view text) {
  constexpr std::string_view key = "\nbtime ";
  const std::size_t at = text.find(key);
  if (at == text.npos) return 0;
  std::string_view rest = text.substr(at + key.size());
  return to_number(take_word(rest)).value_or(0);
}

std::uint64_t read_resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0, resident_pages = 0;
  if (!(file >> pages >> resident_pages)) return 0;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t count_open_fds() {
  struct stat status {};
  if (::stat("/proc/self/fd", &status) == 0 && status.st_size > 0) {
    return static_cast<std::uint64_t>(status.st_size);
  }
  return count_fd_entries();
}

ProcessFacts read_process_facts() {
  ProcessFacts facts;
  const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (const auto stat = parse_proc_stat(read_text("/proc/self/stat"))) {
    // The boot time does not change, and its file is long.
    static const std::uint64_t boot_time = parse_boot_time(read_text("/proc/stat"));
    facts.cpu_seconds = static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks_per_second;
    facts.start_time_seconds =
        static_cast<double>(boot_time) + static_cast<double>(stat->start_ticks) / ticks_per_second;
    facts.resident_bytes = stat->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    facts.virtual_bytes = stat->virtual_bytes;
    facts.threads = stat->threads;
  }
  facts.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.max_fds = limit.rlim_cur;
  return facts;
}

}  // namespace weir::observe
