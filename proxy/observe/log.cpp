#include "observe/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

#include "core/cut_text.hpp"
#include "observe/line_buffer.hpp"
#include "observe/log_output.hpp"

namespace weir::observe {
namespace {

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};

spdlog::level::level_enum to_spdlog(config::LogLevel level) {
  constexpr std::array table{spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                             spdlog::level::warn, spdlog::level::err};
  return table[static_cast<std::size_t>(level)];
}

std::string_view level_name(spdlog::level::level_enum level) {
  const auto index = static_cast<std::size_t>(level);
  return index < level_names.size() ? level_names[index] : level_names.back();
}

std::string_view view(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

/// {"ts":"...","level":"info","msg":"..."}
void format_json(const spdlog::details::log_msg& message, LineBuffer& line) {
  line.raw(R"({"ts":")");
  line.timestamp(message.time);
  line.raw(R"(","level":")");
  line.raw(level_name(message.level));
  line.raw(R"(","msg":")");
  line.json_text(cut_text(view(message.payload), log_message_bytes_max));
  line.raw("\"}\n");
}

/// 2026-01-31T23:59:59.123Z info  what happened
void format_text(const spdlog::details::log_msg& message, LineBuffer& line) {
  constexpr std::size_t level_column = 6;
  const std::string_view level = level_name(message.level);
  line.timestamp(message.time);
  line.byte(' ');
  line.raw(level);
  for (std::size_t i = level.size(); i < level_column; ++i) line.byte(' ');
  line.plain_text(cut_text(view(message.payload), log_message_bytes_max));
  line.byte('\n');
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(config::LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    std::string text;
    {
      LineBuffer line(text);
      (format_ == config::LogFormat::json ? format_json : format_text)(message, line);
    }
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  const config::LogFormat format_;
};

/// One sink for the life of the process; what it writes to, and how, changes under its lock.
class OutputSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  OutputSink() { base_sink::set_formatter_(std::make_unique<LineFormatter>(config::LogFormat::text)); }

  void configure(LogOutput output, config::LogFormat format) {
    const std::lock_guard lock(base_sink::mutex_);
    output_ = std::move(output);
    torn_line_ = false;
    base_sink::set_formatter_(std::make_unique<LineFormatter>(format));
  }

  void reopen() {
    const std::lock_guard lock(base_sink::mutex_);
    if (!output_.is_path()) return;
    output_ = LogOutput(output_.name());
    torn_line_ = false;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (dropped_ > 0) report_dropped(message);
    spdlog::memory_buf_t formatted;
    base_sink::formatter_->format(message, formatted);
    if (dropped_ > 0 || !write({formatted.data(), formatted.size()})) ++dropped_;
  }

  void flush_() override {}

  void report_dropped(const spdlog::details::log_msg& next) {
    const std::string text = fmt::format("{} log lines were dropped: the output was stuck", dropped_);
    const spdlog::details::log_msg report(next.time, {}, {}, spdlog::level::warn, text);
    spdlog::memory_buf_t formatted;
    base_sink::formatter_->format(report, formatted);
    if (write({formatted.data(), formatted.size()})) dropped_ = 0;
  }

  /// False: the output took nothing, or not all of it, without waiting.
  bool write(std::string_view line) {
    if (torn_line_ && output_.write_some("\n", Milliseconds{0}).bytes == 0) return false;
    torn_line_ = false;
    const std::size_t whole = line.size();
    while (!line.empty()) {
      const std::size_t bytes = output_.write_some(line, Milliseconds{0}).bytes;
      if (bytes == 0) break;
      line.remove_prefix(bytes);
    }
    torn_line_ = !line.empty() && line.size() < whole;
    return line.empty();
  }

  LogOutput output_{"stderr"};
  std::uint64_t dropped_ = 0;
  bool torn_line_ = false;
};

struct ErrorLog {
  std::shared_ptr<OutputSink> sink = std::make_shared<OutputSink>();
  spdlog::logger logger{"weir", sink};
};

/// Never destroyed: threads and destructors may log until the very end.
ErrorLog& error_log() {
  static auto& log = *new ErrorLog;
  return log;
}

}  // namespace

void configure_log(const config::Log& settings) {
  LogOutput output(settings.output);
  error_log().sink->configure(std::move(output), settings.format);
  error_log().logger.set_level(to_spdlog(settings.level));
}

void reopen_log() {
  try {
    error_log().sink->reopen();
  } catch (const std::system_error& error) {
    log_line(config::LogLevel::error, error.what());
  }
}

void log_line(config::LogLevel level, std::string_view message) {
  error_log().logger.log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

bool log_enabled(config::LogLevel level) {
  return error_log().logger.should_log(to_spdlog(level));
}

}  // namespace weir::observe
