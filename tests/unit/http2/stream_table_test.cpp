// The table against a map of the standard library.
#include "http2/stream_table.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>

#include "http2/client_codec.hpp"

namespace weir::http2 {
namespace {

struct NoEvents final : ClientEvents {
  void on_head(Stream&, FieldSection&, bool, bool) override {}
  void on_data(Stream&, std::string_view) override {}
  void on_trailers(Stream&, FieldSection&, bool) override {}
  void on_end(Stream&) override {}
  void on_reset(Stream&, ErrorCode, bool) override {}
  void on_window(Stream&) override {}
  void on_connection_window() override {}
  void on_goaway(std::uint32_t, ErrorCode) override {}
  void on_capacity() override {}
  void on_pong(std::string_view) override {}
};

struct PlainStream final : Stream {};

/// A client's streams have ids that nothing else gives them.
TEST(StreamTable, FindsWhatIsThereAndWhatFollows) {
  NoEvents events;
  ClientCodec codec({}, events);
  StreamTable table;
  std::map<std::uint32_t, std::unique_ptr<PlainStream>> streams;
  std::mt19937 random(20261130);
  std::uint32_t last = 0;
  for (int round = 0; round < 3000; ++round) {
    if (streams.empty() || (streams.size() < 90 && random() % 2 == 0)) {
      auto stream = std::make_unique<PlainStream>();
      codec.open(*stream, "x", true);
      last = stream->id();
      table.insert(*stream);
      streams.emplace(last, std::move(stream));
    } else {
      const auto gone = std::next(streams.begin(), static_cast<std::ptrdiff_t>(random() % streams.size()));
      table.erase(*gone->second);
      codec.release(*gone->second);
      streams.erase(gone);
    }
    EXPECT_EQ(table.size(), streams.size());
    const std::uint32_t id = static_cast<std::uint32_t>(random() % (last + 4));
    const auto found = streams.find(id);
    EXPECT_EQ(table.find(id), found == streams.end() ? nullptr : found->second.get());
    const auto next = streams.upper_bound(id);
    EXPECT_EQ(table.after(id), next == streams.end() ? nullptr : next->second.get());
  }
  for (const auto& [id, stream] : streams) codec.release(*stream);
}

}  // namespace
}  // namespace weir::http2
