#include "names/dns_channel.hpp"

#include <arpa/nameser.h>
#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "observe/log.hpp"

namespace weir::control {
namespace {

using upstream::LookUp;

LookUp result_of(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return LookUp::answered;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return LookUp::nxdomain;
    case ARES_ENODATA:
      return LookUp::no_data;
    case ARES_ETIMEOUT:
      return LookUp::timeout;
    case ARES_EBADRESP:
    case ARES_EFORMERR:
      return LookUp::malformed;
    default:
      return LookUp::server_failure;
  }
}

bool was_cancelled(int status) {
  return status == ARES_ECANCELLED || status == ARES_EDESTRUCTION;
}

/// Takes over `info`; may be null.
AddressReply reply_of(int status, ares_addrinfo* info) {
  AddressReply reply;
  reply.result = result_of(status);
  if (info == nullptr) return reply;
  auto ttl = std::chrono::seconds::max();
  for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
    sockaddr_storage address{};
    std::memcpy(&address, node->ai_addr, std::min<std::size_t>(node->ai_addrlen, sizeof address));
    reply.addresses.push_back(IpAddress::from_sockaddr(address));
    ttl = std::min(ttl, std::chrono::seconds(std::max(node->ai_ttl, 0)));
  }
  for (const ares_addrinfo_cname* alias = info->cnames; alias != nullptr; alias = alias->next) {
    ttl = std::min(ttl, std::chrono::seconds(std::max(alias->ttl, 0)));
  }
  if (!reply.addresses.empty()) reply.ttl = ttl;
  if (info->name != nullptr) reply.name = info->name;
  if (reply.result == LookUp::answered && reply.addresses.empty()) reply.result = LookUp::no_data;
  ares_freeaddrinfo(info);
  return reply;
}

ServiceReply reply_of(int status, std::span<const std::uint8_t> message) {
  ServiceReply reply;
  reply.result = result_of(status);
  if (reply.result != LookUp::answered) return reply;
  auto answer = upstream::parse_srv_answer(message);
  if (!answer) {
    reply.result = LookUp::malformed;
    return reply;
  }
  reply.records = std::move(answer->records);
  reply.ttl = answer->ttl;
  if (reply.records.empty()) reply.result = LookUp::no_data;
  return reply;
}

/// What became of a question for SRV records; `message` is the answer as it came over the wire.
using ServiceCallback = void (*)(void* argument, int status, std::span<const std::uint8_t> message);

template <ServiceCallback Done>
void ask_for_services(ares_channel channel, const char* name, void* argument) {
#if ARES_VERSION >= 0x011c00  // 1.28: from there on ares_search is deprecated
  ares_dns_record_t* question = nullptr;
  const auto status =
      ares_dns_record_create(&question, 0, ARES_FLAG_RD, ARES_OPCODE_QUERY, ARES_RCODE_NOERROR);
  if (status != ARES_SUCCESS) return Done(argument, status, {});
  ares_dns_record_query_add(question, name, ARES_REC_TYPE_SRV, ARES_CLASS_IN);
  ares_search_dnsrec(
      channel, question,
      [](void* to, ares_status_t result, std::size_t, const ares_dns_record_t* answer) {
        unsigned char* bytes = nullptr;
        std::size_t count = 0;
        if (answer != nullptr && ares_dns_write(answer, &bytes, &count) != ARES_SUCCESS)
          result = ARES_EBADRESP;
        Done(to, result, {bytes, bytes == nullptr ? 0 : count});
        ares_free_string(bytes);
      },
      argument);
  ares_dns_record_destroy(question);
#else
  ares_search(
      channel, name, ns_c_in, ns_t_srv,
      [](void* to, int status, int, unsigned char* bytes, int count) {
        Done(to, status, {bytes, bytes == nullptr ? 0 : static_cast<std::size_t>(count)});
      },
      argument);
#endif
}

ares_addrinfo_hints hints_for(int family) {
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;  // otherwise each address comes several times
  return hints;
}

}  // namespace

/// What c-ares carries for us until it has an answer.
template <class Reply>
struct DnsChannel::Question {
  boost::asio::io_context& context;
  std::function<void(Reply)> reply;

  void answer(Reply with) {
    boost::asio::post(context, [reply = std::move(reply), with = std::move(with)] { reply(with); });
  }
};

DnsChannel::DnsChannel(boost::asio::io_context& context) : context_(context), timer_(context) {}

DnsChannel::~DnsChannel() {
  if (servers_ != nullptr) ares_destroy(servers_);
  if (file_ != nullptr) ares_destroy(file_);
}

std::shared_ptr<DnsChannel> DnsChannel::open(boost::asio::io_context& context,
                                             const config::Resolver& settings) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  auto channel = std::make_shared<DnsChannel>(context);
  if (library != ARES_SUCCESS || !channel->start(settings)) return nullptr;
  return channel;
}

bool DnsChannel::start(const config::Resolver& settings) {
  char from_servers[] = "b", from_file[] = "f";
  ares_options options{};
  int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  options.flags = ARES_FLAG_NOALIASES | (settings.servers.empty() ? 0 : ARES_FLAG_NOSEARCH);
  options.timeout = static_cast<int>(settings.timeout.count());
  options.tries = static_cast<int>(settings.tries);
  options.lookups = from_servers;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<DnsChannel*>(self)->state_changed(fd, readable != 0, writable != 0);
  };
