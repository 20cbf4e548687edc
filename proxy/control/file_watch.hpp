// Reports when files may have changed: inotify on the directories that decide what their paths lead to
// (watch_points.hpp), so that a rename over a file and a link that is swapped are seen as well as a write. Waits until
// nothing has happened for a moment, because one save is many events. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "core/error.hpp"

struct inotify_event;

namespace weir::control {

class FileWatch {
 public:
  static constexpr std::chrono::milliseconds settle_time{
      100};  // without an event, then `changed` is called ...
  static constexpr std::chrono::milliseconds settle_time_max{
      1000};  // ... at the latest so long after the first one

  /// `changed`: something happened to one of the files; whether it reads differently now is not known.
  FileWatch(boost::asio::io_context& context, std::function<void()> changed);

  /// Errors: internal, when the kernel gives no inotify instance.
  Result<void> start();
  /// Watches these files and no others from now on. A directory that cannot be watched is logged.
  void watch(const std::set<std::string>& paths);
  /// As if something had happened just now.
  void touch();

 private:
  struct Directory {
    std::string path;
    std::set<std::string> names;
  };

  void wait();
  void read_events();
  bool matters(const inotify_event& event) const;

  std::function<void()> changed_;
  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::steady_timer settle_;
  std::chrono::steady_clock::time_point settled_at_latest_;
  bool settling_ = false;
  std::map<int, Directory> directories_;  // by watch descriptor
};

}  // namespace weir::control
