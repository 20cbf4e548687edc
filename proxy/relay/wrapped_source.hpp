// A source that hands out another one's body in its own way: it passes everything on but take(), which is what makes it
// a wrapper of its own. Of one message; worker thread.
#pragma once

#include "relay/body.hpp"

namespace weir::relay {

class WrappedSource : public BodySource {
 public:
  bool finished() const override { return body_.finished(); }
  bool has_more() const override { return body_.has_more(); }
  bool try_read(io::IoResult& result) override { return body_.try_read(result); }
  Task<io::IoResult> wait(TimePoint until) override { return body_.wait(until); }
  Result<void> end_of_stream() override { return body_.end_of_stream(); }
  std::string_view trailers() const override { return body_.trailers(); }
  void set_read_max(std::size_t bytes) override { body_.set_read_max(bytes); }
  Duration held_back() const override { return body_.held_back(); }
  bool owes_more() const override { return body_.owes_more(); }

 protected:
  /// `body` outlives every call that reaches it.
  explicit WrappedSource(BodySource& body) : body_(body) {}
  ~WrappedSource() = default;

  BodySource& body() const { return body_; }

 private:
  BodySource& body_;
};

}  // namespace weir::relay
