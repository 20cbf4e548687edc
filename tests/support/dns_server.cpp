#include "support/dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <utility>

#include "support/byte_stream.hpp"

namespace weir::testing {
namespace {

constexpr int port_tries_max = 20;
constexpr int chain_max = 8;  // aliases in a row
constexpr unsigned rcode_servfail = 2, rcode_nxdomain = 3, rcode_refused = 5;
constexpr unsigned flag_answer = 0x8180, flag_truncated = 0x0200;
constexpr std::size_t header_bytes = 12;

void put16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}
void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

std::string encoded_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto dot = std::min(name.find('.'), name.size());
    out += static_cast<char>(dot);
    out += name.substr(0, dot);
    name.remove_prefix(std::min(dot + 1, name.size()));
  }
  return out + '\0';
}

/// The question's name in lower case; `at` ends behind it.
std::string question_name(std::string_view message, std::size_t& at) {
  std::string name;
  while (at < message.size() && message[at] != '\0') {
    const auto length = static_cast<unsigned char>(message[at]);
    if (!name.empty()) name += '.';
    name += message.substr(at + 1, length);
    at += 1u + length;
  }
  ++at;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

UniqueFd udp_socket(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

bool receive_all(int fd, char* out, std::size_t bytes) {
  return ::recv(fd, out, bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
}

}  // namespace

DnsServer::DnsServer() : stop_event_(::eventfd(0, EFD_CLOEXEC)) {
  for (int i = 0; i < port_tries_max && !udp_; ++i) {
    port_ = 0;
    tcp_ = listen_tcp(port_);
    udp_ = udp_socket(port_);
  }
  if (!udp_) throw TestFailure("no port is free for both UDP and TCP");
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  const std::uint64_t one = 1;
  (void)!::write(stop_event_.get(), &one, sizeof one);
  thread_.join();
}

void DnsServer::set(const std::string& name, const std::vector<std::string>& ips, std::uint32_t ttl_seconds) {
  std::vector<Record> records;
  for (const std::string& ip : ips) {
    std::array<char, 16> bytes{};
    const bool v4 = ::inet_pton(AF_INET, ip.c_str(), bytes.data()) == 1;
    if (!v4 && ::inet_pton(AF_INET6, ip.c_str(), bytes.data()) != 1)
      throw TestFailure("not an address: " + ip);
    records.push_back(
        {v4 ? DnsType::a : DnsType::aaaa, ttl_seconds, std::string(bytes.data(), v4 ? 4 : 16), ""});
  }
  const std::lock_guard lock(mutex_);
  records_[name] = std::move(records);
}

void DnsServer::set_services(const std::string& name, const std::vector<DnsService>& services,
                             std::uint32_t ttl_seconds) {
  std::vector<Record> records;
  for (const DnsService& service : services) {
    std::string data;
    put16(data, service.priority);
    put16(data, service.weight);
    put16(data, service.port);
    records.push_back({DnsType::srv, ttl_seconds, data + encoded_name(service.target), ""});
  }
  const std::lock_guard lock(mutex_);
  records_[name] = std::move(records);
}

void DnsServer::set_alias(const std::string& name, const std::string& target, std::uint32_t ttl_seconds) {
  const std::lock_guard lock(mutex_);
  records_[name] = {{DnsType::cname, ttl_seconds, encoded_name(target), target}};
}

void DnsServer::fail(const std::string& name, DnsFault fault) {
  for (const DnsType type : {DnsType::a, DnsType::aaaa, DnsType::srv}) fail(name, type, fault);
}

void DnsServer::fail(const std::string& name, DnsType type, DnsFault fault) {
  const std::lock_guard lock(mutex_);
  faults_[{name, type}] = fault;
}

std::size_t DnsServer::questions(const std::string& name, DnsType type) const {
  const std::lock_guard lock(mutex_);
  const auto found = questions_.find({name, type});
  return found == questions_.end() ? 0 : found->second;
}

std::size_t DnsServer::questions_over_tcp() const {
  const std::lock_guard lock(mutex_);
  return tcp_questions_;
}

void DnsServer::wait_for_questions(const std::string& name, std::size_t count, DnsType type,
                                   const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  const auto came = [&] {
    const auto found = questions_.find({name, type});
    return found != questions_.end() && found->second >= count;
  };
  if (changed_.wait_until(lock, deadline.at(), came)) return;
  throw TestFailure("the DNS server waited in vain for " + std::to_string(count) + " questions about " +
                    name);
}

void DnsServer::serve() {
  for (;;) {
    pollfd watched[3] = {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}};
    if (::poll(watched, 3, -1) < 0) continue;
    if (watched[2].revents != 0) return;
    if (watched[0].revents != 0) serve_udp();
    if (watched[1].revents != 0) serve_tcp();
  }
}

void DnsServer::serve_udp() {
  char question[512];
  sockaddr_in peer{};
  socklen_t peer_bytes = sizeof peer;
  const ssize_t bytes =
      ::recvfrom(udp_.get(), question, sizeof question, 0, reinterpret_cast<sockaddr*>(&peer), &peer_bytes);
  if (bytes < static_cast<ssize_t>(header_bytes)) return;
  const std::string reply = answer({question, static_cast<std::size_t>(bytes)}, false);
  if (reply.empty()) return;
  ::sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&peer), peer_bytes);
}

