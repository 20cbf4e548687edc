#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot the linkage in this header
}

extern char** environ;

namespace weir::testing {
namespace {

struct Pipe {
  UniqueFd read_end, write_end;
};

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw TestFailure(std::string("pipe: ") + std::strerror(errno));
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    if (!added.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

std::string to_string(const ExitStatus& status) {
  return status.signal ? "killed by signal " + std::to_string(status.signal)
                       : "exit code " + std::to_string(status.code);
}

Process::Process(const std::string& program, ProcessOptions options)
    : name_(program.substr(program.rfind('/') + 1)) {
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  start(program, options, out.write_end.get(), err.write_end.get());
  pid_fd_ = UniqueFd(::pidfd_open(pid_, 0));
  reader_ = std::thread([this, o = std::move(out.read_end), e = std::move(err.read_end)]() mutable {
    capture(std::move(o), std::move(e));
  });
}

void Process::start(const std::string& program, const ProcessOptions& options, int out_fd, int err_fd) {
  // Everything that allocates happens before the fork: the test may have other threads.
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = merged_environment(options.environment);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw TestFailure(std::string("fork: ") + std::strerror(errno));
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a crashed test leaves nothing behind
  if (::getppid() != parent) ::_exit(126);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  const bool moved = options.working_directory.empty() || ::chdir(options.working_directory.c_str()) == 0;
  if (moved && ::dup2(out_fd, STDOUT_FILENO) >= 0 && ::dup2(err_fd, STDERR_FILENO) >= 0) {
    ::execve(argv[0], argv.data(), envp.data());
  }
  ::_exit(127);
}

Process::~Process() {
  if (!exited()) {
    ::kill(pid_, SIGKILL);
    int ignored = 0;
    ::waitpid(pid_, &ignored, 0);
  }
  reader_.join();
}

void Process::signal(int number) const {
  ::kill(pid_, number);
}

void Process::capture(UniqueFd out, UniqueFd err) {
  std::array<pollfd, 2> watched{pollfd{out.get(), POLLIN, 0}, pollfd{err.get(), POLLIN, 0}};
  std::array<char, 65536> buffer;
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      const ssize_t count = ::read(watched[i].fd, buffer.data(), buffer.size());
      const std::lock_guard lock(mutex_);
      if (count <= 0) {
        watched[i].fd = -1;
        if (i == 0) output_ended_ = true;
      } else if (i == 0) {
        take_output(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      } else if (error_text_.size() < captured_bytes_max) {
        error_text_.append(buffer.data(), static_cast<std::size_t>(count));
      }
      changed_.notify_all();
    }
  }
  const std::lock_guard lock(mutex_);
  capture_ended_ = true;
  changed_.notify_all();
}

void Process::take_output(std::string_view bytes) {
  for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    partial_line_.append(bytes.substr(0, end));
    lines_.push_back(std::exchange(partial_line_, {}));
    bytes.remove_prefix(end + 1);
  }
  partial_line_.append(bytes);
}

std::string Process::wait_for_line(const std::function<bool(std::string_view)>& matches,
                                   const std::string& what, const Deadline& deadline, std::size_t from) {
  std::unique_lock lock(mutex_);
  std::size_t next = from;
  for (;;) {
    for (; next < lines_.size(); ++next) {
      if (matches(lines_[next])) return lines_[next];
    }
    if (output_ended_ || changed_.wait_until(lock, deadline.at()) == std::cv_status::timeout) {
      if (next < lines_.size()) continue;
      lock.unlock();
      throw TestFailure(name_ + " did not print " + what + "\n" + transcript());
    }
  }
}

void Process::wait_for_error_text(const std::string& text, const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  const bool found =
      changed_.wait_until(lock, deadline.at(), [&] { return error_text_.find(text) != std::string::npos; });
  lock.unlock();
  if (!found) throw TestFailure(name_ + " did not write to stderr: " + text + "\n" + transcript());
}

bool Process::reap(int timeout_ms) {
  if (status_) return true;
  pollfd watched{pid_fd_.get(), POLLIN, 0};
  if (::poll(&watched, 1, timeout_ms) <= 0) return false;
  int raw = 0;
  if (::waitpid(pid_, &raw, 0) != pid_) return false;
  status_ = WIFEXITED(raw) ? ExitStatus{WEXITSTATUS(raw), 0} : ExitStatus{-1, WTERMSIG(raw)};
  return true;
}

ExitStatus Process::wait_exit(const Deadline& deadline) {
  while (!reap(deadline.left_ms())) {
    if (deadline.has_passed()) throw TestFailure(name_ + " did not exit\n" + transcript());
  }
  std::unique_lock lock(mutex_);  // everything it wrote has been read once both pipes have ended
  changed_.wait_until(lock, deadline.at(), [&] { return capture_ended_; });
  return *status_;
}

std::optional<ExitStatus> Process::exited() {
  reap(0);
  return status_;
}

std::vector<std::string> Process::output_lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::string Process::error_text() const {
  const std::lock_guard lock(mutex_);
  return error_text_;
}

std::string Process::transcript() const {
  const std::lock_guard lock(mutex_);
  std::string text = "--- stdout of " + name_ + "\n";
  for (const std::string& line : lines_) text += line + "\n";
  return text + partial_line_ + "--- stderr of " + name_ + "\n" + error_text_ + "---\n";
}

Finished run_to_end(const std::string& program, ProcessOptions options, const Deadline& deadline) {
  Process process(program, std::move(options));
  Finished result;
  result.status = process.wait_exit(deadline);
  for (const std::string& line : process.output_lines()) result.output += line + "\n";
  result.errors = process.error_text();
  return result;
}

}  // namespace weir::testing
