#include "responder.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::origin {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t chunk_bytes = 16 * 1024;
constexpr int event_count = 5;
constexpr milliseconds event_interval{200};
constexpr milliseconds slow_interval{1000};

void append_chunk(Output& out, std::string_view data, bool bare) {
  if (!bare) {
    char size[16];
    const auto end = std::to_chars(size, size + sizeof(size), data.size(), 16).ptr;
    out.append(std::string_view(size, static_cast<std::size_t>(end - size)));
    out.append("\r\n");
  }
  out.append(data);
  if (!bare) out.append("\r\n");
}

Step end_of_chunks(Output& out, bool bare) {
  if (bare) return {Step::Kind::close};
  out.append("0\r\n\r\n");
  return {Step::Kind::done};
}

class Bytes final : public Responder {
 public:
  explicit Bytes(std::uint64_t count) : left_(count) {}

  Step produce(Output& out, bool) override {
    if (out.holds_fixed()) return {Step::Kind::more};  // a second one would copy the first
    // Every slice but the last is the whole pattern, so each begins where the period does.
    const std::string_view slice =
        pattern().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, pattern().size())));
    out.append_fixed(slice);
    left_ -= slice.size();
    return {left_ == 0 ? Step::Kind::done : Step::Kind::more};
  }

 private:
  std::uint64_t left_;
};

class Chunks final : public Responder {
 public:
  Chunks(std::uint64_t count, bool bare) : left_(count), bare_(bare) {}

  Step produce(Output& out, bool) override {
    while (left_ > 0 && !out.full()) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, chunk_bytes));
      append_chunk(out, pattern().substr(0, size), bare_);
      left_ -= size;
    }
    if (left_ > 0) return {Step::Kind::more};
    return end_of_chunks(out, bare_);
  }

 private:
  std::uint64_t left_;
  bool bare_;
};

class Events final : public Responder {
 public:
  explicit Events(bool bare) : bare_(bare) {}

  Step produce(Output& out, bool) override {
    ++number_;
    const std::string text = std::to_string(number_);
    append_chunk(out, "id: " + text + "\nevent: tick\ndata: {\"n\":" + text + "}\n\n", bare_);
    if (number_ < event_count) return {Step::Kind::wait, event_interval};
    return end_of_chunks(out, bare_);
  }

 private:
  int number_ = 0;
  bool bare_;
};

class Delayed final : public Responder {
 public:
  Delayed(std::string message, milliseconds delay) : message_(std::move(message)), delay_(delay) {}

  Step produce(Output& out, bool) override {
    if (!waited_) {
      waited_ = true;
      return {Step::Kind::wait, delay_};
    }
    out.append(message_);
    return {Step::Kind::done};
  }

 private:
  std::string message_;
  milliseconds delay_;
  bool waited_ = false;
};

class Late final : public Responder {
 public:
  Late(Output written, std::unique_ptr<Responder> rest, milliseconds delay)
      : written_(std::move(written)), rest_(std::move(rest)), delay_(delay) {}

  bool needs_body() const override { return rest_ && rest_->needs_body(); }
  void on_body(std::string_view piece, Output& out) override {
    if (rest_) rest_->on_body(piece, out);
  }

  Step produce(Output& out, bool body_done) override {
    if (delay_ != milliseconds::zero())
      return {Step::Kind::wait, std::exchange(delay_, milliseconds::zero())};
    while (!written_.empty()) {
      const std::string_view piece = written_.front();
      out.append(piece);
      written_.consume(piece.size());
    }
    if (!rest_) return {Step::Kind::done};
    return rest_->produce(out, body_done);
  }

 private:
  Output written_;
  std::unique_ptr<Responder> rest_;
  milliseconds delay_;
};

class Report final : public Responder {
 public:
  Report(std::string head_fields, std::string json_start, bool head_only)
      : head_fields_(std::move(head_fields)), json_(std::move(json_start)), head_only_(head_only) {}

  bool needs_body() const override { return true; }
  void on_body(std::string_view piece, Output&) override { body_bytes_ += piece.size(); }

  Step produce(Output& out, bool body_done) override {
    if (!body_done) return {Step::Kind::more};
    json_ += ",\"body_bytes\":" + std::to_string(body_bytes_) + "}\n";
    out.append(head_fields_);
    out.append("Content-Length: ");
    out.append(json_.size());
    out.append("\r\n\r\n");
    if (!head_only_) out.append(json_);
    return {Step::Kind::done};
  }

 private:
  std::string head_fields_, json_;
  std::uint64_t body_bytes_ = 0;
  bool head_only_;
};

class Echo final : public Responder {
 public:
  explicit Echo(bool chunked) : chunked_(chunked) {}

  bool needs_body() const override { return true; }
  void on_body(std::string_view piece, Output& out) override { append_chunk(out, piece, !chunked_); }

  Step produce(Output& out, bool body_done) override {
    if (!body_done) return {Step::Kind::more};
    if (chunked_) out.append("0\r\n\r\n");
    return {Step::Kind::done};
  }

 private:
  bool chunked_;
};

class Slow final : public Responder {
 public:
  explicit Slow(std::string text) : text_(std::move(text)) {}

  Step produce(Output& out, bool) override {
    out.append(std::string_view(text_).substr(sent_++, 1));
    if (sent_ < text_.size()) return {Step::Kind::wait, slow_interval};
    return {Step::Kind::done};
  }

 private:
  std::string text_;
  std::size_t sent_ = 0;
};

class Cut final : public Responder {
 public:
  Cut(Step::Kind how, milliseconds delay) : how_(how), delay_(delay) {}
  Step produce(Output&, bool) override {
    if (delay_ == milliseconds::zero()) return {how_};
    return {Step::Kind::wait, std::exchange(delay_, milliseconds::zero())};
  }

 private:
  Step::Kind how_;
  milliseconds delay_;
};

std::string make_pattern() {
  constexpr std::string_view period = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-\n";
  static_assert(period.size() == 64 && Output::high_water_bytes % period.size() == 0);
  std::string text;
  text.reserve(Output::high_water_bytes);
  while (text.size() < Output::high_water_bytes) text += period;
  return text;
}

}  // namespace

std::string_view pattern() {
  static const std::string text = make_pattern();
  return text;
}

std::unique_ptr<Responder> make_bytes(std::uint64_t count) {
  return std::make_unique<Bytes>(count);
}
std::unique_ptr<Responder> make_chunked(std::uint64_t count, bool bare) {
  return std::make_unique<Chunks>(count, bare);
}
std::unique_ptr<Responder> make_events(bool bare) {
  return std::make_unique<Events>(bare);
}
std::unique_ptr<Responder> make_delayed(std::string message, milliseconds delay) {
  return std::make_unique<Delayed>(std::move(message), delay);
}
std::unique_ptr<Responder> make_late(Output written, std::unique_ptr<Responder> rest, milliseconds delay) {
  return std::make_unique<Late>(std::move(written), std::move(rest), delay);
}
std::unique_ptr<Responder> make_report(std::string head_fields, std::string json_start, bool head_only) {
  return std::make_unique<Report>(std::move(head_fields), std::move(json_start), head_only);
}
std::unique_ptr<Responder> make_echo(bool chunked) {
  return std::make_unique<Echo>(chunked);
}
std::unique_ptr<Responder> make_slow(std::string text) {
  return std::make_unique<Slow>(std::move(text));
}
std::unique_ptr<Responder> make_cut(Step::Kind how, milliseconds delay) {
  return std::make_unique<Cut>(how, delay);
}

}  // namespace weir::origin
