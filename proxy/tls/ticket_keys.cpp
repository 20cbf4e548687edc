#include "tls/ticket_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tls/certificate.hpp"

namespace weir::tls {
namespace {

constexpr std::size_t key_file_bytes = 80;

TicketKey random_key() {
  TicketKey key;
  // OpenSSL's generator fails only when the kernel gives no entropy at all; the zero key that would remain
  // must never protect a session.
  const bool made = RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
                    RAND_priv_bytes(key.hmac.data(), static_cast<int>(key.hmac.size())) == 1 &&
                    RAND_priv_bytes(key.aes.data(), static_cast<int>(key.aes.size())) == 1;
  if (!made) std::abort();
  return key;
}

Result<TicketKey> read_key(const std::string& path) {
  auto content = read_file(path, key_file_bytes);
  if (content && content->size() != key_file_bytes) {
    content = self_error(ErrorKind::internal, path + ": has " + std::to_string(content->size()) + " bytes");
  }
  if (!content) {
    Error error = content.error();
    error.detail += "; a ticket key file has exactly 80 random bytes";
    return error;
  }
  TicketKey key;
  const char* from = content->data();
  std::memcpy(key.name.data(), from, key.name.size());
  std::memcpy(key.hmac.data(), from + key.name.size(), key.hmac.size());
  std::memcpy(key.aes.data(), from + key.name.size() + key.hmac.size(), key.aes.size());
  OPENSSL_cleanse(content->data(), content->size());
  return key;
}

}  // namespace

TicketKey::~TicketKey() {
  OPENSSL_cleanse(hmac.data(), hmac.size());
  OPENSSL_cleanse(aes.data(), aes.size());
}

TicketKeys::TicketKeys() {
  keys_.push_back(random_key());
}

Result<void> TicketKeys::load(const std::vector<std::string>& files) {
  if (files.size() > keys_max) {
    return self_error(ErrorKind::internal, "more than " + std::to_string(keys_max) + " ticket key files");
  }
  std::vector<TicketKey> loaded;
  loaded.reserve(files.size());
  for (const std::string& path : files) {
    auto key = read_key(path);
    if (!key) return key.error();
    loaded.push_back(*key);
  }
  take(std::move(loaded));
  return {};
}

void TicketKeys::adopt(const TicketKeys& loaded) {
  std::vector<TicketKey> keys;
  {
    const std::lock_guard lock(loaded.mutex_);
    if (loaded.from_files_) keys = loaded.keys_;
  }
  take(std::move(keys));
}

/// `from_files`: empty means keys in memory.
void TicketKeys::take(std::vector<TicketKey> from_files) {
  const std::lock_guard lock(mutex_);
  const bool had_files = std::exchange(from_files_, !from_files.empty());
  if (!from_files.empty()) {
    keys_ = std::move(from_files);
  } else if (had_files) {
    // Keys that others know must not protect sessions of a listener that no longer shares them.
    keys_.assign(1, random_key());
    made_at_.reset();
  }
}

void TicketKeys::rotate(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (from_files_) return;
  if (!made_at_) made_at_ = now;
  if (now - *made_at_ < rotation_interval) return;
  keys_.insert(keys_.begin(), random_key());
  if (keys_.size() > keys_max) keys_.resize(keys_max);
  made_at_ = now;
}

TicketKey TicketKeys::current() const {
  const std::lock_guard lock(mutex_);
  return keys_.front();
}

std::optional<TicketKeys::Found> TicketKeys::find(const std::uint8_t name[16]) const {
  const std::lock_guard lock(mutex_);
  for (const TicketKey& key : keys_) {
    if (std::equal(key.name.begin(), key.name.end(), name)) return Found{key, &key != &keys_.front()};
  }
  return std::nullopt;
}

}  // namespace weir::tls
