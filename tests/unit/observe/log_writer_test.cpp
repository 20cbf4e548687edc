// The writer thread: order, rotation, slow and broken outputs, bounds.
#include "observe/log_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temp_dir.hpp"

namespace weir::observe {
namespace {

void submit(LogWriter& writer, std::string text) {
  ASSERT_TRUE(writer.submit(text));
  ASSERT_TRUE(text.empty());
}

/// A FIFO whose reading end the test holds: an output that can be made slow, full or broken.
struct Fifo {
  explicit Fifo(std::string where) : path(std::move(where)) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    open_reader();
  }
  ~Fifo() { close_reader(); }
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  void open_reader() { fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); }
  void close_reader() {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  /// Everything up to `bytes` bytes, waiting for it.
  std::string read(std::size_t bytes) const {
    ::fcntl(fd, F_SETFL, 0);
    std::string text(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
      const ssize_t n = ::read(fd, text.data() + got, bytes - got);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
  }

  std::string path;
  int fd = -1;
};

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() { std::signal(SIGPIPE, SIG_IGN); }
  testing::TempDir directory;
  std::string path = directory.file("access.log");
};

TEST_F(LogWriterTest, WritesInOrderAndAppends) {
  {
    LogWriter writer(path);
    submit(writer, "one\n");
    submit(writer, "two\nthree\n");
    writer.flush();
    EXPECT_EQ(directory.read(path), "one\ntwo\nthree\n");
  }
  LogWriter writer(path);
  submit(writer, "four\n");
  writer.flush();
  EXPECT_EQ(directory.read(path), "one\ntwo\nthree\nfour\n");
}

TEST_F(LogWriterTest, TheFileIsNotWorldReadable) {
  const mode_t before = ::umask(0);
  const LogWriter writer(path);
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(LogWriterTest, DestructionWritesWhatIsQueued) {
  std::string expected;
  {
    LogWriter writer(path);
    for (int i = 0; i < 500; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      expected += line;
      submit(writer, line);
    }
  }
  EXPECT_EQ(directory.read(path), expected);
}

TEST_F(LogWriterTest, AFileThatCannotBeOpenedThrows) {
  EXPECT_THROW(LogWriter(directory.file("no/such/directory/log")), std::system_error);
  EXPECT_THROW(LogWriter(directory.file("")), std::system_error) << "a directory";
}

TEST_F(LogWriterTest, EmptyBatchesAreNothing) {
  LogWriter writer(path);
  std::string empty;
  EXPECT_TRUE(writer.submit(empty));
  writer.flush();
  EXPECT_EQ(directory.read(path), "");
}

TEST_F(LogWriterTest, BatchesComeBackWithCapacity) {
  LogWriter writer(path);
  std::string batch(10'000, 'a');
  batch.back() = '\n';
  submit(writer, batch);
  writer.flush();
  std::string next = "b\n";
  ASSERT_TRUE(writer.submit(next));
  EXPECT_GE(next.capacity(), 10'000u);
  EXPECT_TRUE(next.empty());
}

TEST_F(LogWriterTest, ReopenSplitsExactlyWhereItWasCalled) {
  LogWriter writer(path);
  submit(writer, "old\n");
  std::filesystem::rename(path, path + ".1");
  submit(writer, "still old\n");
  EXPECT_EQ(writer.reopen(), std::nullopt);
  submit(writer, "new\n");
  writer.flush();
  EXPECT_EQ(directory.read(path + ".1"), "old\nstill old\n");
  EXPECT_EQ(directory.read(path), "new\n");
}

TEST_F(LogWriterTest, AReopenThatFailsKeepsTheOldFileAndSaysWhy) {
  std::filesystem::create_directory(directory.file("logs"));
  const std::string inside = directory.file("logs/access.log");
  LogWriter writer(inside);
  std::filesystem::rename(directory.file("logs"), directory.file("moved"));
  const auto problem = writer.reopen();
  ASSERT_TRUE(problem);
  EXPECT_NE(problem->find(inside), std::string::npos) << *problem;
  submit(writer, "kept\n");
  writer.flush();
  EXPECT_EQ(directory.read(directory.file("moved/access.log")), "kept\n");
}

TEST_F(LogWriterTest, ManyThreadsLoseNothing) {
  constexpr int threads = 4, batches = 500;
  {
    LogWriter writer(path);
    std::vector<std::thread> producers;
    producers.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      producers.emplace_back([&writer, t] {
        std::string batch;
        for (int i = 0; i < batches; ++i) {
          batch += std::to_string(t) + " " + std::to_string(i) + "\n";
          EXPECT_TRUE(writer.submit(batch));
        }
      });
    }
    for (auto& producer : producers) producer.join();
  }
  std::ifstream file(path);
  std::vector<int> next(threads, 0);
  for (int t = 0, i = 0; file >> t >> i;) EXPECT_EQ(i, next[static_cast<std::size_t>(t)]++);
  EXPECT_EQ(next, std::vector<int>(threads, batches));
}

TEST_F(LogWriterTest, ASlowPipeGetsEverythingInOrder) {
  Fifo fifo(directory.file("pipe"));
  LogWriter writer(fifo.path);
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string batch = std::to_string(i) + std::string(3000, 'x') + "\n";
    expected += batch;
    submit(writer, batch);
  }
  EXPECT_EQ(fifo.read(expected.size()), expected);
  writer.flush();
  EXPECT_EQ(writer.unwritten_lines(), 0u);
}

TEST_F(LogWriterTest, ALineLongerThanAPipeTakesAtOnceArrivesWhole) {
  Fifo fifo(directory.file("pipe"));
  LogWriter writer(fifo.path);
  const std::string line = std::string(300'000, 'y') + "\n";
  submit(writer, line);
  EXPECT_EQ(fifo.read(line.size()), line);
}

TEST_F(LogWriterTest, AFullQueueDropsTheBatchAndStaysWithinItsBound) {
  Fifo fifo(directory.file("pipe"));
  LogWriter writer(fifo.path);
  const std::string batch = std::string(8 * 1024 * 1024 - 1, 'x') + "\n";
  std::size_t taken = 0;
  bool dropped = false;
  for (int i = 0; i < 20 && !dropped; ++i) {
    std::string next = batch;
    dropped = !writer.submit(next);
    EXPECT_TRUE(next.empty());
    if (!dropped) ++taken;
  }
  EXPECT_TRUE(dropped);
  EXPECT_EQ(taken, LogWriter::queue_bytes_max / batch.size());
  std::size_t read = 0;
  while (read < taken * batch.size()) read += fifo.read(batch.size()).size();
  writer.flush();
  submit(writer, "room again\n");
  EXPECT_EQ(fifo.read(11), "room again\n");
}

TEST_F(LogWriterTest, ABrokenPipeLosesLinesNotTheProcess) {
  Fifo fifo(directory.file("pipe"));
  LogWriter writer(fifo.path);
  fifo.close_reader();
  submit(writer, "lost\nlost too\n");
  writer.flush();
  EXPECT_EQ(writer.unwritten_lines(), 2u);
  EXPECT_TRUE(writer.reopen()) << "no reader: nothing to open";
  fifo.open_reader();
  EXPECT_EQ(writer.reopen(), std::nullopt);
  submit(writer, "back\n");
  EXPECT_EQ(fifo.read(5), "back\n");
  EXPECT_EQ(writer.unwritten_lines(), 2u);
}

TEST_F(LogWriterTest, AStuckPipeCannotHoldUpTheEnd) {
  Fifo fifo(directory.file("pipe"));
  {
    LogWriter writer(fifo.path);
    for (int i = 0; i < 100; ++i) submit(writer, std::string(65'536, 'x') + "\n");
  }
  SUCCEED() << "the destructor returned while nothing read";
}

TEST_F(LogWriterTest, AFullDiskLosesLinesNotTheProcess) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
  LogWriter writer("/dev/full");
  submit(writer, "a\nb\nc\n");
  submit(writer, "d\n");
  writer.flush();
  EXPECT_EQ(writer.unwritten_lines(), 4u);
}

}  // namespace
}  // namespace weir::observe
