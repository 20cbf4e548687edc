// What the kernel knows of this process, for the process_* metrics: read from /proc at each scrape. Any
// thread; blocking reads of /proc only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::observe {

struct ProcessFacts {
  double cpu_seconds = 0;         // user and system
  double start_time_seconds = 0;  // since 1970
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t threads = 0;
};

/// The fields of /proc/self/stat (proc(5)) that matter here, in the kernel's units.
struct ProcStat {
  std::uint64_t user_ticks = 0, system_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};
/// Nothing when the text has another shape. The process name may hold anything, spaces and parentheses too.
std::optional<ProcStat> parse_proc_stat(std::string_view text);
/// Boot time in seconds since 1970, from /proc/stat's `btime` line; 0 when there is none.
std::uint64_t parse_boot_time(std::string_view text);

/// Resident memory now; 0 when it cannot be read.
std::uint64_t read_resident_bytes();
/// Open descriptors now: since Linux 6.2 the kernel has the number, before they are counted.
std::uint64_t count_open_fds();

/// Facts that cannot be read stay 0.
ProcessFacts read_process_facts();

}  // namespace weir::observe