#ifdef ARES_OPT_QUERY_CACHE
  // c-ares 1.31 and later answer from a cache of their own; when to ask again is decided in upstream/name_schedule.cpp.
  options.qcache_max_ttl = 0;
  mask |= ARES_OPT_QUERY_CACHE;
#endif
  int status = ares_init_options(&servers_, &options, mask);
  if (status == ARES_SUCCESS) {
    options.lookups = from_file;
    status = ares_init_options(&file_, &options, ARES_OPT_FLAGS | ARES_OPT_LOOKUPS);
  }
  if (status == ARES_SUCCESS && use_servers(settings.servers)) return true;
  observe::log(config::LogLevel::error, "names cannot be looked up: {}", ares_strerror(status));
  return false;
}

bool DnsChannel::use_servers(const std::vector<SocketAddress>& servers) {
  if (servers.empty()) return true;
  std::string list;
  for (const SocketAddress& server : servers) {
    if (!list.empty()) list += ',';
    list += server.to_string();
  }
  return ares_set_servers_ports_csv(servers_, list.c_str()) == ARES_SUCCESS;
}

void DnsChannel::addresses(const std::string& name, Family family, std::function<void(AddressReply)> reply) {
  if (cancelled_) return;
  const ares_addrinfo_hints hints = hints_for(family == Family::v6 ? AF_INET6 : AF_INET);
  ares_getaddrinfo(
      servers_, name.c_str(), nullptr, &hints,
      [](void* argument, int status, int, ares_addrinfo* info) {
        const std::unique_ptr<Question<AddressReply>> question(
            static_cast<Question<AddressReply>*>(argument));
        AddressReply with = reply_of(status, info);
        if (!was_cancelled(status)) question->answer(std::move(with));
      },
      new Question<AddressReply>{context_, std::move(reply)});
  arm_timer();
}

void DnsChannel::services_answered(void* argument, int status, std::span<const std::uint8_t> message) {
  const std::unique_ptr<Question<ServiceReply>> question(static_cast<Question<ServiceReply>*>(argument));
  if (!was_cancelled(status)) question->answer(reply_of(status, message));
}

void DnsChannel::services(const std::string& name, std::function<void(ServiceReply)> reply) {
  if (cancelled_) return;
  ask_for_services<&DnsChannel::services_answered>(servers_, name.c_str(),
                                                   new Question<ServiceReply>{context_, std::move(reply)});
  arm_timer();
}

std::vector<IpAddress> DnsChannel::from_file(const std::string& name) const {
  const ares_addrinfo_hints hints = hints_for(AF_UNSPEC);
  AddressReply found;
  ares_getaddrinfo(
      file_, name.c_str(), nullptr, &hints,
      [](void* reply, int status, int, ares_addrinfo* info) {
        *static_cast<AddressReply*>(reply) = reply_of(status, info);
      },
      &found);
  return found.addresses;
}

void DnsChannel::cancel() {
  const auto self = shared_from_this();  // the last question may hold the last reference
  cancelled_ = true;
  ares_cancel(servers_);
  arm_timer();
}

/// c-ares opened a socket, wants something else of it, or is about to close it.
void DnsChannel::state_changed(int fd, bool readable, bool writable) {
  const auto known = sockets_.find(fd);
  if (!readable && !writable) {
    if (known == sockets_.end()) return;
    known->second->open = false;
    known->second->descriptor.release();  // c-ares closes it
    sockets_.erase(known);
    return;
  }
  std::shared_ptr<Socket> socket;
  if (known != sockets_.end()) {
    socket = known->second;
  } else {
    socket = std::make_shared<Socket>(context_);
    boost::system::error_code failed;
    socket->descriptor.assign(fd, failed);
    if (failed) return;  // the question times out
    sockets_.emplace(fd, socket);
  }
  socket->wants_read = readable;
  socket->wants_write = writable;
  wait(socket);
}

void DnsChannel::wait(const std::shared_ptr<Socket>& socket) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  const auto when_ready = [self = weak_from_this(), socket](bool to_read) {
    return [self, socket, to_read](const boost::system::error_code& error) {
      (to_read ? socket->reading : socket->writing) = false;
      const auto channel = self.lock();
      if (!error && channel && socket->open) channel->ready(socket, to_read);
    };
  };
  if (socket->wants_read && !socket->reading) {
    socket->reading = true;
    socket->descriptor.async_wait(Descriptor::wait_read, when_ready(true));
  }
  if (socket->wants_write && !socket->writing) {
    socket->writing = true;
    socket->descriptor.async_wait(Descriptor::wait_write, when_ready(false));
  }
}

void DnsChannel::ready(const std::shared_ptr<Socket>& socket, bool to_read) {
  const ares_socket_t fd = socket->descriptor.native_handle();
  ares_process_fd(servers_, to_read ? fd : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : fd);
  if (socket->open) wait(socket);
  arm_timer();
}

/// For the next question that may be asked again, or given up.
void DnsChannel::arm_timer() {
  timeval left{};
  if (ares_timeout(servers_, nullptr, &left) == nullptr) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto channel = self.lock();
    if (error || !channel) return;
    ares_process_fd(channel->servers_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    channel->arm_timer();
  });
}

}  // namespace weir::control