/// One connection with one question, as c-ares asks after a truncated answer.
void DnsServer::serve_tcp() {
  const UniqueFd peer(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const timeval patience{2, 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  unsigned char length[2];
  if (!receive_all(peer.get(), reinterpret_cast<char*>(length), 2)) return;
  std::string question(static_cast<std::size_t>(length[0]) << 8 | length[1], '\0');
  if (question.size() < header_bytes || !receive_all(peer.get(), question.data(), question.size())) return;
  const std::string reply = answer(question, true);
  std::string framed;
  put16(framed, static_cast<unsigned>(reply.size()));
  framed += reply;
  (void)!::send(peer.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
}

std::string DnsServer::answer(std::string_view question, bool tcp) {
  std::size_t at = header_bytes;
  const std::string name = question_name(question, at);
  if (at + 4 > question.size()) return {};
  const auto type = static_cast<DnsType>(static_cast<unsigned char>(question[at]) << 8 |
                                         static_cast<unsigned char>(question[at + 1]));
  const std::lock_guard lock(mutex_);
  ++questions_[{name, type}];
  tcp_questions_ += tcp ? 1 : 0;
  changed_.notify_all();
  const auto scripted = faults_.find({name, type});
  const DnsFault fault = scripted == faults_.end() ? DnsFault::none : scripted->second;
  if (fault == DnsFault::silent) return {};

  unsigned count = 0;
  bool exists = false;
  std::string records = records_for(name, type, count, exists);
  unsigned flags = flag_answer;
  if (fault == DnsFault::nxdomain || (fault == DnsFault::none && !exists)) flags |= rcode_nxdomain;
  if (fault == DnsFault::servfail) flags |= rcode_servfail;
  if (fault == DnsFault::refused) flags |= rcode_refused;
  const bool cut = fault == DnsFault::truncate && !tcp;
  if (cut) flags |= flag_truncated;
  const bool whole = fault == DnsFault::none || (fault == DnsFault::truncate && tcp);
  if (!whole) count = 0, records.clear();
  if (fault == DnsFault::garbage) count = 3, records = "\xc0\xff\x07not DNS";
  std::string reply(question.substr(0, 2));
  for (const unsigned field : {flags, 1u, count, 0u, 0u}) put16(reply, field);
  reply += question.substr(header_bytes, at + 4 - header_bytes);
  return reply + records;
}

std::string DnsServer::records_for(std::string name, DnsType type, unsigned& count, bool& exists) const {
  std::string out;
  for (int i = 0; i < chain_max; ++i) {
    const auto found = records_.find(name);
    if (found == records_.end()) return out;
    exists = true;
    std::string next;
    for (const Record& record : found->second) {
      if (record.type != type && record.type != DnsType::cname) continue;
      out += encoded_name(name);
      put16(out, static_cast<unsigned>(record.type));
      put16(out, 1);
      put32(out, record.ttl);
      put16(out, static_cast<unsigned>(record.data.size()));
      out += record.data;
      ++count;
      next = record.target;
    }
    if (next.empty()) return out;
    name = next;
  }
  return out;
}

}  // namespace weir::testing
